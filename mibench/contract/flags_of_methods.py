"""Flags that belong to one method each. `flags` has them too, with the codes of all flags."""

from .flag_text import Flag, both_units


def far_apart(nats: float, m: int) -> Flag:
    """The divergence of two samples is large for m rows of the second."""
    return "far_apart", (
        f"The samples are far apart: of {m} rows of y, hardly any lie where x is dense. The "
        f"divergence of {both_units(nats)} is likely too low; add rows of y."
    )


def outside(nats: float, share: float) -> Flag:
    """So many rows of one sample lie beyond all rows of the other."""
    return "far_apart", (
        f"The samples are far apart: {share:.0%} of the rows of x are farther from the rows of y "
        f"than any row of y is. The divergence of {both_units(nats)} is likely too low; add rows "
        "of y."
    )


def repeated_rows(count: int, n: int) -> Flag:
    """Rows of a sample of numbers repeat, which its neighbours take for dense places."""
    return "ties", (
        f"Ties: {count} of {n} rows are equal to others of the same sample. Neighbours at distance "
        "0 look like a high density, so the divergence is wrong, and too high if rows of x repeat: "
        "leave copies out, or declare labels with discrete=True."
    )


def by_chance(nats: float) -> Flag:
    """The labels in a random order give this estimate."""
    return "by_chance", (
        f"By chance: the same labels in a random order give {both_units(nats)}, since most rows "
        "have no other row within the noise. If the rows are a sample, the estimate may be too "
        "high by up to as much: give more noise, fewer columns or more rows. If they are all "
        "inputs there are, the noise tells nearly all of them apart."
    )


def likely_off(risk: float, nats: float, share: float) -> Flag:
    """Many estimates of random distributions that look like the data are off."""
    return "likely_off", (
        f"Likely off: of random distributions of known MI that look like these data, about "
        f"{risk:.0%} have an estimate that is off by more than {nats} nats and {share:.0%}. Read "
        "the interval (interval=0.9), or add rows."
    )


def no_ratio(excess: float) -> Flag:
    """The density ratio of a normal distribution is too large for x of one row and y of another."""
    return "not_normal", (
        f"Not normal: the estimate may be too high by {both_units(excess)} or more. For normal "
        "sides, the density ratio p(x, y) / p(x) p(y) is 1 on average over x of one row and y of "
        "another. With these correlations it is larger, as with clusters, outliers and points on a "
        "circle. Use auto or knn."
    )


def large_and_not_normal() -> Flag:
    """An estimate of many nats rests on normal distributions, and the sides are not normal."""
    return "not_normal", (
        "Not normal: the estimate rests on normal distributions, and the columns of the sides are "
        "not jointly normal, as with angles. The rows are too few to show whether so large an "
        "estimate is too high, and by how much. Add rows, or compare the sides part by part."
    )


def misfit(excess: float) -> Flag:
    """The ratio of fitted densities is too large for x of one row and y of another."""
    return "misfit", (
        "Misfit: the fitted densities do not fit, and the estimate may be far too high. The "
        "density ratio p(x, y) / p(x) p(y) is 1 on average over x of one row and y of another. The "
        f"logarithm of this average, which should be 0, is at least {both_units(excess)}, as with "
        "clusters in many columns and far outliers. Use auto or knn."
    )


def bin_bias(bias: float, n: int) -> Flag:
    """The plug-in of bins has a large bias, by the numbers of bins that occur."""
    return "bin_bias", (
        f"Bias of bins: {n} rows are few for these bins. If they are a sample, about "
        f"{both_units(bias)} of the estimate, or more, are chance: independent sides would give "
        "about as much. Use correction=miller-madow, fewer bins or fewer dimensions."
    )
