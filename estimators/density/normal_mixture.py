"""Mixtures of normal distributions: fitted by scikit-learn, with exact margins."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

Float = NDArray[np.float64]

MAX_STEPS = 200  # of expectation and maximization; more change little


@dataclass(frozen=True)
class NormalMixture:
    """sum_k weights[k] N(means[k], covariances[k]), for means (k, d)."""

    weights: Float
    means: Float
    covariances: Float

    def margin(self, places: Sequence[int]) -> "NormalMixture":
        """The distribution of some of the d columns."""
        chosen = np.asarray(places)
        of_pairs = self.covariances[:, chosen[:, np.newaxis], chosen]
        return NormalMixture(self.weights, self.means[:, chosen], of_pairs)

    def log_density(self, rows: Float) -> Float:
        """The log density in nats at rows (n, d), (n,)."""
        logs = np.empty((len(self.weights), len(rows)))
        for log, weight, mean, covariance in zip(
            logs, self.weights, self.means, self.covariances, strict=True
        ):
            factor = np.linalg.cholesky(covariance)
            units = np.linalg.solve(factor, (rows - mean).T)  # (d, n)
            of_volume = float(np.log(np.diagonal(factor)).sum())
            log[:] = -0.5 * (units**2).sum(axis=0) - of_volume + math.log(weight)
        most = logs.max(axis=0)
        log_sum = most + np.log(np.exp(logs - most).sum(axis=0))
        return np.asarray(log_sum - rows.shape[1] / 2 * math.log(2 * math.pi))

    @property
    def least_variance(self) -> float:
        """The variance of the narrowest component in its narrowest direction."""
        return float(np.linalg.eigvalsh(self.covariances).min())


def fit_mixture(rows: Float, components: int, least_variance: float, seed: int) -> NormalMixture:
    """The mixture with most likelihood for rows (n, d), from one start.

    least_variance is added to the variance of each component in every direction.

    Raises:
        InputError: if scikit-learn is not installed.
    """
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
    except ModuleNotFoundError as error:
        raise InputError(
            "gmm needs scikit-learn, which is not installed: pip install 'mibench[sklearn]'"
        ) from error
    model = GaussianMixture(
        components, reg_covar=least_variance, max_iter=MAX_STEPS, init_params="k-means++",
        random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            model.fit(rows)
        except ValueError as error:
            raise InputError(
                f"gmm: scikit-learn cannot fit {components} component(s) to these rows, as with "
                "far outliers: give scores=true, or leave such rows out"
            ) from error
    weights = np.maximum(model.weights_, np.finfo(np.float64).tiny)
    return NormalMixture(weights, model.means_, model.covariances_)
