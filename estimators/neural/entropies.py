"""I(X;Y) as a difference of two log-likelihoods of Y on rows held out: with X, and without."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mibench.contract import flags
from mibench.types import Estimate

from .autoregressive import Autoregressive
from .base import NeuralEstimator
from .device import device_of, generator_of
from .doubts import flags_of_training
from .parts import MismatchedPairs, Parts
from .sides import Columns
from .training import train

CHECK_ROWS = 2000  # with which checks of training make do
ROWS_AT_ONCE = 2**12
LEAST_EXCESS = 0.15  # nats, of the log of the mean ratio, and of an estimate for which it matters

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
        highest: the log-likelihood of a column beyond which it is no measure of the noise.
    """

    method: str
    outputs: Tensor
    of_parts: Callable[[Parts], LogLikelihoods]
    limit: float
    highest: float = math.inf


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
    def in_pieces(of_x: Tensor, of_y: Tensor) -> Tensor:  # (2, parts, n, d)
        starts = range(0, of_x.shape[1], ROWS_AT_ONCE)
        pieces = [slice(i, i + ROWS_AT_ONCE) for i in starts]
        values = [log_likelihoods(networks, of_x[:, p], of_y[:, p]) for p in pieces]
        return torch.cat(values, 1).unflatten(0, (2, -1))

    course = train(
        networks.parameters,
        lambda chosen: likelihoods(parts.of_others[:, chosen]).mean(1),
        lambda: likelihoods(parts.of_part[:, :CHECK_ROWS]).mean(1),
        parts.trained,
        generator,
        estimator,
    )
    with_x, without = in_pieces(parts.of_part, parts.of_part).mean(2)
    of_parts = (with_x - without).sum(1)
    nats = float(of_parts.mean())
    few = parts.of_others[:, :CHECK_ROWS]
    trained = in_pieces(few, few).sum(3)
    in_training = float((trained[0] - trained[1]).mean())
    pairs = MismatchedPairs(parts.of_part[:, :CHECK_ROWS])
    mismatched = in_pieces(pairs.of_x, pairs.of_y).sum(3)
    excess = pairs.log_of_mean_ratio(mismatched[0] - mismatched[1])
    info = {
        "method": f"{model.method}, rows held out",
        "steps": course.steps,
        "nats_of_parts": of_parts.cpu().numpy().round(6).tolist(),
        "training_nats": in_training,
    }
    notes = flags_of_training(nats, in_training, course.doubt, difference=estimator.difference)
    if (with_x.mean(0) > model.highest).any():
        notes.update([flags.column_at_limit(nats, model.limit / with_x.shape[1])])
    if min(excess, nats) > LEAST_EXCESS:
        notes.update([flags.misfit(excess)])
    return Estimate(nats, notes, info, model.limit)
