"""The density of a layer to whose outputs normal noise is added: a mixture, one part an input."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .elementary import exp_rows

Rows: TypeAlias = NDArray[np.float32]
Int: TypeAlias = NDArray[np.int64]
Float: TypeAlias = NDArray[np.float64]

ZERO = np.float32(0.0)


@kernel
def log_shares(columns: Rows, starts: Int, queries: Rows, parts: Int, out: Float) -> None:
    """How much of the density at each query is due to one part, and to the parts of its group.

    columns: (d, n), the centres of the parts in units of sqrt(2) sd, those of a group beside each
    other. starts: (groups + 1,), where each group begins, and n. queries: (q, d), in the same
    units. parts: (q,), the part that each query comes from. out: (2, q), filled with the logs of
    the shares, at most 0.
    """
    dims, n = columns.shape
    density = np.empty(n, np.float32)
    group_of = np.empty(n, np.int64)
    for group in range(starts.shape[0] - 1):
        group_of[starts[group] : starts[group + 1]] = group
    for q in range(queries.shape[0]):
        density[:] = ZERO
        for d in range(dims):
            value = queries[q, d]
            for i in range(n):
                difference = columns[d, i] - value
                density[i] += difference * difference
        squared_distance = density[parts[q]]
        least = density[0]
        for i in range(n):
            least = min(least, density[i])
        for i in range(n):  # the largest becomes exp(0)
            density[i] = least - density[i]
        exp_rows(density)
        group = group_of[parts[q]]
        whole = np.float32(0.0)
        for i in range(n):
            whole += density[i]
        same = np.float32(0.0)
        for i in range(starts[group], starts[group + 1]):
            same += density[i]
        # The part itself belongs to its group, though its density may be too small for float32.
        log_whole = np.log(np.float64(whole))
        log_own = np.float64(least) - np.float64(squared_distance)
        out[0, q] = log_own - log_whole
        out[1, q] = max(np.log(np.float64(same)), log_own) - log_whole
