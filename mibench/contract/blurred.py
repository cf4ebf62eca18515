"""Columns of few values that got noise, so that rows of equal values are close together."""

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]

# Consecutive distances from a row have a gap between them if their ratio is below GAP, and beyond
# the NEAREST rows below GAP_OF_FARTHER: there, chance seldom makes small ratios.
GAP, NEAREST, GAP_OF_FARTHER = 0.2, 10, 0.6
WIDTHS = (3.0, 10.0)  # of the noise, to try; values farther apart are not the same
LEAST_GAPS = 5
# Of the gaps between values, this share is as near to multiples of the smallest one.
LEAST_MULTIPLES, ERROR_OF_MULTIPLE = 0.9, 0.2


def blurred_values(
    column: NDArray[np.floating], targets: Int, copies: Int, near: Int
) -> NDArray[np.float64] | None:
    """The values without their noise, (n,), if they are multiples of one unit; else None.

    near: (m, slots), the nearest rows of each target, of which `copies` are its group: these show
    how wide the noise is.
    """
    values = column.astype(np.float64, copy=False)
    in_group = np.arange(near.shape[1]) < copies[:, np.newaxis]
    offsets = np.abs(values[near] - values[targets, np.newaxis])
    noise = float(np.median(np.where(in_group, offsets, 0).max(axis=1)))
    order = np.argsort(values, kind="stable")
    for width in WIDTHS:
        group = np.r_[0, np.cumsum(np.diff(values[order]) > width * noise)]
        centres = np.bincount(group, values[order]) / np.bincount(group)
        gaps = np.diff(centres)
        if len(gaps) < LEAST_GAPS:
            break
        unit = float(gaps[gaps < 1.5 * gaps.min()].mean())
        error = np.abs(gaps / unit - np.round(gaps / unit))
        if (error < ERROR_OF_MULTIPLE).mean() >= LEAST_MULTIPLES:
            clean = np.empty(len(values))
            clean[order] = centres[group]
            return clean
    return None


def has_values_of_many_rows(column: NDArray[np.floating], targets: Int, copies: Int) -> bool:
    """Whether the column has few values, with noise: a group's value is that of many more rows."""
    count = 0
    for target, known in zip(targets, copies, strict=True):
        distances = np.delete(np.abs(column - column[target]), target)
        distances = np.sort(distances)[: int(0.9 * len(distances))]
        ratios = np.ones(len(distances) - 1)
        np.divide(distances[:-1], distances[1:], out=ratios, where=distances[1:] > 0)
        limits = np.where(np.arange(len(ratios)) < known + NEAREST, GAP, GAP_OF_FARTHER)
        count += ratios[known - 1] >= GAP and bool((ratios[known:] < limits[known:]).any())
    return count > 0.5 * len(targets)
