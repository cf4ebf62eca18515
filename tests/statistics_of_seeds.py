"""Correlated normals of known information, and means over seeds with their standard errors."""

import math

import numpy as np


def correlated(rho, n, seed, dx=1, dy=1):
    """Standard normals; the first dimensions have correlation rho, the others none."""
    rng = np.random.default_rng([seed, n])
    x, y = rng.normal(size=(n, dx)), rng.normal(size=(n, dy))
    y[:, 0] = rho * x[:, 0] + math.sqrt(1 - rho**2) * y[:, 0]
    return x, y


def true_nats(rho):
    return -0.5 * math.log(1 - rho**2)


def sampled_nats(rho, x, y):
    """The mean log density ratio over the rows of `correlated`: `true_nats` and their own scatter.

    An estimate less this one scatters far less than the estimate alone, so that few seeds show a
    bias.
    """
    a, b, rest = x[:, 0], y[:, 0], 1 - rho**2
    quadratic = (rho**2 * (a * a + b * b) - 2 * rho * a * b) / (2 * rest)
    return float(np.mean(-0.5 * math.log(rest) - quadratic))


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))


def assert_share_of_events(risks, happened):
    """A risk is a share: where it is about so large, the event happens about so often.

    Within 0.15 of the ends of four ranges of risk, which are for families not learned from, and 3
    standard errors.
    """
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1)):
        inside = (risks >= low) & (risks < high)
        scatter = 3 * math.sqrt(0.25 / inside.sum())
        assert low - 0.15 - scatter < happened[inside].mean() < high + 0.15 + scatter
