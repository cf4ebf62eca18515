"""The estimators to which the contract applies: every entry point that can run as it is."""

from importlib.metadata import entry_points

import pytest

from mibench.contract.parameters import required_parameters
from mibench.estimators.neural.base import NeuralEstimator

FEW_STEPS = 5  # of training: the contract holds for any number
IN_A_QUICK_RUN = "smile"  # of those that train networks; the others share its code

EVERY = {point.name: point for point in entry_points(group="mibench.estimators")}


def _applies(name):
    """Not without parameters; and not to what asks other estimators, which have tests of theirs."""
    kind = EVERY[name].load()
    return not required_parameters(kind) and not getattr(kind, "consults", ())


POINTS = {name: EVERY[name] for name in EVERY if _applies(name)}


def is_neural(name):
    return issubclass(POINTS[name].load(), NeuralEstimator)


def made(name):
    """The estimator with default parameters, but for networks, which train for a few steps."""
    return POINTS[name].load()(**({"steps": FEW_STEPS} if is_neural(name) else {}))


def marked(name):
    """The name as a parameter of tests, which are slow for most of those that train networks."""
    slow = is_neural(name) and name != IN_A_QUICK_RUN
    return pytest.param(name, marks=[pytest.mark.slow] * slow)
