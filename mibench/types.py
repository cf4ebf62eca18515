"""The values that all parts of mibench exchange. Imports nothing internal."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Protocol, TypeAlias, runtime_checkable
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

Sample: TypeAlias = tuple[NDArray[Any], ...]  # x and y; and z, where Z is given
Sampler: TypeAlias = Callable[[int, np.random.Generator], Sample]

SESSION = "this session"  # the version of an estimator that no installed package provides


@dataclass(frozen=True)
class Interval:
    """An interval in nats, with the probability that it holds what it is for.

    Attributes:
        low: its lower end, at least 0 for the true MI.
        high: its upper end; infinity where nothing bounds it.
        level: the probability with which it shall hold the truth, such as 0.95.
        info: what it rests on.
        flags: reasons to distrust it, code -> one plain sentence.
    """

    low: float
    high: float
    level: float
    info: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Estimate:
    """An estimate of the mutual information I(X;Y), with what is known about its quality.

    It is one number for all columns together, so NumPy makes no array of it.

    Attributes:
        nats: the estimate in nats. It may be slightly negative: estimators do not clip at 0.
        flags: reasons to distrust the estimate, code -> one plain sentence.
        info: how the estimate was made (method, number of bins, bandwidth, ...). Keys carry
            their units.
        ceiling_nats: the largest value, in nats, that this estimator can return for such data, of
            this size and in these bins or kernels; None if the estimator gives none.
        p_value: the probability of such a large estimate from independent sides, if permutations
            were asked for; else None.
        interval: the lower and upper end, in nats, of the interval that was asked for; else None.
        interval_info: what the interval rests on: its level, its kind and its method.
        local: (n,) the estimate of each row in nats, if it was asked for; else None. Their mean is
            the estimate. NaN for rows that the estimator left out.

    Raises:
        ValueError: if the estimate is not a finite number.

    Example:
        >>> Estimate(nats=math.log(2)).bits
        1.0
    """

    nats: float
    flags: Mapping[str, str] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)
    ceiling_nats: float | None = None
    p_value: float | None = None
    interval: tuple[float, float] | None = None
    interval_info: Mapping[str, Any] = field(default_factory=dict)
    local: NDArray[np.float64] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.nats, str | bytes | bool | np.bool_):  # which `float` would take
            raise ValueError(f"an estimate must be a finite number of nats, got {self.nats!r}")
        object.__setattr__(self, "nats", float(self.nats))  # it may be a NumPy scalar
        if not math.isfinite(self.nats):
            raise ValueError(f"an estimate must be a finite number of nats, got {self.nats}")

    @property
    def bits(self) -> float:
        """The estimate in bits."""
        return self.nats / math.log(2)

    @property
    def interval_bits(self) -> tuple[float, float] | None:
        """The interval in bits, or None."""
        if self.interval is None:
            return None
        return self.interval[0] / math.log(2), self.interval[1] / math.log(2)

    # NumPy would wrap it as an object, and scikit-learn would take that for a score of each column.
    __array_ufunc__ = None

    def __array__(self, dtype: object = None, copy: object = None) -> NDArray[Any]:
        """Refuse to be an array: give `.nats` or `.bits`."""
        raise TypeError(
            "an Estimate is one number for all columns together: use its .nats or .bits. For a "
            "score of each column, as SelectKBest wants, give mibench.scores in place of "
            "mibench.estimate"
        )

    def __repr__(self) -> str:
        flags = f", flags: {', '.join(map(_plain, self.flags))}" if self.flags else ""
        return f"Estimate({self.bits:.4g} bits = {self.nats:.4g} nats{self._between()}{flags})"

    def _between(self) -> str:
        if self.interval_bits is None:
            return ""
        low, high = self.interval_bits
        return (
            f", {self.interval_info.get('level', 0.95):.0%} interval {low:.3g} to {high:.3g} bits"
        )

    def _repr_html_(self) -> str:
        """Both units, and each flag with its sentence, in notebooks."""
        flags = "".join(
            f"<li><b>{escape(_plain(code))}</b>: {escape(_plain(sentence))}</li>"
            for code, sentence in self.flags.items()
        )
        numbers = f"<b>{self.bits:.4g} bits</b> = {self.nats:.4g} nats{self._between()}"
        name = "I(X;Y|Z)" if "dim_z" in self.info else "I(X;Y)"
        return f"<div>{name} = {numbers}{f'<ul>{flags}</ul>' if flags else ''}</div>"


def _plain(text: object) -> str:
    """A text in one line, with what cannot be printed written out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


