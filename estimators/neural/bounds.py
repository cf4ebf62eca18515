"""Bounds of the MI from the values of a critic f on pairs of rows, in nats.

`f` is (networks, 1 + s, n). f[:, 0] is of rows of the sample, and f[:, 1:] of x with s other rows
of y, as if both were independent. Each function returns one number for each network.

With P of pairs and Q of independent pairs, the bounds hold for any f that was not fitted to these
rows, in expectation. log mean exp is that of a sample, which makes Donsker-Varadhan slightly too
high.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus


class Objective(NamedTuple):
    """What a critic is trained for, each a function of f as above.

    Attributes:
        method: its name.
        gain: what training increases; its gradient alone matters.
        held_out: what decides when to stop.
        estimate: what is reported.
        other: the name of another number that the estimate should be near, and its function.
        shifts: other rows of Y for each row of X in the estimate.
    """

    method: str
    gain: Callable[[Tensor], Tensor]
    held_out: Callable[[Tensor], Tensor]
    estimate: Callable[[Tensor], Tensor]
    other: tuple[str, Callable[[Tensor], Tensor]]
    shifts: int = 63


def log_mean_exp(f: Tensor) -> Tensor:
    """The logarithm of E_Q exp f."""
    others = f[:, 1:].flatten(1)
    return torch.logsumexp(others, 1) - math.log(others.shape[1])


def donsker_varadhan(f: Tensor) -> Tensor:
    """E_P f - log E_Q exp f (Donsker & Varadhan 1983)."""
    return f[:, 0].mean(1) - log_mean_exp(f)


def nguyen_wainwright_jordan(f: Tensor) -> Tensor:
    """E_P f' - E_Q exp(f' - 1), where f' = 1 + f is largest where f is the log density ratio."""
    return 1 + f[:, 0].mean(1) - torch.exp(log_mean_exp(f))


def infonce(f: Tensor) -> Tensor:
    """E log[exp f(x, y) / mean exp f(x, y_j)], over y and s others: at most log(1 + s)."""
    return (f[:, 0] - torch.logsumexp(f, 1)).mean(1) + math.log(f.shape[1])


def leave_one_out(f: Tensor) -> Tensor:
    """InfoNCE without the row itself among the others: no bound, and none that limits it.

    It equals InfoNCE if the others are many, and exceeds it where that is near its ceiling (Poole
    et al. 2019, arXiv:1905.06922).
    """
    others = f[:, 1:]
    return (f[:, 0] - torch.logsumexp(others, 1)).mean(1) + math.log(others.shape[1])


def jensen_shannon(f: Tensor) -> Tensor:
    """E_P log sigma(f) - E_Q softplus(f): no estimate, but largest at the log density ratio."""
    return logsigmoid(f[:, 0]).mean(1) - softplus(f[:, 1:]).flatten(1).mean(1)


def clipped_donsker_varadhan(f: Tensor, clip: float) -> Tensor:
    """E_P f - log E_Q of exp f limited to [exp -clip, exp clip]: no bound (Song & Ermon 2020)."""
    return f[:, 0].mean(1) - log_mean_exp(f.clamp(-clip, clip))


class CorrectedGain:
    """Donsker-Varadhan with the corrected gradient of Belghazi et al. 2018.

    The gradient of log E_Q exp f is that of E_Q exp f, divided by E_Q exp f. The ratio is biased in
    a batch, so that the divisor is a moving average over batches instead.
    """

    def __init__(self, rate: float = 0.1) -> None:
        self.rate = rate
        self.average: Tensor | None = None  # (networks,), of log E_Q exp f

    def __call__(self, f: Tensor) -> Tensor:
        """A number for each network, with the gradient that is wanted."""
        logs = log_mean_exp(f)
        with torch.no_grad():
            before = logs if self.average is None else self.average
            self.average = torch.logaddexp(
                before + math.log(1 - self.rate), logs + math.log(self.rate)
            )
        return f[:, 0].mean(1) - torch.exp(logs - self.average)
