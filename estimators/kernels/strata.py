"""Information about a target, of many columns of symbols, given another column."""

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .chance import distinct_counts, expected_sum, sum_of_terms
from .symbols import dense_symbols

Int = NDArray[np.int64]
Float = NDArray[np.float64]
Codes = NDArray[np.int32]


@kernel
def rows_by_symbol(symbols: Codes, count: int) -> tuple[Int, Int]:
    """The rows in the order of their symbols, and where each symbol begins, (count + 1,)."""
    n = symbols.shape[0]
    starts = np.zeros(count + 1, np.int64)
    for i in range(n):
        starts[symbols[i] + 1] += 1
    for s in range(count):
        starts[s + 1] += starts[s]
    place, rows = starts.copy(), np.empty(n, np.int64)
    for i in range(n):
        rows[place[symbols[i]]] = i
        place[symbols[i]] += 1
    return rows, starts


@kernel
def _distinct_margin(symbols: Int, rows: Int, counts: Int, margin: Int) -> tuple[Int, Int]:
    """The distinct counts of the symbols in these rows, and how often each occurs.

    counts: zeros, one for each symbol, and zeros again in the end; margin (n,): is written to.
    """
    for row in rows:
        counts[symbols[row]] += 1
    used = 0
    for row in rows:
        if counts[symbols[row]] > 0:
            margin[used] = counts[symbols[row]]
            counts[symbols[row]] = 0
            used += 1
    return distinct_counts(margin[:used])


@kernel
def information_in_strata(
    columns: Codes, sizes: Int, y: Codes, count_y: int, rows: Int, starts: Int, terms: Float,
    adjust: bool, first: int, last: int, nats: Float,
) -> None:  # fmt: skip
    """I(X;Y|Z) of the columns [first, last), in nats.

    It is the mean over the rows of the plug-in I(X;Y) in each stratum of Z. adjust: of J - E, where
    J is this estimate, and E its mean over all pairings of the rows of the stratum. Their entropies
    of the margins cancel, which leaves the sums of c log c over the cells.

    columns (d, n), sizes (d,): symbols, and how many there are; y (n,) symbols in [0, count_y);
    rows (n,), starts (strata + 1,): from `rows_by_symbol` of Z; terms (n + 1,): c log c. Written:
    nats (d,).
    """
    n = y.shape[0]
    symbols_x, symbols_y = np.empty(n, np.int64), np.empty(n, np.int64)
    margin = np.empty(n, np.int64)
    counts_y = np.zeros(count_y, np.int64)
    for i in range(n):
        symbols_y[i] = y[i]
    for d in range(first, last):
        size = sizes[d] * count_y
        keys = np.empty(n, np.int64)
        for i in range(n):
            symbols_x[i] = columns[d, i]
            keys[i] = symbols_x[i] * count_y + symbols_y[i]
        if size > 4 * n + 1024:  # too many pairs for a table
            keys, pairs = dense_symbols(keys, np.int64(0))
            size = pairs.shape[0]
        counts, counts_x = np.zeros(size, np.int64), np.zeros(sizes[d], np.int64)
        total = 0.0
        for s in range(starts.shape[0] - 1):
            stratum = rows[starts[s] : starts[s + 1]]
            if stratum.shape[0] < 2:
                continue
            values_y, repeats_y = _distinct_margin(symbols_y, stratum, counts_y, margin)
            if values_y[0] == stratum.shape[0]:  # all rows have one symbol
                continue
            values_x, repeats_x = _distinct_margin(symbols_x, stratum, counts_x, margin)
            if values_x[0] == stratum.shape[0]:
                continue
            for row in stratum:
                counts[keys[row]] += 1
            for row in stratum:
                total += terms[counts[keys[row]]]
                counts[keys[row]] = 0
            if adjust:
                total -= expected_sum(
                    values_x, repeats_x, values_y, repeats_y, stratum.shape[0], terms
                )
            else:
                total += float(terms[stratum.shape[0]])
                total -= sum_of_terms(values_x, repeats_x, terms)
                total -= sum_of_terms(values_y, repeats_y, terms)
        nats[d] = total / n
