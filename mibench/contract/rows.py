"""Whether the rows are independent: estimators assume it, and are too high where it fails.

Three signs are looked for. Consecutive rows resemble each other, as in a time series. Rows are
copies of others (`copies`). Or they nearly are, or lie between others (`near_copies`).
"""

import math
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from . import flags
from .copies import copied_rows
from .variables import Variable

# Each side's correlation of consecutive rows, and its standard errors, from which a series is
# flagged. At 0.4 on both sides, a correlation scatters 1.2 times as far as with independent rows.
MIN_SERIAL_CORRELATION = 0.4
MIN_SERIAL_ERRORS = 5.0
FIRST_ROWS = 512  # which show serial correlation
# Correlations of independent sides that scatter further than those of independent rows: their
# variance is larger by this share, and by so many standard errors. At 0.15, 6.8% of correlations
# are outside of the usual 95%.
MIN_EXCESS, MIN_EXCESS_ERRORS = 0.15, 3.0
LEAST_ROWS, MOST_ROWS, MOST_LAGS, MOST_LABELS = 50, 4096, 16, 20
TINY = 1e-200  # sums of squares below it lose digits

_serial_of: WeakKeyDictionary[Variable, float] = WeakKeyDictionary()


def row_flags(x: Variable, y: Variable, near_copies: bool = True) -> dict[str, str]:
    """The flags that rows of both sides raise. near_copies: whether these are looked for."""
    raised: dict[str, str] = {}
    if serial := _serial_correlations(x, y):
        raised.update([flags.dependent_rows(*serial)])
    copies = copied_rows(x, y)
    if copies:
        raised.update([flags.copied_rows(copies, x.n)])
    elif near_copies and not serial:  # consecutive rows of a series are close together
        from .near_copies import are_near_copies  # here, since it imports numba

        if are_near_copies(x, y):
            raised.update([flags.near_copies()])
    return raised


def are_serial(x: Variable, y: Variable) -> bool:
    """Whether consecutive rows of both sides resemble each other."""
    return _serial_correlations(x, y) is not None


def need_shifts(x: Variable, y: Variable) -> bool:
    """Whether rows in random order would scatter less than the rows as they are.

    Rows resemble the next ones so little that `are_serial` may not see it, and still correlations
    of two such sides scatter further: their variance is larger by the share 2 sum_k r_x(k) r_y(k),
    with the correlations r(k) of rows k apart (Bartlett 1935, doi:10.2307/2342284). To shift rows
    that are independent does no harm.
    """
    if are_serial(x, y):
        return True
    if x.n < LEAST_ROWS:
        return False
    of_x, of_y = _autocorrelations(x), _autocorrelations(y)
    n = min(x.n, MOST_ROWS)
    near, far = np.arange(1, min(MOST_LAGS, n // 10) + 1), np.arange(n // 4, n // 2)
    products = of_x * of_y
    # Where X and Y depend on each other, so do their sample correlations at any lag. The far ones
    # show how much, since few series remember so long.
    by_chance = float((products[far] * n / (n - far)).mean())
    excess = 2 * (float(products[near].sum()) - len(near) * by_chance)
    error = 2 * math.sqrt(max((of_x[near] ** 2).sum(), (of_y[near] ** 2).sum()) / n)
    return excess > max(MIN_EXCESS, MIN_EXCESS_ERRORS * error)


def _autocorrelations(side: Variable) -> NDArray[np.float64]:
    """The correlation of ranks of rows 0, 1, 2, ... apart, the mean over unsorted columns, (n,)."""
    n = min(side.n, MOST_ROWS)
    if side.discrete:
        symbols = side.symbols[:n]
        if _is_sorted_by_label(symbols):
            return np.zeros(n)
        frequent = np.argsort(-side.counts)[:MOST_LABELS]
        columns = (symbols == frequent[:, np.newaxis]).astype(np.float64)
    else:
        unsorted = [column for column in side.columns[:, :n] if not _is_sorted(column)]
        ranks = [np.unique(column, return_inverse=True)[1] for column in unsorted]
        columns = np.array(ranks, float).reshape(-1, n)
    centred = columns - columns.mean(axis=1, keepdims=True)
    centred = centred[(centred != 0).any(axis=1)]
    if not len(centred):
        return np.zeros(n)
    spectrum = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    products = np.fft.irfft(spectrum)[:, :n]
    return np.asarray((products / products[:, :1]).mean(axis=0))


def _serial_correlations(x: Variable, y: Variable) -> tuple[float, float] | None:
    """The correlations of consecutive rows of x and of y, if both are large."""
    least = least_serial_correlation(x.n)
    serial_y = serial_correlation(y)
    if serial_y <= least:
        return None
    serial_x = serial_correlation(x)
    return (serial_x, serial_y) if serial_x > least else None


def least_serial_correlation(n: int) -> float:
    """The correlation of consecutive rows of n, above which on both sides they are a series."""
    return max(MIN_SERIAL_CORRELATION, MIN_SERIAL_ERRORS / math.sqrt(min(n, FIRST_ROWS)))


def serial_correlation(side: Variable) -> float:
    """The correlation of each row with the next, of the column where it is largest.

    It is that of the first rows, which are enough to see 0.4. For labels it is the share of equal
    neighbours, less the share among any two rows, divided by the largest value of that. A column
    that never falls, or never rises, counts as sorted: 0. A side of many pairs is looked at once.
    """
    if side not in _serial_of:
        _serial_of[side] = _serial_correlation(side)
    return _serial_of[side]


def _serial_correlation(side: Variable) -> float:
    if side.n < 3:
        return 0.0
    if side.discrete:
        return _serial_correlation_of_labels(side.symbols[:FIRST_ROWS])
    columns = side.columns[:, :FIRST_ROWS].astype(np.float64)
    scale = np.maximum(np.abs(columns).max(axis=1, keepdims=True), TINY)
    centred = columns / scale
    centred -= centred.mean(axis=1, keepdims=True)
    square = (centred**2).sum(axis=1)
    product = (centred[:, 1:] * centred[:, :-1]).sum(axis=1)
    correlations = product / np.where(square > 0, square, 1.0)
    for i in np.argsort(-correlations):
        if not _is_sorted(columns[i]):
            return max(float(correlations[i]), 0.0)
    return 0.0


def _serial_correlation_of_labels(symbols: NDArray[np.int64]) -> float:
    counts = np.bincount(symbols)
    expected = float(counts @ counts) / len(symbols) ** 2
    if _is_sorted_by_label(symbols) or expected == 1:
        return 0.0
    changes = int(np.count_nonzero(symbols[1:] != symbols[:-1]))
    equal = 1 - changes / (len(symbols) - 1)
    return (equal - expected) / (1 - expected)


def _is_sorted_by_label(symbols: NDArray[np.int64]) -> bool:
    changes = int(np.count_nonzero(symbols[1:] != symbols[:-1]))
    return changes < int(np.count_nonzero(np.bincount(symbols)))


def _is_sorted(column: NDArray[np.float64]) -> bool:
    steps = np.diff(column)
    return bool((steps >= 0).all() or (steps <= 0).all())
