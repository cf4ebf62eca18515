"""Estimators as the thesis applies them to a layer: their parameters follow the network.

A parameter that is left at its default takes the network's value, wherever an estimator has one of
that name; one that is given stays as it is.

    range           the activation's own, shared by all layers and epochs of a run
    pooled          true: one set of edges for all neurons of a layer
    own_bin         the activation's lower bound, 0 for ReLU, -1 for tanh
    noise_variance  1e-3: without noise the MI of X and a continuous layer would be infinite
"""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from mibench.registry import Named
from mibench.types import SupportsEstimate

from .settings import Setting

NOISE_VARIANCE = 1e-3


def bind(one: Named, setting: Setting, low: float, high: float) -> SupportsEstimate:
    """The estimator for a run whose activations lie within [low, high]."""
    if not is_dataclass(one.estimator) or isinstance(one.estimator, type):
        return one.estimator
    values: dict[str, Any] = {
        "range": setting.binning_range(low, high),
        "pooled": True,
        "own_bin": setting.lower_bound,
        "noise_variance": NOISE_VARIANCE,
    }
    free = {
        f.name: values[f.name]
        for f in fields(one.estimator)
        if f.name in values and getattr(one.estimator, f.name) == f.default
    }
    return replace(one.estimator, **free)
