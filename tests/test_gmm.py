"""`gmm`: its densities, a naive version, what it chooses, and the direction of its errors."""

import re
import sys

import numpy as np
import pytest
from scipy import integrate, stats

from mibench import InputError, get_task
from mibench.estimators import GMM
from mibench.estimators.cca.row_order import data_order
from mibench.estimators.density.normal_mixture import NormalMixture, fit_mixture
from mibench.estimators.gmm import LEAST_VARIANCE
from mibench.estimators.neighbours.sorted_column import side_on_common_scale
from mibench.estimators.normal.scores import uniform_scores
from mibench.estimators.shared import mean_ratio

from .samples import normal
from .statistics_of_seeds import correlated, mean_and_error, true_nats

ONE = GMM(components=1, folds=3)
MIXTURE = NormalMixture(
    np.array([0.3, 0.7]),
    np.array([[0.0, 1.0, -1.0], [2.0, 0.0, 0.5]]),
    np.array([np.eye(3), [[1.0, 0.8, 0.2], [0.8, 1.0, 0.1], [0.2, 0.1, 0.5]]]),
)


def test_the_log_density_is_that_of_scipy():
    rows = np.random.default_rng(0).normal(size=(20, 3))
    parts = zip(MIXTURE.weights, MIXTURE.means, MIXTURE.covariances, strict=True)
    want = np.log(sum(w * stats.multivariate_normal(m, c).pdf(rows) for w, m, c in parts))
    assert MIXTURE.log_density(rows) == pytest.approx(want, abs=1e-12)


def test_a_margin_is_the_integral_over_the_other_columns():
    rows = np.array([[0.3, -0.2], [2.0, 1.0]])
    for row, log_density in zip(rows, MIXTURE.margin([0, 2]).log_density(rows), strict=True):
        integral, _ = integrate.quad(
            lambda t, row=row: np.exp(MIXTURE.log_density(np.array([[row[0], t, row[1]]])))[0],
            -12, 12, epsabs=1e-12,
        )  # fmt: skip
        assert log_density == pytest.approx(np.log(integral), abs=1e-9)


def test_one_component_equals_normals_fitted_to_the_other_parts():
    x, y = normal(60, 2, 1)
    a, b = (side_on_common_scale(np.ascontiguousarray(v.T)).columns for v in (x, y))
    order = data_order(a, b)
    first, second = (b, a) if order.swapped else (a, b)
    rows = np.concatenate([first[order.columns_x], second[order.columns_y]])[:, order.rows].T
    d, terms = len(first), []
    for fold in range(3):
        fitted = np.delete(rows, np.arange(fold, 60, 3), axis=0)
        mean, cov = fitted.mean(axis=0), np.cov(fitted.T, bias=True) + LEAST_VARIANCE * np.eye(3)
        of = [
            stats.multivariate_normal(mean[part], cov[part, part]).logpdf(rows[fold::3, part])
            for part in (slice(None), slice(0, d), slice(d, None))
        ]
        terms.append(of[0] - of[1] - of[2])
    estimate = GMM(components=1, folds=3, scores=False).estimate(x, y)
    assert estimate.nats == pytest.approx(np.concatenate(terms).mean(), abs=1e-10)


def test_scores_of_values_that_repeat_are_uniform_and_in_a_random_order():
    columns = np.array([np.zeros(500), np.zeros(500), np.arange(500) % 2.0])
    scores = uniform_scores(columns, 0)
    assert np.sort(scores, axis=1) == pytest.approx(np.tile((np.arange(500) + 0.5) / 500, (3, 1)))
    assert (scores[2] > 0.5).tolist() == (columns[2] == 1).tolist()
    # 4.5 standard errors of a correlation of independent values
    assert abs(np.corrcoef(scores[0], scores[1])[0, 1]) < 0.2


def test_increasing_maps_change_nothing_and_without_scores_they_do():
    x, y = normal(100)
    assert ONE.estimate(np.exp(3 * x), y**3).nats == ONE.estimate(x, y).nats
    plain = GMM(components=1, scores=False, folds=3)
    assert abs(plain.estimate(np.exp(3 * x), y**3).nats - plain.estimate(x, y).nats) > 0.05


def test_rows_held_out_make_normals_slightly_too_low():
    """4 standard errors over seeds; the bias is of the order of dx dy / n."""
    for rho in (0.0, 0.75):
        errors = [
            ONE.estimate(*correlated(rho, 300, seed, 2, 2)).nats - true_nats(rho)
            for seed in range(10)
        ]
        mean, error = mean_and_error(errors)
        assert -0.04 - 4 * error < mean < 4 * error


def test_values_that_repeat_are_no_dependence():
    x, y = get_task("zero_inflated-1-1-0.8-independent").sample(300, 0)
    assert abs(GMM(components=2, folds=2).estimate(x, y).nats) < 0.1


@pytest.mark.slow
def test_it_chooses_components_and_finds_a_mixture():
    """4 standard errors over seeds, and the downward bias of components that are estimated."""
    task = get_task("1v1-X-0.9")
    estimates = [GMM().estimate(*task.sample(1000, seed)) for seed in range(6)]
    mean, error = mean_and_error([e.nats - task.mi_nats for e in estimates])
    assert -0.04 - 4 * error < mean < 4 * error
    assert all(e.info["components"] > 1 for e in estimates)


