"""I(X;Y) as a difference of two log-likelihoods of Y on rows held out: with X, and without."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mibench.contract import flags
from mibench.types import Estimate

from ..normal.canonical_correlations import LEAST_EXCESS
from .autoregressive import Autoregressive
from .base import NeuralEstimator
from .device import device_of, generator_of
from .doubts import flags_of_training
from .parts import MismatchedPairs, Parts
from .sides import Columns
from .training import train

CHECK_ROWS = 2000  # with which checks of training make do
ROWS_AT_ONCE = 2**12

LogLikelihoods = Callable[[Autoregressive, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Model:
    """How the outputs of networks describe rows of Y.

    Attributes:
        method: its name.
        outputs: where the outputs of each column begin, (d, k).
        of_parts: gives the function of networks, rows of X and rows of Y (parts, n) that returns
            the log-likelihoods (2 parts, n, d) of the columns of Y, with X and without.
        limit: the most nats that it can give.
        highest: the mean log density of a column from which its width may be that of the grid of
            ranks, and not that of noise.
    """

    method: str
    outputs: Tensor
    of_parts: Callable[[Parts], LogLikelihoods]
    limit: float
    highest: float = math.inf


def log_ratio(values: Tensor) -> Tensor:
    """The log density ratio (parts, n), of the log-likelihoods (2, parts, n, d)."""
    of_rows = values.sum(3)
    return of_rows[0] - of_rows[1]


def difference_of_entropies(columns: Columns, model: Model, estimator: NeuralEstimator) -> Estimate:
    """The mean of log p(y | x) - log p(y) over rows held out.

    Args:
        columns: of which `a` is X and `b` is Y.
        model: see there.
        estimator: its parameters.
    """
    device, generator = device_of(estimator.device), generator_of(estimator.seed)
    parts = Parts(columns, estimator.folds, generator, device)
    networks = Autoregressive(
        estimator.folds, parts.a.shape[1], model.outputs, estimator.hidden, generator, device,
    )  # fmt: skip
    log_likelihoods = model.of_parts(parts)

    def likelihoods(rows: Tensor) -> Tensor:  # (parts, n) -> (2 parts, n)
        return log_likelihoods(networks, rows, rows).sum(2)

    @torch.no_grad()
    def in_pieces(of_x: Tensor, of_y: Tensor) -> Iterator[Tensor]:  # (2, parts, rows, d) each
        for i in range(0, of_x.shape[1], ROWS_AT_ONCE):
            piece = slice(i, i + ROWS_AT_ONCE)
            values = log_likelihoods(networks, of_x[:, piece], of_y[:, piece])
            yield values.reshape(2, -1, *values.shape[1:])

    course = train(
        networks.parameters,
        lambda chosen: likelihoods(parts.of_others[:, chosen]).mean(1),
        lambda: likelihoods(parts.of_part[:, :CHECK_ROWS]).mean(1),
        parts.trained,
        generator,
        estimator,
    )
    held = parts.of_part
    sums = torch.stack([piece.double().sum(2) for piece in in_pieces(held, held)])
    with_x, without = sums.sum(0) / held.shape[1]  # (parts, d) each
    of_parts = (with_x - without).sum(1)
    nats = float(of_parts.mean())
    few = parts.of_others[:, :CHECK_ROWS]
    trained = torch.cat([log_ratio(piece) for piece in in_pieces(few, few)], 1)
    in_training = float(trained.mean())
    pairs = MismatchedPairs(held[:, :CHECK_ROWS])
    mismatched = [log_ratio(piece) for piece in in_pieces(pairs.of_x, pairs.of_y)]
    excess = pairs.log_of_mean_ratio(torch.cat(mismatched, 1))
    info = {
        "method": f"{model.method}, rows held out",
        "steps": course.steps,
        "nats_of_parts": of_parts.cpu().numpy().round(6).tolist(),
        "training_nats": in_training,
    }
    notes = flags_of_training(nats, in_training, course.doubt, difference=estimator.difference)
    by_x = (with_x - without).mean(0) > LEAST_EXCESS  # other columns of Y may follow each other
    if (by_x & (with_x.mean(0) > model.highest)).any():
        notes.update([flags.column_at_limit(nats, model.limit / with_x.shape[1])])
    if min(excess, nats) > LEAST_EXCESS:
        notes.update([flags.misfit(excess)])
    return Estimate(nats, notes, info, model.limit)
