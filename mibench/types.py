"""The values that every part of mibench exchanges. Imports nothing internal."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

Sample: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
Sampler: TypeAlias = Callable[[int, np.random.Generator], Sample]


@dataclass(frozen=True)
class Estimate:
    """An estimate of the mutual information I(X;Y), with what there is to say about it.

    nats: the estimate in nats; may be slightly negative, estimators do not clip at 0.
    flags: reasons to distrust it, code -> one plain sentence.
    info: how it was made (method, number of bins, bandwidth, ...); keys carry their units.

    >>> Estimate(nats=math.log(2)).bits
    1.0
    """

    nats: float
    flags: Mapping[str, str] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nats", float(self.nats))  # a NumPy scalar, say
        if not math.isfinite(self.nats):
            raise ValueError(f"an estimate must be a finite number of nats, got {self.nats}")

    @property
    def bits(self) -> float:
        """The estimate in bits."""
        return self.nats / math.log(2)


@runtime_checkable
class SupportsEstimate(Protocol):
    """What the harness needs of an estimator. `mibench.Estimator` is the easy way to it."""

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> Estimate:
        """Estimate I(X;Y) from n paired rows of x and y."""
        ...


EstimatorLike: TypeAlias = str | SupportsEstimate | Callable[..., Any]
"""What names an estimator: a spec, an estimator, or a function f(x, y) -> nats."""


@dataclass(frozen=True)
class Task:
    """A synthetic case: a law of (X, Y) that can be sampled and whose MI is known.

    name: its id, as in "Beyond Normal" (arXiv:2306.11078) where that has the same law.
    mi_nats: the true I(X;Y); mi_error_nats: its standard error, 0 for a closed form.
    sampler: (n, generator) -> x (n, dim_x), y (n, dim_y).
    discrete_x, discrete_y: that side is a label, whatever its dtype.
    source: the formula or paper behind mi_nats. version: raised when law or truth change.
    """

    name: str
    dim_x: int
    dim_y: int
    mi_nats: float
    sampler: Sampler = field(repr=False)
    source: str = field(repr=False)
    discrete_x: bool = False
    discrete_y: bool = False
    mi_error_nats: float = 0.0
    version: int = 1

    def __post_init__(self) -> None:
        if min(self.dim_x, self.dim_y) < 1:
            raise ValueError(f"task {self.name!r}: dimensions must be at least 1")
        if not (math.isfinite(self.mi_nats) and self.mi_nats >= 0):
            raise ValueError(f"task {self.name!r}: MI must be finite and >= 0, got {self.mi_nats}")

    @property
    def mi_bits(self) -> float:
        """The true mutual information in bits."""
        return self.mi_nats / math.log(2)

    def sample(self, n: int, seed: int) -> Sample:
        """Draw n paired rows: x (n, dim_x) and y (n, dim_y).

        The stream depends on the seed and the task's name, so tasks are independent of each other
        and of the order in which they run.
        """
        if n < 1:
            raise ValueError(f"cannot draw {n} samples: give at least 1")
        if seed < 0:
            raise ValueError(f"seed must be 0 or more, got {seed}")
        x, y = self.sampler(n, np.random.default_rng([seed, crc32(self.name.encode())]))
        return x.reshape(n, self.dim_x), y.reshape(n, self.dim_y)


@dataclass(frozen=True)
class Record:
    """One cell of a comparison: one estimator, once, on one sample of one task.

    Either `nats` or `error` is set: a failure is a result too. `seconds` is the time of the
    estimate alone, without sampling and compilation. estimator: its spec; parameters: all of
    them, as JSON; version: of the package it comes from; machine: where it ran. memory: bytes by
    which the estimate raised the most that the process held, None where that is not known; less
    than some megabytes may come from what the process held free. info: the estimate's, as JSON.
    libraries: Python and what numbers may depend on, with versions.
    """

    task: str
    task_version: int
    dim_x: int
    dim_y: int
    mi_nats: float
    estimator: str
    parameters: str
    n: int
    seed: int
    nats: float | None
    seconds: float
    flags: str = ""
    error: str = ""
    version: str = ""
    machine: str = ""
    memory: int | None = None
    info: str = ""
    libraries: str = ""

    def __post_init__(self) -> None:
        if (self.nats is None) == (self.error == ""):
            raise ValueError("a record holds either an estimate or an error")
