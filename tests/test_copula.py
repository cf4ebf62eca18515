"""`copula`: margins of its vines, a naive version, and the direction of its errors."""

import sys

import numpy as np
import pytest

from mibench import InputError, get_task
from mibench.estimators import Copula
from mibench.estimators.cca.row_order import data_order
from mibench.estimators.copula import chain
from mibench.estimators.density.vines import fit_vine
from mibench.estimators.normal.scores import uniform_scores

from .samples import normal
from .statistics_of_seeds import correlated, mean_and_error, true_nats

pv = pytest.importorskip("pyvinecopulib", reason="needs the extra copula")

SCORES = uniform_scores(np.hstack(normal(400, 2, 3)).T, 0).T  # columns 0, 2 and 4 are related


@pytest.mark.parametrize(("first", "last"), [(0, 2), (2, 5), (1, 4), (0, 5)])
def test_a_part_of_a_vine_is_the_vine_of_its_columns(first, last):
    """A fit to these columns alone finds the same pair copulas."""
    part = fit_vine(SCORES, "quick", 1.0).part(first, last)
    alone = fit_vine(SCORES[:, first:last], "quick", 1.0)
    want = alone.log_density(SCORES[:50, first:last])
    assert part.log_density(SCORES[:50, first:last]) == pytest.approx(want, abs=1e-9)
    assert part.families == alone.families
    assert fit_vine(SCORES, "quick", 1.0).part(3, 4) is None


def test_a_part_is_the_integral_over_the_other_columns():
    """Normal pairs, by 400 points of Gauss and Legendre: the rule is good to 1e-4 here."""
    vine = fit_vine(SCORES[:, [0, 2, 1]], "quick", 1.0)
    assert vine.families.get("tll", 0) == 0
    node, weight = np.polynomial.legendre.leggauss(400)
    for pair in ([0.3, 0.4], [0.8, 0.5]):
        rows = np.c_[np.tile(pair, (400, 1)), (node + 1) / 2]
        integral = (weight / 2 * np.exp(vine.log_density(rows))).sum()
        want = np.exp(vine.part(0, 2).log_density(np.array([pair])))[0]
        assert integral == pytest.approx(want, abs=1e-4)


def test_two_columns_equal_a_pair_copula_of_the_other_parts():
    x, y = normal(90)
    order = data_order(x.T, y.T)
    first, second = (y, x) if order.swapped else (x, y)
    u = uniform_scores(np.c_[first, second].T[:, order.rows], 0).T
    family = pv.BicopFamily
    controls = pv.FitControlsBicop(
        family_set=[family.indep, family.gaussian, family.tll], selection_criterion="aic"
    )
    terms = []
    for fold in range(3):
        pair = pv.Bicop()
        pair.select(np.asfortranarray(np.delete(u, np.arange(fold, 90, 3), axis=0)), controls)
        terms.append(np.log(pair.pdf(np.asfortranarray(u[fold::3]))))
    estimate = Copula(folds=3).estimate(x, y)
    assert estimate.nats == pytest.approx(np.concatenate(terms).mean(), abs=1e-9)


def test_columns_of_a_side_stay_together_and_the_strongest_pair_joins_them():
    order = chain(SCORES.T, 2)
    assert set(order[:2]) == {0, 1}
    assert set(order[2:]) == {2, 3, 4}
    related = np.abs(np.corrcoef(SCORES.T))[:2, 2:]
    assert (order[1], order[2] - 2) == np.unravel_index(related.argmax(), related.shape)


def test_increasing_maps_change_nothing():
    x, y = normal(100)
    made = Copula(folds=2)
    assert made.estimate(np.exp(3 * x), y**3).nats == made.estimate(x, y).nats


@pytest.mark.parametrize("rho", [0.0, 0.75])
def test_normals_are_found_with_rows_held_out(rho):
    """4 standard errors over seeds, and a downward bias of the order of 1 / n per parameter."""
    errors = [
        Copula(folds=2).estimate(*correlated(rho, 300, seed)).nats - true_nats(rho)
        for seed in range(8)
    ]
    mean, error = mean_and_error(errors)
    assert -0.03 - 4 * error < mean < 4 * error


@pytest.mark.slow
@pytest.mark.parametrize("name", ["1v1-X-0.9", "1v1-bimodal-0.75", "student-identity-1-1-1"])
def test_other_relations_are_slightly_too_low(name):
    task = get_task(name)
    errors = [Copula().estimate(*task.sample(1000, s)).nats - task.mi_nats for s in range(8)]
    mean, error = mean_and_error(errors)
    assert -0.08 - 4 * error < mean < 4 * error


@pytest.mark.parametrize(("noise", "nats"), [(0.03, 3.51), (1e-3, 6.91), (0.0, np.inf)])
def test_narrow_noise_is_too_low_and_flagged(noise, nats):
    x, z = np.random.default_rng(0).normal(size=(2, 300, 1))
    estimate = Copula(folds=2).estimate(x, x + noise * z)
    assert 2 < estimate.nats < nats
    assert "ceiling" in estimate.flags
    assert "ceiling" not in Copula(folds=2).estimate(*normal(300)).flags


def test_values_that_repeat_are_no_dependence():
    x, y = get_task("zero_inflated-1-1-0.8-independent").sample(500, 0)
    assert abs(Copula(folds=2).estimate(x, y).nats) < 0.05


def test_what_it_cannot_estimate_is_refused(monkeypatch):
    x, y = normal(100)
    with pytest.raises(InputError, match="copula needs two continuous sides, and y holds labels"):
        Copula().estimate(x, y > 0)
    with pytest.raises(InputError, match=r"at least 20 rows, got 19: .*gaussian_copula"):
        Copula().estimate(x[:19], y[:19])
    monkeypatch.setitem(sys.modules, "pyvinecopulib", None)
    with pytest.raises(InputError, match=r"needs pyvinecopulib.*'mibench\[copula\]'"):
        Copula().estimate(x, y)
