"""The information of layers with noise on their outputs, to a stated error."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mibench.contract import flags
from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from ..kernels.noise import log_shares

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]

DRAWS = 4096  # pairs z, -z in one round: for each row as many, or for rows drawn at random
MIN_ROUNDS = 2  # the error of rows that all take part is seen between rounds
BITS = math.log(2)


@dataclass(frozen=True)
class Noisy(Estimator):
    """I(S;T + Z) of a label S, such as the input X or the class Y, and a layer T with noise Z.

    Z is normal with variance s2 in every dimension. X is uniform over the rows, so T + Z is a
    mixture of n normals, whose density is known. With t = h_i + z, z drawn for row i,

        I(S;T + Z) = H(S) + mean of log p(s_i | t),
        p(s | t) = sum over rows j with s_j = s of exp(-|t - h_j|^2 / 2 s2) / the sum over all rows.

    Nothing but the mean over z is estimated, and its standard error is part of the result. A round
    draws about 4096 z, and uses -z too. Rounds go on until the standard error of each value is
    small enough. The same z serve all layers of one width, so that differences between epochs are
    more precise than each value. A round takes 4096 n steps.

    Bias: none. These are the values for the distribution that is uniform over the rows. For a
    larger population of which the rows are a sample, I(X;T + Z) is too low.

    Attributes:
        noise_variance: s2, in the squared units of the layer.
        standard_error: the largest standard error, in bits.
        max_rounds: rounds after which it stops, with the flag `monte_carlo_error` if the standard
            error is still larger.
        seed: of the noise.

    References:
        Goldfeld et al. 2019, ICML, PMLR 97, 2299-2308.

    Example:
        >>> import numpy as np
        >>> layer = np.array([0.0, 0.0, 1.0, 1.0])  # two pairs of equal outputs, 10 sd apart
        >>> estimate = Noisy(noise_variance=0.01).estimate(np.arange(4), layer, discrete_x=True)
        >>> round(estimate.bits, 3)
        1.0
    """

    noise_variance: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    standard_error: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.01
    max_rounds: Annotated[int, Field(ge=MIN_ROUNDS)] = 200
    seed: Annotated[int, Field(ge=0)] = 0

    quadratic: ClassVar[bool] = True

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        labels, layer = (x, y) if x.discrete else (y, x)
        return self._estimate_each(layer, [labels])[0]

    def _estimate_each(self, t: Variable, others: Sequence[Variable]) -> list[Estimate]:
        if t.discrete or not all(other.discrete for other in others):
            raise InputError(
                "noisy needs labels on one side and numbers, such as the outputs of a layer, on "
                "the other: use knn or kde with noise_variance"
            )
        columns = self._scaled(t)
        repeated = [other for other in others if other.cardinality < t.n]
        sorted_layers = [_SortedLayer(columns, other) for other in repeated or others[:1]]
        places = [repeated.index(other) if other in repeated else None for other in others]
        means: list[list[Float]] = [[] for _ in others]  # by round
        rng = np.random.default_rng(self.seed)
        rounds, errors = 0, [math.inf] * len(others)
        while rounds < MIN_ROUNDS or (
            max(errors) > self.standard_error * BITS and rounds < self.max_rounds
        ):
            if t.n > DRAWS:
                rows = rng.choice(t.n, DRAWS, replace=False)
            else:
                rows = np.tile(np.arange(t.n), -(-DRAWS // t.n))
            noise = rng.standard_normal((len(rows), t.dims), np.float32) * np.float32(0.5**0.5)
            shares = [layer.mean_log_shares(rows, noise) for layer in sorted_layers]
            for of_rounds, place in zip(means, places, strict=True):
                of_rounds.append(shares[0][0] if place is None else shares[place][1])
            rounds += 1
            if rounds >= MIN_ROUNDS:
                errors = [_standard_error(of_rounds, t.n) for of_rounds in means]
        return [
            self._result(_entropy(other) + float(np.mean(of_rounds)), error, rounds)
            for other, of_rounds, error in zip(others, means, errors, strict=True)
        ]

    def _scaled(self, t: Variable) -> Float32:
        """The layer (d, n) in units of sqrt(2) standard deviations of the noise, centred."""
        columns = t.columns.astype(np.float64)
        middle = (columns.min(axis=1, keepdims=True) + columns.max(axis=1, keepdims=True)) / 2
        scaled = (columns - middle) / math.sqrt(2 * self.noise_variance)
        if not np.abs(scaled).max() < 1e18:  # the square would be no float32
            raise InputError(
                f"noise_variance={self.noise_variance:g} is too small for a layer whose outputs "
                f"differ by {np.ptp(columns, axis=1).max():g}: give a larger one"
            )
        narrow: Float32 = scaled.astype(np.float32)
        return narrow

    def _result(self, nats: float, error: float, rounds: int) -> Estimate:
        notes = {}
        if error > self.standard_error * BITS:
            notes = dict([flags.monte_carlo_error(error, self.standard_error * BITS)])
        info = {"standard_error_nats": error, "rounds": rounds}
        return Estimate(nats, notes, info, ceiling_nats=math.inf)


class _SortedLayer:
    """The rows in the order of their labels."""

    def __init__(self, columns: Float32, labels: Variable) -> None:
        order = np.argsort(labels.symbols, kind="stable")
        self._place = np.empty(labels.n, np.int64)  # of each row in that order
        self._place[order] = np.arange(labels.n)
        self._columns = np.ascontiguousarray(columns[:, order])
        changes = np.flatnonzero(np.diff(labels.symbols[order])) + 1
        self._starts = np.array([0, *changes, labels.n], np.int64)

    def mean_log_shares(self, rows: NDArray[np.int64], noise: Float32) -> Float:
        """(2, rows): log p(x_i | t) and log p(s_i | t), means over t = h_i + z and h_i - z."""
        parts = self._place[rows]
        shares = np.empty((2, 2, len(rows)))
        for sign in (0, 1):
            queries = self._columns[:, parts].T + np.float32(1 - 2 * sign) * noise
            log_shares(self._columns, self._starts, queries, parts, shares[sign])
        mean: Float = shares.mean(axis=0)
        return mean


def _entropy(labels: Variable) -> float:
    """The entropy of labels in nats."""
    counts = labels.counts[labels.counts > 0]
    return math.log(labels.n) - float(counts @ np.log(counts)) / labels.n


def _standard_error(of_rounds: Sequence[Float], n: int) -> float:
    """The standard error of the mean of all values."""
    values = np.array(of_rounds)
    if n <= DRAWS:  # all rows take part, and only the noise is random
        by_row = values.reshape(-1, n)
        return math.sqrt(float(by_row.var(axis=0, ddof=1).sum()) / len(by_row)) / n
    return float(values.std(ddof=1)) / math.sqrt(values.size)
