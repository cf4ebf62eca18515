"""I(X;Y) as a difference of two log-likelihoods of Y on rows held out: with X, and without."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

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


@dataclass(frozen=True)
class Model:
    """How the outputs of a network describe a value.

    Attributes:
        method: its name.
        outputs: where the outputs of each column begin, (d, k).
        log_likelihood: of outputs (..., k) and values (...), (...).
        limit: the most nats that it can give, or None.
    """

    method: str
    outputs: Tensor
    log_likelihood: Callable[[Tensor, Tensor], Tensor]
    limit: float | None = None


def log_density_of_mixture(outputs: Tensor, values: Tensor, narrowest: float) -> Tensor:
    """The log density (...) of values (...) for mixtures of normal distributions.

    outputs: (..., 3 k), the logits of the weights, the means and the logarithms of the widths.
    narrowest: the least width.
    """
    logits, means, log_widths = outputs.chunk(3, dim=-1)
    log_widths = log_widths.clamp(min=math.log(narrowest))
    z = (values.unsqueeze(-1) - means) * torch.exp(-log_widths)
    logs = torch.log_softmax(logits, -1) - log_widths - z * z / 2
    return torch.logsumexp(logs, -1) - math.log(2 * math.pi) / 2


def difference_of_entropies(
    columns: Columns, targets: Tensor | None, model: Model, estimator: NeuralEstimator
) -> Estimate:
    """The mean of log p(y | x) - log p(y) over rows held out.

    Args:
        columns: of which `a` is X and `b` is Y.
        targets: (d, n), what the model describes in place of each column of Y: its bin. None: the
            columns themselves. With targets for one column where Y has several, as for labels, Y
            has one column.
        model: see there.
        estimator: its parameters.
    """
    device, generator = device_of(estimator.device), generator_of(estimator.seed)
    parts = Parts(columns, estimator.folds, generator, device)
    described = parts.b if targets is None else targets.T.contiguous().to(device)
    seen_columns = parts.b if described.shape[1] == parts.b.shape[1] else described.float()
    networks = Autoregressive(
        estimator.folds, parts.a.shape[1], model.outputs, estimator.hidden, generator, device,
    )  # fmt: skip

    def likelihoods(rows: Tensor) -> Tensor:  # (parts, n) -> (2 parts, n)
        outputs = networks(parts.a[rows], seen_columns[rows])
        return model.log_likelihood(outputs, described[rows].repeat(2, 1, 1)).sum(2)

    @torch.no_grad()
    def in_pieces(rows: Tensor) -> Tensor:
        starts = range(0, rows.shape[1], ROWS_AT_ONCE)
        pieces = [likelihoods(rows[:, i : i + ROWS_AT_ONCE]) for i in starts]
        with_x_and_without = torch.cat(pieces, 1).mean(1).reshape(2, -1)
        return with_x_and_without[0] - with_x_and_without[1]

    course = train(
        networks.parameters,
        lambda chosen: likelihoods(parts.of_others[:, chosen]).mean(1),
        lambda: likelihoods(parts.of_part[:, :CHECK_ROWS]).mean(1),
        parts.trained,
        generator,
        estimator,
    )
    of_parts = in_pieces(parts.of_part)
    nats = float(of_parts.mean())
    in_training = float(in_pieces(parts.of_others[:, :CHECK_ROWS]).mean())
    info = {
        "method": f"{model.method}, rows held out",
        "steps": course.steps,
        "nats_of_parts": of_parts.cpu().numpy().round(6).tolist(),
        "training_nats": in_training,
    }
    notes = flags_of_training(nats, in_training, course.doubt)
    return Estimate(nats, notes, info, model.limit)
