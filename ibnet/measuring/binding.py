"""Estimators as the thesis applies them to a layer: some parameters follow the network.

If the user does not give such a parameter, it takes the network's value. This holds for every
estimator that has a parameter of that name:

    range           the range of the activation function, shared by all layers and epochs of a run;
                    of your own networks, shared by all epochs of a layer
    pooled          true: one set of bin edges for all neurons of a layer
    own_bin         the activation's lower bound, 0 for ReLU, -1 for tanh
    noise_variance  1e-3: without noise, the MI of X and a continuous layer would be infinite; not
                    set where `bandwidth` or `standardize` is given, other ways to smooth or scale
                    (but "auto", which scales nothing where there is noise)
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from mibench.contract.parameters import parameter_fields
from mibench.contract.registry import runs_given_code
from mibench.contract.resolve import EstimatorsLike, ResolvedEstimator
from mibench.contract.specs import split_specs, write_spec
from mibench.errors import InputError
from mibench.types import SupportsEstimate

from ..settings import Setting
from .of_layers import resolve_all

NOISE_VARIANCE = 1e-3
FOLLOWS_NETWORK = ("range", "pooled", "own_bin", "noise_variance")
INSTEAD_OF_NOISE = {"bandwidth", "standardize"}


def resolve_for_layers(estimators: EstimatorsLike) -> list[ResolvedEstimator]:
    """Resolve estimators for use on layers, each only once.

    This is `mibench.contract.resolve.resolve_estimators` with other estimator strings: they keep
    every parameter that would follow the network and that the user gave, even at its default. For
    a layer, "adaptive:pooled=false" is another estimator than "adaptive". And they may be `exact`
    and `noisy`, which are for layers alone.
    """
    by_spec: dict[str, ResolvedEstimator] = {}
    for resolved in resolve_all(estimators):
        resolved = replace(resolved, spec=_spec_on_layers(resolved))
        by_spec.setdefault(resolved.spec, resolved)
    return list(by_spec.values())


def refuse_foreign_code(specs: Sequence[str], source: object) -> None:
    """Raise InputError for estimators from a file that name code to run, by a file or a command.

    The file may come from somebody else, and measuring with its estimators is the default.
    """
    for spec in [spec for text in specs for spec in split_specs(text)]:
        if runs_given_code(spec):
            raise InputError(
                f"{source} names the estimator {spec!r}, which runs code: give the estimators that "
                "you want with --estimators"
            )


@dataclass(frozen=True)
class OfLayers:
    """An estimator whose parameters differ between the layers of a run: one for each layer."""

    layers: tuple[SupportsEstimate, ...]


def bind_to_run(
    resolved: ResolvedEstimator, setting: Setting, low: float, high: float
) -> SupportsEstimate:
    """The estimator for a run whose activations lie within [low, high]."""
    return bind_to_range(resolved, setting.binning_range(low, high), setting.lower_bound)


def bind_to_range(
    resolved: ResolvedEstimator, binning_range: tuple[float, float], lower_bound: float | None
) -> SupportsEstimate:
    """The estimator for activations in this range; lower_bound: as `Setting.lower_bound`."""
    estimator = resolved.estimator
    if not is_dataclass(estimator) or isinstance(estimator, type):
        return estimator
    from_network: dict[str, Any] = {
        "range": binning_range,
        "pooled": True,
        "own_bin": lower_bound,
        "noise_variance": NOISE_VARIANCE,
    }
    given = _fixed_parameters(resolved)
    fixed = set(given)
    if any(given.get(name, "auto") != "auto" for name in INSTEAD_OF_NOISE):
        fixed.add("noise_variance")
    names = {field.name for field in fields(estimator)} & from_network.keys() - fixed
    return replace(estimator, **{name: from_network[name] for name in names})


def _fixed_parameters(resolved: ResolvedEstimator) -> dict[str, Any]:
    """The parameters that the user gave, or that differ from their defaults, with their values."""
    estimator = resolved.estimator
    return {
        field.name: getattr(estimator, field.name)
        for field in parameter_fields(type(estimator))
        if field.name in resolved.given or getattr(estimator, field.name) != field.default
    }


def _spec_on_layers(resolved: ResolvedEstimator) -> str:
    """The shortest estimator string that keeps given parameters which would follow the network."""
    estimator = resolved.estimator
    default_but_given = {
        field.name: getattr(estimator, field.name)
        for field in parameter_fields(type(estimator))
        if field.name in resolved.given
        and field.name in FOLLOWS_NETWORK
        and getattr(estimator, field.name) == field.default
    }
    if not default_but_given:
        return resolved.spec
    separator = "," if ":" in resolved.spec else ":"
    return resolved.spec + separator + write_spec("", default_but_given).removeprefix(":")
