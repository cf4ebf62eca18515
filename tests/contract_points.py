"""The estimators to which the contract applies: every entry point that can run as it is."""

from importlib.metadata import entry_points

import pytest

from mibench.contract.parameters import required_parameters

EVERY = {point.name: point for point in entry_points(group="mibench.estimators")}
# Estimators that fit models, of which one takes a second: the contract runs with the slow tests.
SLOW = {"gmm"}


def _applies(name):
    """Not without parameters; and not to what asks other estimators, which have tests of theirs."""
    kind = EVERY[name].load()
    return not required_parameters(kind) and not getattr(kind, "consults", ())


POINTS = {name: EVERY[name] for name in EVERY if _applies(name)}


def parameter(name):
    """A name for `pytest.mark.parametrize`, marked as slow if its estimator is."""
    return pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW))


EACH = [parameter(name) for name in sorted(POINTS)]
