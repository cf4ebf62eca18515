"""`mibench.check` and `mibench check`: what passes, what fails, and how runs end."""

import json
import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import pytest

import mibench
from mibench import Estimate, Estimator, InputError
from mibench.checking import images
from mibench.checking.images import IMAGE_CHECKS, images_of_equal_digits
from mibench.checking.properties import CHECKS, TRUE
from mibench.checking.running import DECLINES, FAILS, OPEN, PASSES, each_check, one_estimator
from mibench.contract import registry
from mibench.contract.registry import default_estimators

from .contract_points import EACH, made

QUICK = {"rows": 300, "seeds": 4}


def verdicts(estimator, **options):
    consistency = mibench.check(estimator, **(QUICK | options))
    assert [result.check for result in consistency.results] == [*CHECKS]
    return consistency, {result.check: result.verdict for result in consistency.results}


@cache
def failed(estimator, **options):
    return {name for name, v in verdicts(estimator, **options)[1].items() if v == FAILS}


@dataclass(frozen=True)
class Altered(Estimator):
    """knn, with one thing wrong."""

    how: str = ""

    def _estimate(self, x, y):
        kinds = {"discrete_x": x.discrete, "discrete_y": y.discrete}
        sides = [v.symbols if v.discrete else v.columns.T for v in (x, y)]
        if self.how == "exp" and not x.discrete:
            sides[0] = np.exp(3 * sides[0])
        if self.how == "no labels" and y.discrete:
            raise InputError("no labels, please")
        if self.how == "raises":
            raise ValueError("an error of its own")
        spec = "knn:standardize=false" if self.how == "exp" else "knn"
        estimate = mibench.estimate(*sides, spec, **kinds)
        nats = estimate.nats
        if self.how == "too high":
            nats += 0.2
        if self.how == "asymmetric" and not (x.discrete or y.discrete):
            nats += 1e-3 * float(np.median(sides[0]))
        if self.how == "half":
            nats /= 2
        return Estimate(nats, estimate.flags if self.how != "silent" else {})


@pytest.mark.parametrize(
    ("how", "fails"),
    [
        ("too high", {"independence", "independent columns", "independent labels", "known value"}),
        ("asymmetric", {"symmetry"}),
        ("half", {"known value", "itself"}),
    ],
)
def test_what_is_wrong_is_found(how, fails):
    found = failed(Altered(how))
    assert fails <= found
    assert not fails & failed(Altered())


def test_an_estimator_that_declines_or_raises():
    consistency, found = verdicts(Altered("no labels"))
    assert found["independent labels"] == found["itself"] == DECLINES
    assert consistency.passed == (FAILS not in found.values())
    consistency, found = verdicts(Altered("raises"))
    assert set(found.values()) == {FAILS}
    assert not consistency.passed
    assert {r.note for r in consistency.results} == {"ValueError: an error of its own"}
    assert math.isnan(consistency.results[0].nats)


def test_what_is_not_claimed_does_not_count_as_failed(monkeypatch):
    class Modest(Altered):
        not_claimed: ClassVar[tuple[str, ...]] = ("symmetry",)

    _, found = verdicts(Modest("asymmetric"))
    assert found["symmetry"] == OPEN
    assert "symmetry" in failed(Altered("asymmetric"))


def test_a_function_can_be_checked():
    def correlation(x, y):
        r = np.corrcoef(x[:, 0], y[:, 0])[0, 1]
        return -0.5 * math.log1p(-min(r * r, 1 - 1e-12))

    consistency, found = verdicts(correlation)
    assert consistency.estimator == "correlation"
    assert found["symmetry"] == found["known value"] == PASSES
    assert found["monotone maps"] == found["additivity"] == FAILS  # it sees one column of each side


def test_the_numbers_are_what_they_say():
    table = mibench.check("gaussian", **QUICK).table.set_index("check")
    nats = [mibench.estimate(*_pair(seed), "gaussian").nats - TRUE for seed in range(4)]
    place = [*CHECKS].index("known value")
    assert place == 3
    assert table.loc["known value", "nats"] == pytest.approx(np.mean(nats), abs=1e-12)
    error = np.std(nats, ddof=1) / 2
    assert table.loc["known value", "error_nats"] == pytest.approx(error, abs=1e-12)


def _pair(seed):
    rng = np.random.default_rng([seed, 3])
    x, noise = rng.normal(size=(2, 300, 1))
    return x, 0.75 * x + math.sqrt(1 - 0.75**2) * noise


# What quick estimators fail, in small samples; their docstrings say why.
FAILED = {
    "gaussian": set(),
    "gaussian_copula": set(),
    "knn": set(),
}


