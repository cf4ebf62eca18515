"""The estimators to which the contract applies: every entry point that can run as it is."""

from importlib.metadata import entry_points
from importlib.util import find_spec

import pytest

from mibench.contract.parameters import required_parameters
from mibench.estimators.neural.base import NeuralEstimator

# The contract holds for any parameters, so that those which take long get smaller ones.
SMALL_NETWORKS = {"steps": 4, "hidden": 16, "batch": 64}
SMALLER = {"copula": {"folds": 2}, "gmm": {"max_components": 3, "folds": 3}}
IN_A_QUICK_RUN = "smile"  # of those that train networks; the others share its code

EVERY = {point.name: point for point in entry_points(group="mibench.estimators")}
# Estimators that fit models, of which one takes a second, and some that run when they are named:
# the contract runs with the slow tests.
SLOW = {"adaptive_kde", "copula", "gmm", "soft"}
NEEDS = {"copula": "pyvinecopulib"}  # a package that an extra installs


def _applies(name):
    """Not without parameters; and not to what asks other estimators, which have tests of theirs."""
    kind = EVERY[name].load()
    return not required_parameters(kind) and not getattr(kind, "consults", ())


POINTS = {name: EVERY[name] for name in EVERY if _applies(name)}


PRESENT = [n for n in POINTS if n not in NEEDS or find_spec(NEEDS[n]) is not None]


def is_neural(name):
    return issubclass(POINTS[name].load(), NeuralEstimator)


def is_slow(name):
    """Whether the contract of an estimator runs with the slow tests."""
    return name in SLOW or (is_neural(name) and name != IN_A_QUICK_RUN)


def made(name):
    """The estimator with default parameters, but for those that take long."""
    return POINTS[name].load()(**(SMALL_NETWORKS if is_neural(name) else SMALLER.get(name, {})))


def parameter(name):
    """A name for `pytest.mark.parametrize`: slow if its estimator is, skipped if it cannot run."""
    skip = pytest.mark.skipif(name not in PRESENT, reason=f"needs the extra {name}")
    return pytest.param(name, marks=[skip, *[pytest.mark.slow] * is_slow(name)])


EACH = [parameter(name) for name in sorted(POINTS)]
