"""The flags that all estimators from nearest neighbours share."""

import math

from mibench.contract import flags

# Neighbours for each dimension that show the shape of a neighbourhood. Fewer lie close to a line or
# a plane by chance, so that boxes and ellipsoids around them are too small.
NEIGHBOURS_PER_DIMENSION = 3

# How far below its ceiling the estimate of Kraskov et al. is 0.25 nats too low on normal pairs, in
# nats for each dimension of the smaller side, for 100 to 3000 rows, k = 1 to 10 and both variants.
# Four and more dimensions count as three, and a quarter of the ceiling is left, since sides of few
# directions are estimated well in any number of dimensions.
BELOW_CEILING, MOST_DIMS, LEAST_SHARE = 1.0, 3, 0.25


def neighbour_flags(n: int, k: int, dims: int, tied_rows: int = 0) -> dict[str, str]:
    """Flags of k neighbours among n rows in so many dimensions; `tied_rows` rows had ties."""
    raised: dict[str, str] = {}
    if tied_rows:
        raised.update([flags.ties(tied_rows, n)])
    if math.log2(n / k) < dims:
        raised.update([flags.few_samples(n, dims)])
    return raised


def flags_near_ceiling(
    nats: float, ceiling: float, k: int, variant: int, n: int, dims: int
) -> dict[str, str]:
    """A flag if noise is so narrow that its rows are too far apart for the estimate of Kraskov.

    dims: those of the smaller side.
    """
    reach = min(dims, MOST_DIMS) * (BELOW_CEILING + (1 / k if variant == 1 else 0))
    if nats > max(ceiling - reach, LEAST_SHARE * ceiling):
        return dict([flags.ceiling(nats, ceiling, n)])
    return {}