@runtime_checkable
class SupportsEstimate(Protocol):
    """What mibench needs of an estimator. Subclasses of `mibench.Estimator` have it."""

    def estimate(
        self, x: ArrayLike, y: ArrayLike, *, discrete_x: bool = False, discrete_y: bool = False
    ) -> Estimate:
        """Estimate I(X;Y) from n paired rows of x and y."""
        ...


EstimatorLike: TypeAlias = str | SupportsEstimate | Callable[..., Any]
"""An estimator as a user gives it: a spec, an estimator, or a function f(x, y) -> nats."""


@dataclass(frozen=True)
class Task:
    """A joint distribution of (X, Y) that can be sampled and whose mutual information is known.

    With a `dim_z` it is one of (X, Y, Z), whose conditional mutual information I(X;Y|Z) is known.

    Attributes:
        name: its id. A distribution of "Beyond Normal" (arXiv:2306.11078) has its id there.
        dim_x: the number of columns of X.
        dim_y: the number of columns of Y.
        mi_nats: the true I(X;Y), or I(X;Y|Z), in nats.
        sampler: a function (n, generator) -> x (n, dim_x), y (n, dim_y); and z (n, dim_z).
        source: the formula or paper behind `mi_nats`.
        discrete_x: whether X is a label, of any dtype.
        discrete_y: the same for Y.
        mi_error_nats: the standard error of `mi_nats`; 0 for a closed form.
        version: raised when the distribution or its true value changes.
        dim_z: the number of columns of Z, if the task is one of I(X;Y|Z); else 0.
        discrete_z: whether Z is a label.

    Raises:
        ValueError: for a dimension below 1, or a true value that is negative or not finite.
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
    dim_z: int = 0
    discrete_z: bool = False

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
        """Draw n paired rows.

        The random stream depends on the seed and on the task's name, so that tasks are
        independent of each other and of the order in which they run.

        Args:
            n: the number of rows, at least 1.
            seed: 0 or more.

        Returns:
            x (n, dim_x) and y (n, dim_y); and z (n, dim_z) for a task of I(X;Y|Z).

        Raises:
            ValueError: for a number of rows or a seed that is too small.
        """
        if n < 1:
            raise ValueError(f"cannot draw {n} samples: give at least 1")
        if seed < 0:
            raise ValueError(f"seed must be 0 or more, got {seed}")
        sides = self.sampler(n, np.random.default_rng([seed, crc32(self.name.encode())]))
        dims = (self.dim_x, self.dim_y, self.dim_z)[: 3 if self.dim_z else 2]
        return tuple(side.reshape(n, d) for side, d in zip(sides, dims, strict=True))


@dataclass(frozen=True)
class Record:
    """The result of one estimator on one sample of one task.

    Either `nats` or `error` is set: a failure is a result too.

    Attributes:
        task: the task's name.
        task_version: the task's version.
        dim_x: the number of columns of X.
        dim_y: the number of columns of Y.
        mi_nats: the true mutual information in nats.
        estimator: its spec, such as "knn:k=5".
        parameters: all parameters of the estimator, as JSON.
        n: the number of rows of the sample.
        seed: the seed of the sample.
        nats: the estimate in nats, or None.
        seconds: the time of the estimate alone, without sampling and compilation.
        flags: codes of the estimate's flags, joined by ";".
        error: what the estimator raised, or "".
        version: of the code that the estimator runs.
        machine: where it ran.
        memory: bytes by which the estimate raised the peak memory of the process; None where
            that is not known. Below some megabytes it may be 0, since freed memory is reused.
        info: the estimate's `info` and `ceiling_nats`, as JSON.
        libraries: Python and the libraries that numbers may depend on, with versions.

    Raises:
        ValueError: if both an estimate and an error are given, or neither.
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
