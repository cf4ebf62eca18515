"""Reasons to distrust an estimate, in plain words. One function a flag.

A flag is a pair (code, sentence); an estimator collects them in a dict.
"""

import math

Flag = tuple[str, str]

FLAGS = {
    "constant": "one side is constant, so the mutual information is 0",
    "ties": "rows coincide or are equally far apart, which a continuous law would not do",
    "few_samples": "too few samples for this many dimensions",
    "more_bins_than_samples": "more joint bins than samples, so counts are mostly 0 or 1",
    "outside_range": "values outside the given range were put into the outermost bins",
    "scales": "dimensions of very different spread, which a distance does not see alike",
    "outliers": "a few far values stretch the range or bandwidth and hide the rest",
    "rare_labels": "rows whose label occurs only once were left out",
    "ceiling": "the estimate is as large as this estimator can say with this many samples",
    "negative": "the estimate is below 0, where the truth cannot be: read it as no evidence",
    "not_detected": "no dependence was told from chance, so the estimate is 0",
    "unseen": "noise is narrower than the rows are dense, and its law is taken for granted",
    "fine_structure": "the estimate still rises as neighbourhoods shrink, and may be too low",
    "more_pairs": "more directions depend on each other than were given to k-NN",
    "repeated_pairs": "columns are functions of each other, and may be counted twice",
    "beyond_evidence": "fewer rows or more dimensions than the estimator was tried on",
}


def constant() -> Flag:
    """One side never changes."""
    return "constant", "One side is constant: it carries no information, so the MI is exactly 0."


def ties(count: int, n: int) -> Flag:
    """`count` rows have no unambiguous k nearest neighbours."""
    return "ties", (
        f"Ties: {count} of {n} rows coincide with others or have equally far neighbours. Noise far "
        "below the spacing of the values parts them. If the data are labels, declare them discrete."
    )


def few_samples(n: int, dims: int) -> Flag:
    """The sample cannot fill a space of that dimension."""
    return "few_samples", (
        f"Too few samples for the dimension: {n} rows in {dims} dimensions do not give each of the "
        f"2^{dims} orthants its neighbours. Expect a large bias; reduce the dimension."
    )


def more_bins_than_samples(bins: float, n: int) -> Flag:
    """The joint histogram has more cells than there are rows."""
    return "more_bins_than_samples", (
        f"More bins than samples: {bins:.3g} joint bins for {n} rows. The plug-in estimate is "
        "then mostly upward bias; use fewer bins or fewer dimensions."
    )


def outside_range(count: int, low: float, high: float) -> Flag:
    """Values beyond a fixed range."""
    return "outside_range", (
        f"{count} value(s) lie outside the given range [{low:g}, {high:g}] and were put into the "
        "outermost bins."
    )


def scales(ratio: float) -> Flag:
    """Spreads so different that the metric sees only the widest dimensions."""
    return "scales", (
        f"Different scales: the widest dimension spreads {ratio:.3g} times as far as the narrowest,"
        " which distances then hardly see. Set standardize=true, or choose common units."
    )


def outliers(what: str) -> Flag:
    """A few far values decide the scale of the estimate."""
    return "outliers", (
        f"Outliers or heavy tails: {what}, so that most of the data cannot be told apart. "
        "Transform that side (log, ranks), or use adaptive or knn."
    )


def rare_labels(count: int, n: int) -> Flag:
    """Rows that were left out because nothing else shares their label."""
    return "rare_labels", (
        f"{count} of {n} rows have a label that occurs only once and were left out: within such "
        "a label there is no neighbour to measure by. The estimate is too low for it."
    )


def ceiling(nats: float, limit: float, n: int) -> Flag:
    """The estimate is about as large as it could be for this n, or larger."""
    if nats > limit * (1 + 1e-9):
        return "ceiling", (
            f"Beyond its ceiling: {n} samples can bear at most {limit / math.log(2):.2f} bits "
            f"({limit:.2f} nats) here, log n or less, and the estimate is {nats / math.log(2):.2f} "
            "bits. Rows are too far apart for this method; read it as no number."
        )
    return "ceiling", (
        f"At its ceiling: with {n} samples this estimator can say at most "
        f"{limit / math.log(2):.2f} bits ({limit:.2f} nats) here, log n or less, and it says "
        f"{nats / math.log(2):.2f} bits. The truth may be much larger."
    )


def negative() -> Flag:
    """Estimate below zero."""
    return "negative", "The estimate is below 0, which MI cannot be: read it as no evidence."


def not_detected() -> Flag:
    """Nothing passed its test against chance."""
    return "not_detected", (
        "No dependence was told from chance, and so the estimate is 0. That is no proof of "
        "independence: a weak dependence, or one of a kind not searched for, looks the same."
    )


def unseen(nats: float) -> Flag:
    """Part of the estimate rests on what law the noise is of."""
    return "unseen", (
        f"Narrow noise: {nats / math.log(2):.2f} bits of the estimate ({nats:.2f} nats) are not "
        "seen by k-NN, since the rows are too far apart. They follow from how few pairs of rows "
        "are out of order, if these were drawn independently, and there is one increasing or "
        "decreasing relation and noise about it."
    )


def fine_structure(rise: float) -> Flag:
    """Fewer neighbours say more, down to the fewest."""
    return "fine_structure", (
        f"Fine structure: going on to fewer neighbours added {rise / math.log(2):.2f} bits "
        f"({rise:.2f} nats), so what depends on what may be finer than the rows are dense, and the "
        "estimate too low. More rows would show more."
    )


def more_pairs(used: int, more: int) -> Flag:
    """Further canonical pairs were found than k-NN was given."""
    return "more_pairs", (
        f"More pairs: {more} more than the {used} given to k-NN are dependent. What is not linear "
        "in them is left out, and the estimate is too low for it."
    )


def repeated_pairs(repeats: int) -> Flag:
    """Linear pairs are functions of stronger ones, such as those of columns w and w^2."""
    return "repeated_pairs", (
        f"Repeated pairs: {repeats} of the linear ones are functions of stronger ones, and left "
        "out. What is left of them may still be counted twice, and the estimate be too high: give "
        "only one of several columns that are functions of each other."
    )


def beyond_evidence(n: int, dims: int, rows: int, most: int) -> Flag:
    """Outside the range of sizes in which the estimator's errors were measured."""
    return "beyond_evidence", (
        f"Beyond the evidence: {n} rows, and up to {dims} dimensions a side. The errors of this "
        f"estimator were measured from {rows} rows and up to {most} dimensions."
    )
