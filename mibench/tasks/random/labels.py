"""Labels on one side or on both, with probabilities of every pair, or densities given the label."""

from collections.abc import Callable

import numpy as np

from ...types import Sample
from .distribution import Array, Distribution, Generator, draw_dims, known
from .truth import mean_log_ratio, table_information


def _of_table(table: Array) -> Distribution:
    symbols_y = table.shape[1]

    def sample(n: int, rng: Generator) -> Sample:
        x, y = np.divmod(rng.choice(table.size, size=n, p=table.ravel()), symbols_y)
        return x[:, np.newaxis], y[:, np.newaxis]

    return Distribution(
        1, 1, sample, known(table_information(table)), discrete_x=True, discrete_y=True
    )


def channel(rng: Generator) -> Distribution:
    """Equally likely labels, of which some are exchanged for another at random."""
    symbols, error = int(rng.integers(2, 21)), float(rng.uniform(0.02, 0.9))
    table = (1 - error) * np.eye(symbols) + error / symbols
    return _of_table(table / table.sum())


def confusion(rng: Generator) -> Distribution:
    """Labels of unequal frequency, with a confusion matrix whose rows are random."""
    rows, columns = rng.integers(2, 13, size=2)
    shares = rng.dirichlet(np.full(rows, 1.0))
    given = rng.dirichlet(np.full(columns, rng.choice((0.1, 0.5, 2.0))), size=rows)
    table = shares[:, np.newaxis] * given
    return _of_table(table / table.sum())


def split_labels(rng: Generator) -> Distribution:
    """Labels of falling frequency (Zipf) seen with errors, then split or merged at random."""
    symbols = int(rng.integers(4, 13))
    shares = 1.0 / np.arange(1, symbols + 1)
    error = float(rng.uniform(0.0, 0.6))
    table = np.diag((1 - error) * shares) + error * np.outer(shares, shares) / shares.sum()
    splits = rng.integers(1, 4, size=symbols)  # y is split into as many labels
    table = np.repeat(table / splits, splits, axis=1)
    merged = rng.integers(0, max(2, symbols - 2), size=symbols)  # x keeps only its group
    groups = np.zeros((merged.max() + 1, table.shape[1]))
    np.add.at(groups, merged, table)
    return _of_table(groups / groups.sum())


def _with_label(
    rng: Generator,
    dim_x: int,
    noise: Callable[[Generator, tuple[int, int]], Array],
    log_noise: Callable[[Array], Array],
) -> Distribution:
    """X is the centre of Y's label plus noise of independent columns."""
    symbols = int(rng.integers(2, 11))
    shares = rng.dirichlet(np.full(symbols, 3.0))
    centres = rng.standard_normal((symbols, dim_x)) * rng.uniform(0.3, 4.0) / np.sqrt(dim_x)

    def sample(n: int, rng: Generator) -> Sample:
        y = rng.choice(symbols, size=n, p=shares)
        return centres[y] + noise(rng, (n, dim_x)), y[:, np.newaxis]

    def log_ratio(n: int, rng: Generator) -> Array:
        from scipy.special import logsumexp

        x, y = sample(n, rng)
        given = np.stack([log_noise(x - centre).sum(axis=1) for centre in centres], axis=1)
        alone = logsumexp(given, axis=1, b=shares)
        return np.asarray(given[np.arange(n), y[:, 0]] - alone)

    return Distribution(dim_x, 1, sample, lambda: mean_log_ratio(log_ratio), discrete_y=True)


def normal_classes(rng: Generator) -> Distribution:
    """Y is a label, and X is normal around a centre of that label."""
    return _with_label(
        rng, draw_dims(rng, 25), lambda rng, size: rng.standard_normal(size), lambda z: -0.5 * z**2
    )


def laplace_classes(rng: Generator) -> Distribution:
    """Y is a label, and X has heavier tails around a centre of that label."""
    return _with_label(
        rng, draw_dims(rng, 10), lambda rng, size: rng.laplace(size=size), lambda z: -np.abs(z)
    )


def student_classes(rng: Generator) -> Distribution:
    """Y is a label, and each column of X is Student with 3 degrees of freedom around its centre."""
    return _with_label(
        rng, draw_dims(rng, 10), lambda rng, size: rng.standard_t(3, size=size),
        lambda z: -2 * np.log1p(z**2 / 3),
    )  # fmt: skip
