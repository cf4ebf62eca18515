"""How many dimensions rows vary in near each of them: fewer than columns on a curve or sphere."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Float = NDArray[np.float64]

NEAR, FAR = 3, 20  # neighbours whose distances are compared


def local_dimension(columns: Float) -> float:
    """The dimension d at which the number of neighbours grows with their distance r as r^d.

    It is log(FAR / NEAR) divided by the mean of log(r_FAR / r_NEAR) (Levina & Bickel 2004). 0 if
    there are too few rows, or if more than half of the rows have NEAR neighbours at distance 0.

    Args:
        columns: (n, dims) numbers; constant ones play no part.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # values near the largest that there are
        centred = columns - columns.mean(axis=0)
        spreads = centred.std(axis=0)
    varying = (spreads > 0) & np.isfinite(spreads)
    n, dims = len(columns), int(varying.sum())
    if n <= 2 * FAR or dims == 0:
        return 0.0
    scaled = centred[:, varying] / spreads[varying]
    distances = np.asarray(cKDTree(scaled).query(scaled, [NEAR + 1, FAR + 1])[0])
    near, far = distances[distances[:, 0] > 0].T
    if 2 * len(near) < n:
        return 0.0
    grown = float(np.log(far / near).mean())
    return float(np.log(FAR / NEAR)) / grown if grown > 0 else 0.0