def test_a_normal_needs_one_component():
    assert GMM(folds=2).estimate(*correlated(0.75, 200, 0)).info["components"] == 1


def clusters(seed, dims, n=400):
    """Two clusters 10 standard deviations apart on both sides: I = log 2, their label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    return (10 * labels[:, np.newaxis] / np.sqrt(dims) + rng.normal(size=(n, dims)) for _ in "xy")


def test_clusters_in_many_columns_are_too_high_and_flagged():
    """One component is taken for both: 10+10 columns that correlate, in place of one label."""
    for seed in range(3):
        estimate = ONE.estimate(*clusters(seed, 10))
        error = estimate.nats - np.log(2)
        assert error > 0.1
        [amount] = re.findall(r"at least .* \(([0-9.]+) nats\)", estimate.flags["misfit"])
        assert float(amount) > error  # other errors of the fit make the estimate lower


@pytest.mark.parametrize(("components", "code"), [(1, "misfit"), (2, "not_normal")])
def test_many_nats_of_sides_that_are_not_normal_are_flagged(components, code):
    """Unit vectors side by side: one component by groups of columns, and two by the kurtosis."""
    task = get_task("random-judge-654")
    estimate = GMM(components=components).estimate(*task.sample(800, 1))
    assert estimate.nats > 1.1 * task.mi_nats
    assert code in estimate.flags


@pytest.mark.parametrize(("dims", "n"), [(1, 100), (3, 200), (10, 400)])
def test_a_mixture_that_fits_has_no_excess(dims, n):
    for seed in range(3):
        for rho in (0.5, 0.95):
            estimate = GMM(components=1).estimate(*correlated(rho, n, seed, dims, dims))
            assert "misfit" not in estimate.flags
    assert "misfit" not in GMM(scores=False).estimate(*clusters(0, 2)).flags


def test_the_excess_is_the_log_of_the_mean_ratio_over_other_rows_of_a_part(monkeypatch):
    """With no error taken off: ratios by SciPy, of rows at most 10 places apart in each part."""
    monkeypatch.setattr(mean_ratio, "ERRORS", 0.0)
    rows = np.random.default_rng(0).normal(size=(90, 3))
    normals = [
        stats.multivariate_normal(MIXTURE.means[k], MIXTURE.covariances[k]) for k in range(2)
    ]

    def density(z, places):
        return sum(
            w * stats.multivariate_normal(f.mean[places], f.cov[np.ix_(places, places)]).pdf(z)
            for w, f in zip(MIXTURE.weights, normals, strict=True)
        )

    ratios = []
    for part in (rows[0::2], rows[1::2]):
        for shift in [*range(-10, 0), *range(1, 11)]:
            y = np.roll(part[:, 2:], shift, axis=0)
            joint = density(np.c_[part[:, :2], y], [0, 1, 2])
            ratios.append(joint / density(part[:, :2], [0, 1]) / density(y, [2]))
    found = GMM(folds=2)._excess(rows, 2, [MIXTURE, MIXTURE])
    assert found == pytest.approx(np.log(np.mean(ratios)), abs=1e-9)


@pytest.mark.parametrize(("noise", "nats"), [(0.01, 4.605), (1e-4, 9.21), (0.0, np.inf)])
def test_narrow_noise_is_too_low_and_at_the_ceiling(noise, nats):
    """Ranks hide noise that is narrower than their gaps: without a least variance, too high."""
    x, z = np.random.default_rng(0).normal(size=(2, 300, 1))
    estimate = ONE.estimate(x, x + noise * z)
    assert 3 < estimate.nats < nats
    assert "ceiling" in estimate.flags
    assert "ceiling" not in ONE.estimate(*normal(300)).flags


def test_what_it_cannot_estimate_is_refused():
    x, y = normal(100)
    with pytest.raises(InputError, match=r"gmm needs two continuous sides, and y holds labels"):
        GMM().estimate(x, y > 0)
    with pytest.raises(InputError, match=r"at least 10 rows.*got 8"):
        GMM().estimate(x[:8], y[:8])
    with pytest.raises(InputError, match=r"as many in 4 of 5 parts as components; got 100"):
        GMM(components=90).estimate(x, y)


def test_without_scikit_learn_it_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.mixture", None)
    with pytest.raises(InputError, match=r"needs scikit-learn.*'mibench\[sklearn\]'"):
        fit_mixture(np.zeros((10, 2)), 1, 1e-9, 0)


def test_parts_without_rows_and_far_outliers_are_refused():
    x, y = correlated(0.5, 60, 0)
    with pytest.raises(InputError, match=r"folds=31 parts of 60 rows.*folds=30 or less"):
        GMM(folds=31).estimate(x, y)
    far = x.copy()
    far[0] = 1e150
    with pytest.raises(InputError, match="scikit-learn cannot fit"):
        GMM(scores=False).estimate(far, y)
    assert GMM().estimate(far, y).nats < 0.4
