"""Estimators for the layers of networks alone, by name, beside those of the registry."""

from collections.abc import Iterable
from typing import Any

from mibench.contract.resolve import EstimatorsLike, ResolvedEstimator, resolve_each, with_identity
from mibench.contract.specs import name_in, read_parameters, split_specs
from mibench.types import SupportsEstimate
from mibench.versions import code_digest, package_version

from .exact import Exact
from .noisy import Noisy

OF_LAYERS: dict[str, type[Exact | Noisy]] = {"exact": Exact, "noisy": Noisy}
CLASSES = tuple(OF_LAYERS.values())


def resolve_all(estimators: EstimatorsLike) -> list[ResolvedEstimator]:
    """As `mibench.contract.resolve.resolve_each`, which does not know the estimators of layers."""
    if isinstance(estimators, str | SupportsEstimate) or not isinstance(estimators, Iterable):
        estimators = [estimators]
    entries: list[Any] = []
    for entry in estimators:
        specs = split_specs(entry) if isinstance(entry, str) else []
        # A comma may belong to the text before it, which the registry tells.
        parts = specs if any(name_in(spec) in OF_LAYERS for spec in specs) else [entry]
        entries += [_of_layers(part) or part for part in parts]
    return resolve_each(entries)


def _of_layers(entry: object) -> ResolvedEstimator | None:
    """An estimator of layers with its identity; None for any other."""
    values: dict[str, Any] = {}
    if isinstance(entry, str) and name_in(entry) in OF_LAYERS:
        kind = OF_LAYERS[name_in(entry)]
        values = read_parameters(entry, kind)
        entry = kind(**values)
    if not isinstance(entry, CLASSES):
        return None
    name = next(name for name, kind in OF_LAYERS.items() if isinstance(entry, kind))
    version = f"mibench {package_version('mibench')}, code {code_digest(type(entry).__module__)}"
    return with_identity(name, entry, frozenset(values), version)
