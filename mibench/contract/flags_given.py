"""Flags of estimates of I(X;Y|Z). `flags` has them too, with the codes of all flags."""

from .flag_text import Flag, both_units


def rare_conditions(count: int, n: int) -> Flag:
    """`count` of n rows have a value of Z that occurs too rarely."""
    return "rare_conditions", (
        f"Rare values of Z: {count} of {n} rows have a label of Z that occurs too rarely for this "
        "estimator. They count as 0, so the estimate may be too low: join rare labels."
    )


def determined() -> Flag:
    """One side is a function of Z."""
    return "determined", (
        "Z determines one side: among rows of equal Z it never changes. It carries no information "
        "beyond Z, so the conditional MI is exactly 0."
    )


def constant_condition() -> Flag:
    """Z never changes."""
    return "constant_condition", (
        "Z is constant: nothing is given, so the conditional MI is the MI of X and Y."
    )


def coarse_condition(nats: float) -> Flag:
    """Both sides share at least so much with the nearest row in Z, beyond its bin."""
    return "coarse_condition", (
        "The bins of Z are too wide: within a bin, X and Y still change with Z. The nearest row in "
        f"Z tells {both_units(nats)} or more of both, beyond the bin. What they share through Z "
        "counts as shared beyond it, so the estimate is too high. Use auto or knn, or more bins."
    )


def wide_neighbourhoods(nats: float, other: float) -> Flag:
    """A k-NN estimate given Z, and that of the same rows with Z stretched, or its ranks."""
    return "coarse_condition", (
        "The neighbourhoods are too wide in Z: if Z is stretched twofold or replaced by its ranks, "
        f"which leaves the MI as it is, the estimate falls from {both_units(nats)} to "
        f"{both_units(other)}. What X and Y share through Z counts as shared beyond it, so the "
        "estimate is likely too high. Use auto, or add rows."
    )


def fast_changes(term: str, seen: float, told: float) -> Flag:
    """An estimate of I(X;Z) or I(Y;Z), and what the nearest row in Z alone tells of that side."""
    return "coarse_condition", (
        f"X and Y change faster with Z than this estimator sees: it finds {both_units(seen)} in "
        f"{term}, where the nearest row in Z alone tells {both_units(told)}. What X and Y share "
        "through Z counts as shared beyond it, so the estimate is likely too high, and a p-value "
        "too small. Add rows, or give in Z what X and Y change with slowly."
    )


def unresolved(side: str, share: float) -> Flag:
    """`share` of the rows near in Z are near in (side, Z) as well."""
    return "unresolved", (
        f"{side} hardly varies given Z at the distance of the neighbours: {share:.0%} of the rows "
        f"that are near in Z are near in {side} too. What {side} shares with the other side beyond "
        "Z may not be seen, so the estimate may be too low. Add rows, or give fewer columns in Z."
    )


def nearly_determined(side: str) -> Flag:
    """The MI of a side and Z is at the ceiling of the estimator."""
    return "unresolved", (
        f"Z determines {side}, as far as these rows show. What {side} shares with the other side "
        "beyond Z cannot be seen, and the estimate may be too low."
    )


def chain_rule(first: float, second: float) -> Flag:
    """The chain rule in both orders of the sides."""
    return "chain_rule", (
        f"The chain rule gives {first:.3g} nats one way and {second:.3g} the other. Exact "
        "estimates would give the same, so the errors are at least as large as the difference."
    )