@pytest.mark.parametrize("name", FAILED)
def test_what_quick_estimators_fail(name):
    assert failed(name) == FAILED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_every_estimator_is_symmetric_and_exact_where_it_must_be(name):
    names = CHECKS if name in default_estimators() else ("symmetry", "noise", "itself")
    results = each_check(one_estimator(made(name)), {c: CHECKS[c] for c in names}, **QUICK)
    found = {result.check: result.verdict for result in results}
    for check in ("symmetry", "noise"):
        assert found[check] == PASSES
    assert found["itself"] in (PASSES, DECLINES)
    if name in default_estimators():
        assert DECLINES not in found.values()


# -- images --------------------------------------------------------------------------------------


def test_images_of_a_row_show_the_same_digit():
    rows = images.load("digits")
    label_of = {rows.values[i].tobytes(): k for k, of in enumerate(rows.of_label) for i in of}
    x, y = images_of_equal_digits(np.random.default_rng(0), 300)
    assert x.shape == y.shape == (300, 64)
    digits = [[label_of[row.tobytes()] for row in side] for side in (x, y)]
    assert digits[0] == digits[1]
    assert set(digits[0]) == set(range(10))
    assert (x != y).any(axis=1).mean() > 0.9


def of_digits(x, y):
    """The MI of labels that the nearest mean image reads from each side, cut at 64 columns."""
    rows = images.load("digits")
    means = np.stack([rows.values[of].mean(axis=0) for of in rows.of_label])
    read = [
        np.linalg.norm(side[:, np.newaxis, :64] - means[:, : side.shape[1]], axis=2).argmin(axis=1)
        for side in (x, y)
    ]
    return mibench.estimate(*read, "knn", discrete_x=True, discrete_y=True).nats


def test_what_is_wrong_is_found_on_images():
    """The nearest mean reads 90 % of the digits; it sees the first of two pairs alone."""
    consistency = mibench.check(of_digits, rows=300, seeds=3, images=True)
    found = {result.check: result.verdict for result in consistency.results}
    assert [*found] == [*IMAGE_CHECKS]
    passed = {name for name, verdict in found.items() if verdict == PASSES}
    assert passed == {"other digits", "hidden rows", "two copies"}
    numbers = {result.check: result.nats for result in consistency.results}
    assert -1 < numbers["same digit"] < -0.25
    assert numbers["two copies"] == 0
    assert numbers["two pairs"] < -1


def test_more_of_an_image_hidden_must_not_give_more():
    def backwards(x, y):
        return 1.0 - y.shape[1] / 100

    consistency = mibench.check(backwards, rows=100, seeds=2, images=True)
    numbers = {result.check: result.nats for result in consistency.results}
    assert numbers["hidden rows"] == pytest.approx(0.32)


def test_images_that_are_not_installed_are_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("scikit-learn is not installed", name="sklearn")

    monkeypatch.setattr(images, "load", missing)
    with pytest.raises(InputError, match=r"mibench\[sklearn\]"):
        mibench.check("gaussian", images=True, **QUICK)


# -- the command -------------------------------------------------------------------------------


def test_the_command(mibench):
    done = mibench("check", "gaussian", "--rows", "300", "--seeds", "4", "--format", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["check"] for row in rows] == [*CHECKS]
    in_nats = mibench(
        "check", "gaussian", "--rows=300", "--seeds=4", "--format=json", "--units=nats"
    )
    bits, nats = rows[3]["mean"], json.loads(in_nats.stdout)[3]["mean"]
    assert bits == pytest.approx(nats / math.log(2))
    shown = mibench("check", "gaussian", "--rows", "300", "--seeds", "4").stdout
    assert "passed, 0 failed, 1 not claimed, 2 declined), in bits" in shown


def test_the_command_on_images(mibench):
    done = mibench("check", "knn", "--images", "--rows=100", "--seeds=2", "--format=json")
    assert done.returncode in (0, 1), done.stderr
    assert [row["check"] for row in json.loads(done.stdout)] == [*IMAGE_CHECKS]


def test_failing_checks_end_with_1(mibench):
    done = mibench("check", "uniform:bins=40", "--rows", "200", "--seeds", "2")
    assert (done.returncode, "fails" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["gausian"], "did you mean 'gaussian'"),
        (["knn,kde"], "check one estimator at a time, not 2"),
        (["knn", "--rows", "10"], "rows=10 are too few"),
        (["knn", "--seeds", "1"], "seeds=1: give at least 2"),
        ([], "Missing argument"),
    ],
)
def test_bad_input(mibench, args, says):
    done = mibench("check", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_registered_class_is_checked_by_its_name(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {"altered": Altered})
    assert mibench.check("altered", **QUICK).estimator == "altered"
