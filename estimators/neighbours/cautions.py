"""The flags that all estimators from nearest neighbours share."""

import math

from mibench.contract import flags

# Neighbours for each dimension that show the shape of a neighbourhood. Fewer lie close to a line or
# a plane by chance, so that boxes and ellipsoids around them are too small.
NEIGHBOURS_PER_DIMENSION = 3


def neighbour_flags(n: int, k: int, dims: int, tied_rows: int = 0) -> dict[str, str]:
    """Flags of k neighbours among n rows in so many dimensions; `tied_rows` rows had ties."""
    raised: dict[str, str] = {}
    if tied_rows:
        raised.update([flags.ties(tied_rows, n)])
    if math.log2(n / k) < dims:
        raised.update([flags.few_samples(n, dims)])
    return raised
