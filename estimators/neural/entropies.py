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
from .parts import Parts
from .sides import Columns
from .training import train

CHECK_ROWS = 2000  # with which checks of training make do
ROWS_AT_ONCE = 2**12

LogLikelihoods = Callable[[Autoregressive, Tensor], Tensor]


@dataclass(frozen=True)
class Model:
    """How the outputs of networks describe rows of Y.

    Attributes:
        method: its name.
        outputs: where the outputs of each column begin, (d, k).
        of_parts: gives the function of networks and rows (parts, n) that returns the
            log-likelihoods (2 parts, n, d) of the columns of Y, with X and without.
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
        return log_likelihoods(networks, rows).sum(2)

    @torch.no_grad()
    def in_pieces(rows: Tensor) -> Tensor:  # (2, parts, d)
        starts = range(0, rows.shape[1], ROWS_AT_ONCE)
        pieces = [log_likelihoods(networks, rows[:, i : i + ROWS_AT_ONCE]) for i in starts]
        means = torch.cat(pieces, 1).mean(1)
        return means.reshape(2, -1, means.shape[1])

    course = train(
        networks.parameters,
        lambda chosen: likelihoods(parts.of_others[:, chosen]).mean(1),
        lambda: likelihoods(parts.of_part[:, :CHECK_ROWS]).mean(1),
        parts.trained,
        generator,
        estimator,
    )
    with_x, without = in_pieces(parts.of_part)
    of_parts = (with_x - without).sum(1)
    nats = float(of_parts.mean())
    trained = in_pieces(parts.of_others[:, :CHECK_ROWS]).sum(2)
    in_training = float((trained[0] - trained[1]).mean())
    info = {
        "method": f"{model.method}, rows held out",
        "steps": course.steps,
        "nats_of_parts": of_parts.cpu().numpy().round(6).tolist(),
        "training_nats": in_training,
    }
    notes = flags_of_training(nats, in_training, course.doubt)
    if (with_x.mean(0) > model.highest).any():
        notes.update([flags.column_at_limit(nats, model.limit / with_x.shape[1])])
    return Estimate(nats, notes, info, model.limit)
