"""The true information of layers, and estimators with the noise that it has."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from mibench.contract.resolve import ResolvedEstimator
from mibench.errors import InputError

from ..networks.trained import Trained
from .binding import INSTEAD_OF_NOISE, resolve_for_layers
from .exact import Exact
from .noisy import Noisy
from .sources import Measurable


def with_truth(
    networks: Measurable, estimators: Sequence[str], noise: float | None = None
) -> list[ResolvedEstimator]:
    """The truth for these networks, then the estimators, with the same noise if any is given.

    The truth is `exact` for quantised networks if no noise is given, else `noisy`.

    Args:
        networks: what is measured.
        estimators: specs. Those that take `noise_variance` get that of `noise`, unless they have
            one, or a bandwidth or scaling in its place.
        noise: standard deviation of the noise.

    Raises:
        InputError: for an unknown estimator, or noise that is not above 0.
    """
    if noise is not None and not 0 < noise < float("inf"):
        raise InputError(f"noise={noise} is no standard deviation: give one above 0, such as 0.1")
    is_quantised = isinstance(networks, Trained) and bool(networks.setting.quantize)
    chosen: list[Any] = list(resolve_for_layers(list(estimators)))
    if noise is None:
        return resolve_for_layers([Exact() if is_quantised else Noisy(), *chosen])
    variance = float(f"{noise**2:.12g}")  # 0.1^2 is 0.010000000000000002
    chosen = [_with_noise(resolved, variance) for resolved in chosen]
    return resolve_for_layers([Noisy(noise_variance=variance), *chosen])


def _with_noise(resolved: ResolvedEstimator, variance: float) -> Any:
    estimator = resolved.estimator
    if not is_dataclass(estimator) or isinstance(estimator, type):
        return resolved
    names = {field.name for field in fields(estimator)}
    if "noise_variance" not in names or resolved.given & {"noise_variance", *INSTEAD_OF_NOISE}:
        return resolved
    return replace(estimator, noise_variance=variance)
