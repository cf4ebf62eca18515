"""How the outputs of networks describe Y: mixtures for values, probabilities for bins."""

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from .autoregressive import Autoregressive
from .entropies import LogLikelihoods
from .normal_fit import normal_fit
from .parts import Parts


def by_mixtures(parts: Parts, narrowest: float) -> LogLikelihoods:
    """Log densities of Y: each column is a mixture of normal distributions.

    It is the mixture of what a normal distribution of both sides leaves of the column, so that
    networks learn only how the distribution differs from the normal one.

    Args:
        parts: the rows.
        narrowest: the least width, in standard deviations of a column.
    """
    fit = normal_fit(parts.a[parts.of_others], parts.b[parts.of_others], narrowest**2)

    factor = fit.factor()
    scales = factor.diagonal(dim1=1, dim2=2).float()[:, None]

    def log_likelihoods(networks: Autoregressive, of_x: Tensor, of_y: Tensor) -> Tensor:
        x, y = parts.a[of_x].repeat(2, 1, 1), parts.b[of_y].repeat(2, 1, 1)
        residuals = fit.standardized(x, y, factor)
        outputs = networks(x, residuals)
        return log_density_of_mixture(outputs, residuals, scales, narrowest)

    return log_likelihoods


def log_density_of_mixture(
    outputs: Tensor, values: Tensor, scales: Tensor, narrowest: float
) -> Tensor:
    """The log density (...) of scales * values, values a mixture of normal distributions.

    outputs: (..., 3 k), the logits of the weights, the means and the logarithms of the widths.
    values, scales: (...). narrowest: the least width of scales * values.
    """
    logits, means, log_widths = outputs.chunk(3, dim=-1)
    log_scales = scales.log()
    log_widths = torch.maximum(log_widths, math.log(narrowest) - log_scales.unsqueeze(-1))
    z = (values.unsqueeze(-1) - means) * torch.exp(-log_widths)
    logs = torch.log_softmax(logits, -1) - log_widths - z * z / 2
    return torch.logsumexp(logs, -1) - math.log(2 * math.pi) / 2 - log_scales


def by_bins(parts: Parts, bins: Tensor) -> LogLikelihoods:
    """Log probabilities of the bins (d, n) of the columns of Y.

    With one row of bins where Y has several columns, as for labels, Y is that one column.
    """
    described = bins.T.contiguous().to(parts.b.device)
    seen = parts.b if described.shape[1] == parts.b.shape[1] else described.float()

    def log_likelihoods(networks: Autoregressive, of_x: Tensor, of_y: Tensor) -> Tensor:
        x, y = parts.a[of_x].repeat(2, 1, 1), seen[of_y].repeat(2, 1, 1)
        outputs, targets = networks(x, y), described[of_y].repeat(2, 1, 1)
        logs = cross_entropy(outputs.flatten(0, -2), targets.flatten(), reduction="none")
        return -logs.reshape(targets.shape)

    return log_likelihoods
