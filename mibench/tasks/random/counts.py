"""Whole numbers that are not labels: counts with a common part, thinned counts, a common rate."""

from functools import partial

import numpy as np

from ...types import Sample
from ..counts import poisson_information, sample_poisson
from .distribution import Distribution, Generator
from .truth import table_information

TAIL = 1e-12  # the probability of counts that are left out


def poisson_sum(rng: Generator) -> Distribution:
    """Two Poisson counts that contain a common count."""
    common, own_mean = (float(np.exp(rng.uniform(0.0, 3.0))) for _ in range(2))
    sampler = partial(sample_poisson, common=common, own=own_mean, labels=False)
    return Distribution(
        1,
        1,
        sampler,
        lambda: (poisson_information(common, own_mean), 0.0),
        free_x=False,
        free_y=False,
    )


def thinned(rng: Generator) -> Distribution:
    """X is a Poisson count, and Y counts those of X that are kept, each with the same chance."""
    mean, kept = float(np.exp(rng.uniform(0.0, 4.0))), float(rng.uniform(0.1, 0.98))

    def sample(n: int, rng: Generator) -> Sample:
        x = rng.poisson(mean, size=(n, 1))
        return x.astype(float), rng.binomial(x, kept).astype(float)

    def information() -> tuple[float, float]:
        from scipy.stats import binom, poisson

        counts = np.arange(int(poisson.isf(TAIL, mean)) + 1)
        table = poisson.pmf(counts, mean)[:, np.newaxis] * binom.pmf(
            counts, counts[:, np.newaxis], kept
        )
        return table_information(table), 0.0

    return Distribution(1, 1, sample, information, free_x=False, free_y=False)


def common_rate(rng: Generator) -> Distribution:
    """Two Poisson counts of one rate, which has a gamma distribution."""
    mean, shape = float(np.exp(rng.uniform(0.0, 3.5))), float(np.exp(rng.uniform(-1.0, 1.5)))

    def sample(n: int, rng: Generator) -> Sample:
        rate = rng.gamma(shape, mean / shape, size=(n, 1))
        x, y = rng.poisson(rate, size=(2, n, 1)).astype(float)
        return x, y

    def information() -> tuple[float, float]:
        # The sum of both is negative binomial; given the sum, X is binomial with p = 1/2.
        from scipy.stats import binom, nbinom

        odds = shape / (shape + 2 * mean)
        sums = np.arange(int(nbinom.isf(TAIL, shape, odds)) + 1)
        x, y = np.meshgrid(sums, sums, indexing="ij")
        whole = np.minimum(x + y, sums[-1])
        table = nbinom.pmf(whole, shape, odds) * binom.pmf(x, whole, 0.5)
        table[x + y > sums[-1]] = 0.0
        return table_information(table), 0.0

    return Distribution(1, 1, sample, information, free_x=False, free_y=False)
