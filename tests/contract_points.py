"""The estimators to which the contract applies: every entry point that can run as it is."""

from importlib.metadata import entry_points

from mibench.contract.parameters import required_parameters

EVERY = {point.name: point for point in entry_points(group="mibench.estimators")}


def _applies(name):
    """Not without parameters; and not to what asks other estimators, which have tests of theirs."""
    kind = EVERY[name].load()
    return not required_parameters(kind) and not getattr(kind, "consults", ())


POINTS = {name: EVERY[name] for name in EVERY if _applies(name)}
