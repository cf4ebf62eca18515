"""Spearman rank correlations over resampled runs, also given a third quantity."""

import numpy as np

from .windows import Floats, Ints


def resampled_ranks(values: Floats, counts: Ints) -> Floats:
    """The rank of each run among the resampled ones; ties share their mean rank.

    values: (run,). counts: (resample, run), how often each run was drawn. Returns (resample, run).
    """
    order = np.argsort(values)
    starts = np.flatnonzero(np.diff(values[order], prepend=np.nan))  # of equal values
    sizes = np.add.reduceat(counts[:, order], starts, axis=1)
    ranks = np.cumsum(sizes, axis=1) - (sizes - 1) / 2
    of_runs = np.empty(counts.shape)
    of_runs[:, order] = np.repeat(ranks, np.diff(starts, append=len(values)), axis=1)
    return of_runs


def rank_correlations(sample: Floats, counts: Ints) -> Floats:
    """Spearman correlations of all pairs of columns: (run, m), (resample, run) -> (resample, m, m).

    NaN for a column of equal values.
    """
    ranks = np.stack([resampled_ranks(column, counts) for column in sample.T], axis=-1)
    ranks -= (counts.sum(axis=1)[:, None, None] + 1) / 2  # the mean of ranks 1 to n
    weighted = ranks * counts[..., None]
    products = np.swapaxes(weighted, 1, 2) @ ranks
    squares = np.diagonal(products, axis1=1, axis2=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations: Floats = products / np.sqrt(squares[:, :, None] * squares[:, None, :])
    return correlations


def given_third(xy: Floats, xz: Floats, yz: Floats) -> Floats:
    """Partial correlation of x and y given z, from the three correlations."""
    partial: Floats = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    return partial
