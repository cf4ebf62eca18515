"""I(X;Y) by two denoisers of Y on rows held out: one that sees X, and one that does not."""

import math

import torch
from torch import Tensor

from mibench.types import Estimate

from .base import NeuralEstimator
from .device import device_of, generator_of
from .doubts import flags_of_training
from .network import Perceptrons
from .normal_fit import NormalFit, normal_fit
from .parts import Parts
from .sides import Columns
from .training import train

CHECK_ROWS = 2000  # with which checks of training make do
ROWS_AT_ONCE = 2**12
DRAWS = 16  # noises of each row held out
DRAWS_OF_CHECKS = 4
FREQUENCIES = (0.5, 1.0, 2.0)  # of what networks see of the noise, over its range


class Denoisers:
    """Perceptrons that predict the noise of noisy rows of Y, `2 * parts` side by side.

    The first `parts` networks see X too. A noisy row is z = a y + s e, where a^2 + s^2 = 1 and
    a^2 / s^2 is the signal-to-noise ratio. A network adds to the prediction of the normal
    distribution, which is right for normal sides, and begins at 0.
    """

    def __init__(
        self,
        fit: NormalFit,
        hidden: int,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        count, given, columns = fit.slopes.shape
        self.fit, seen = fit, columns + 1 + 2 * len(FREQUENCIES) + given
        sizes = [seen, hidden, hidden, columns]
        self.networks = Perceptrons(count, sizes, generator, device, from_zero=True)
        self.shown = torch.ones(count, 1, 1, dtype=torch.float32, device=device)
        self.shown[count // 2 :] = 0.0
        self.learned = torch.ones_like(self.shown)
        if columns == 1:  # a normal score: without X, nothing is to be learned
            self.learned[count // 2 :] = 0.0

    def errors(self, x: Tensor, y: Tensor, share: Tensor, log_snr: Tensor, noise: Tensor) -> Tensor:
        """The squared errors (2 parts, n) of the predicted noise.

        x: (parts, n, dx). y, noise: (parts, n, d). share, log_snr: (parts, n, 1), the place of the
        noise in its range, from 0 to 1, and the logarithm of the signal-to-noise ratio.
        """
        x, share = x.repeat(2, 1, 1) * self.shown, share.repeat(2, 1, 1)
        y, log_snr, noise = y.repeat(2, 1, 1), log_snr.repeat(2, 1, 1), noise.repeat(2, 1, 1)
        a, s = torch.sigmoid(log_snr).sqrt(), torch.sigmoid(-log_snr).sqrt()
        z = a * y + s * noise
        angles = [2 * math.pi * f * share for f in FREQUENCIES]
        level = [2 * share - 1, *map(torch.sin, angles), *map(torch.cos, angles)]
        correction = a * self.learned * self.networks(torch.cat([z, *level, x], 2))
        return (noise - self.fit.noise(z, x, a, s) - correction).square().sum(2)


def information_by_denoising(
    columns: Columns, log_snr: tuple[float, float], estimator: NeuralEstimator
) -> Estimate:
    """Half the integral of both errors' difference over the logarithm of the signal-to-noise ratio.

    Args:
        columns: of which `a` is X and `b` is Y, whose columns are denoised.
        log_snr: the least and the largest logarithm.
        estimator: its parameters.
    """
    device, generator = device_of(estimator.device), generator_of(estimator.seed)
    parts = Parts(columns, estimator.folds, generator, device)
    low, high = log_snr
    d = parts.b.shape[1]
    fit = normal_fit(parts.a[parts.of_others], parts.b[parts.of_others])
    denoisers = Denoisers(fit, estimator.hidden, generator, device)

    def drawn(folds: int, n: int) -> tuple[Tensor, Tensor]:
        """Shares of the range (folds, n, 1), spread evenly over rows, and noises (folds, n, d)."""
        start = torch.rand(folds, 1, 1, generator=generator, dtype=torch.float32)
        places = torch.stack([torch.randperm(n, generator=generator) for _ in range(folds)])
        share = (start + places[:, :, None] / n) % 1.0
        noise = torch.randn(folds, n, d, generator=generator, dtype=torch.float32)
        return share.to(device), noise.to(device)

    def nats(rows: Tensor, share: Tensor, noise: Tensor) -> Tensor:  # (parts, n) -> (2 parts, n)
        """Minus half the integral of the errors: the more, the better."""
        level = low + (high - low) * share
        errors = denoisers.errors(parts.a[rows], parts.b[rows], share, level, noise)
        return -(high - low) / 2 * errors

    @torch.no_grad()
    def mean_nats(rows: Tensor, noises: list[tuple[Tensor, Tensor]]) -> Tensor:  # (2 parts,)
        starts = range(0, rows.shape[1], ROWS_AT_ONCE)
        total = torch.zeros(2 * estimator.folds, dtype=torch.float64, device=device)
        for share, noise in noises:
            for i in starts:
                piece = slice(i, i + ROWS_AT_ONCE)
                total += nats(rows[:, piece], share[:, piece], noise[:, piece]).sum(1)
        return total / (rows.shape[1] * len(noises))

    def difference(rows: Tensor) -> Tensor:  # (parts,)
        noises = [drawn(*rows.shape) for _ in range(DRAWS)]
        means: Tensor = mean_nats(rows, noises)
        return means[: estimator.folds] - means[estimator.folds :]

    def gain(chosen: Tensor) -> Tensor:
        rows = parts.of_others[:, chosen]
        return nats(rows, *drawn(*rows.shape)).mean(1)

    checked = parts.of_part[:, :CHECK_ROWS]
    of_checks = [drawn(*checked.shape) for _ in range(DRAWS_OF_CHECKS)]
    course = train(
        denoisers.networks.parameters, gain, lambda: mean_nats(checked, of_checks).float(),
        parts.trained, generator, estimator,
    )  # fmt: skip
    of_parts = difference(parts.of_part)
    mean = float(of_parts.mean())
    in_training = float(difference(parts.of_others[:, :CHECK_ROWS]).mean())
    info = {
        "method": "denoisers, rows held out",
        "steps": course.steps,
        "nats_of_parts": of_parts.cpu().numpy().round(6).tolist(),
        "training_nats": in_training,
    }
    notes = flags_of_training(mean, in_training, course.doubt, difference=estimator.difference)
    return Estimate(mean, notes, info, d * math.log1p(math.exp(high)) / 2)
