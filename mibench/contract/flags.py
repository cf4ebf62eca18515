"""Flags: reasons to distrust an estimate, in plain words. A function for each text.

A flag is a pair (code, text). An estimate holds its flags in a dict. Codes are stable: tables and
stores hold them. Texts may change.
"""

import math

from .flag_text import Flag, both_units
from .flags_given import chain_rule as chain_rule
from .flags_given import coarse_condition as coarse_condition
from .flags_given import constant_condition as constant_condition
from .flags_given import determined as determined
from .flags_given import fast_changes as fast_changes
from .flags_given import nearly_determined as nearly_determined
from .flags_given import rare_conditions as rare_conditions
from .flags_given import unresolved as unresolved
from .flags_given import wide_neighbourhoods as wide_neighbourhoods
from .flags_of_methods import bin_bias as bin_bias
from .flags_of_methods import by_chance as by_chance
from .flags_of_methods import far_apart as far_apart
from .flags_of_methods import large_and_not_normal as large_and_not_normal
from .flags_of_methods import likely_off as likely_off
from .flags_of_methods import misfit as misfit
from .flags_of_methods import no_ratio as no_ratio
from .flags_of_methods import outside as outside
from .flags_of_methods import repeated_rows as repeated_rows
from .flags_of_networks import bounds_disagree as bounds_disagree
from .flags_of_networks import column_at_limit as column_at_limit
from .flags_of_networks import not_converged as not_converged
from .flags_of_networks import overfitted as overfitted
from .flags_of_rows import copied_rows as copied_rows
from .flags_of_rows import dependent_rows as dependent_rows
from .flags_of_rows import near_copies as near_copies

AT_CEILING = 0.95  # share of its ceiling from which any estimate is flagged
ROUNDING = 1e-12  # nats, of a ceiling of 0: all rows in one bin

FLAGS = {
    "constant": "one side is constant, so the mutual information is 0",
    "ties": "rows coincide or have equally distant neighbours, which continuous data never have",
    "few_samples": "too few rows for this many dimensions",
    "more_bins_than_samples": "more joint bins than rows, so most counts are 0 or 1",
    "outside_range": "values outside the given range were put into the outermost bins",
    "scales": "the dimensions have very different spreads, so distances depend on few of them",
    "outliers": "a few extreme values stretch the range or the bandwidth and hide the rest",
    "rare_labels": "rows whose label occurs only once were left out",
    "ceiling": "the estimate is at the largest value that this estimator can return here",
    "negative": "the estimate is below 0, which MI cannot be: no dependence was found",
    "not_detected": "no dependence was detected, so canonical gives 0",
    "unseen": "noise is narrower than the gaps between rows: a model gives part of the estimate",
    "fine_structure": "the estimate still rises as neighbourhoods shrink: it may be too low",
    "more_pairs": "k-NN used only some of the dependent directions: the estimate may be too low",
    "lower_bound": "the estimate is a lower bound from rows held out: it may be too low",
    "left_over": "a second learner finds more on rows held out: the estimate is too low",
    "dependent_rows": "consecutive rows resemble each other: the estimate may be far too high",
    "copied_rows": "rows are copies of other rows: the estimate is too high",
    "beyond_evidence": "fewer rows or more dimensions than the estimator was tested on",
    "sparse_labels": "fewer rows than pairs of labels, so most pairs were never seen",
    "uncalibrated": "the data are unlike those from which errors were learned",
    "rising": "halves of the rows give less: the estimate rises with rows and may be too low",
    "halves_differ": "two halves of the rows give different estimates: few rows decide",
    "knn_finds_more": "k-NN gives more than the estimate, which may be too low",
    "no_p_value": "the test by permutations failed, so there is no p-value",
    "own_codes": "nearly every input has its own activations: counting gives log N for any network",
    "monte_carlo_error": "the standard error of the mean over noise is larger than was asked for",
    "straight_lines": "part of the estimate assumes straight relations within neighbourhoods",
    "bandwidth": "the estimate depends much on the width of cells",
    "capped": "a parameter limits the estimate",
    "not_mi": "the estimator measures something else than the MI",
    "not_normal": "a side is not normal, so the estimate may be far above or below the MI",
    "rare_conditions": "values of Z that are too rare for the estimator count as 0",
    "determined": "Z determines one side, so the conditional MI is 0",
    "constant_condition": "Z is constant, so the conditional MI is the MI",
    "coarse_condition": "X and Y follow Z within its bins or neighbours: the estimate is too high",
    "unresolved": "a side hardly varies among rows of similar Z: the estimate may be too low",
    "chain_rule": "the two orders of the chain rule differ: the estimate is unsure",
    "far_apart": "hardly any row of one sample lies where the other is: the divergence is too low",
    "by_chance": "labels in a random order would give a large estimate too",
    "not_converged": "training ended too early, at a limit or by diverging: as a rule too low",
    "overfitted": "networks fit the rows that train them far better: as a rule too low",
    "bounds_disagree": "another bound by the same network gives another value",
    "likely_off": "estimates of random distributions that look like the data are often off",
    "near_copies": "rows nearly are copies, or lie between two others: may be far too high",
    "bin_bias": "rows are few for the bins, so part of the estimate is chance",
    "misfit": "fitted densities do not fit, so the estimate may be far too high",
}


# The mean error of labels adjusted for chance, in nats, downwards and upwards, where there are at
# most 10 pairs of labels per row, and where there are more: `benchmarks/labels.py`.
ERROR_OF_SPARSE_LABELS = {True: ("0.4", "0.2"), False: ("1.8", "0.2")}


def constant() -> Flag:
    """One side never changes."""
    return "constant", "One side is constant: it carries no information, so the MI is exactly 0."


def ties(count: int, n: int) -> Flag:
    """`count` of n rows have no unambiguous k nearest neighbours."""
    return "ties", (
        f"Ties: {count} of {n} rows coincide with others or have equally distant neighbours. They "
        "were separated by noise far smaller than the spacing of the values. Leave counts, grades "
        "and rounded values as numbers, since their order helps. Declare as labels only values "
        "whose order means nothing, or of which few are distinct and all are frequent."
    )


def few_samples(n: int, dims: int) -> Flag:
    """The rows are too few to fill a space of that dimension."""
    return "few_samples", (
        f"Too few rows for the dimension: {n} rows in {dims} dimensions leave most of the 2^{dims} "
        "orthants nearly empty. Expect a large bias, mostly downwards; reduce the dimension."
    )


def more_bins_than_samples(bins: float, n: int) -> Flag:
    """The joint histogram has more bins than there are rows."""
    return "more_bins_than_samples", (
        f"More bins than rows: {bins:.3g} joint bins for {n} rows. The plug-in estimate is "
        "then mostly upward bias; use fewer bins or fewer dimensions."
    )


def outside_range(count: int, low: float, high: float) -> Flag:
    """`count` values lie beyond a fixed range."""
    return "outside_range", (
        f"{count} value(s) lie outside the given range [{low:g}, {high:g}] and were put into the "
        "outermost bins."
    )


def scales(ratio: float, standardized: bool) -> Flag:
    """The spreads differ so much that distances depend on the widest dimensions alone."""
    remedy = (
        "A few extreme values stretch the standard deviations by which standardize=true divides: "
        "use standardize=auto, or transform such columns (log, ranks)."
        if standardized
        else "Use standardize=auto, or choose common units."
    )
    return "scales", (
        f"Different scales: the widest dimension spreads {ratio:.3g} times as far as the narrowest,"
        f" so distances hardly depend on the narrow ones. {remedy}"
    )


def outliers(what: str) -> Flag:
    """A few extreme values decide the scale of the estimate."""
    return "outliers", (
        f"Outliers or heavy tails: {what}, so most rows cannot be told apart. Transform that side "
        "(log, ranks), or use adaptive or knn."
    )


def rare_labels(count: int, n: int) -> Flag:
    """Rows were left out because no other row has their label."""
    return "rare_labels", (
        f"{count} of {n} rows have a label that occurs only once, and were left out: they have no "
        "neighbour with the same label. The estimate is that of the other rows: too low as a rule, "
        "but too high if most rows were left out. Merge rare labels. If the labels are numbers, "
        "give them as numbers."
    )


def is_near(nats: float, limit: float, share: float = AT_CEILING) -> bool:
    """Whether an estimate exceeds this share of its ceiling by more than rounding."""
    return nats > share * limit + ROUNDING


def ceiling(nats: float, limit: float, n: int) -> Flag:
    """The estimate is about as large as it can be with n rows, or larger."""
    limits = f"{limit / math.log(2):.2f} bits ({limit:.2f} nats)"
    if nats > limit * (1 + 1e-9):
        return "ceiling", (
            f"Beyond its ceiling: {n} rows support at most {limits} here, and the estimate is "
            f"{nats / math.log(2):.2f} bits. The rows are too far apart for this method. Do not "
            "use this value."
        )
    where = "At" if is_near(nats, limit) else "Near"
    return "ceiling", (
        f"{where} its ceiling: with {n} rows this estimator can return at most {limits} here, "
        f"and it returns {nats / math.log(2):.2f} bits. The true MI may be much larger."
    )


def negative() -> Flag:
    """The estimate is below 0."""
    return "negative", "The estimate is below 0, which MI cannot be: no dependence was found."


def negative_difference(nats: float) -> Flag:
    """The chain rule gives so many nats, which are fewer than none."""
    return "negative", (
        f"The chain rule gives {nats:.2g} nats, which MI cannot be: the estimate is 0, and no "
        "dependence was found."
    )


def not_detected(nats: float = 0.0) -> Flag:
    """No dependence passed its significance test. nats: what is likely nevertheless."""
    so = "the estimate is 0" if nats == 0 else "canonical gives 0"
    if nats:
        so += f", and {both_units(nats)} are what is likely in such a case"
    return "not_detected", (
        f"No dependence reached 3.5 to 4.5 standard errors, so {so}. That does not "
        "prove independence: the dependence may be weak, or of a kind that was not searched for."
    )


def unseen(nats: float) -> Flag:
    """Part of the estimate rests on an assumed distribution of the noise."""
    return "unseen", (
        f"Narrow noise: the noise is narrower than the gaps between rows, so k-NN misses "
        f"{nats / math.log(2):.2f} bits of the estimate ({nats:.2f} nats). This part follows from "
        "the few pairs of rows that are out of order. It assumes rows that were sampled "
        "independently, and one increasing or decreasing relation with noise about it."
    )


def fine_structure(
    rise: float, step: str = "reducing the number of neighbours", remedy: str = "Use more rows."
) -> Flag:
    """The estimate still rises with fewer neighbours, or with narrower kernels."""
    return "fine_structure", (
        f"Fine structure: {step} added {rise / math.log(2):.2f} bits "
        f"({rise:.2f} nats). The relation may vary over distances smaller than those between "
        f"rows, and the estimate may be too low. {remedy}"
    )


def more_pairs(used: int, more: int) -> Flag:
    """More canonical pairs are significant than k-NN used."""
    return "more_pairs", (
        f"More pairs: {more} further pairs of directions are dependent, beyond the {used} that "
        "k-NN used. Their non-linear dependence is left out, so the estimate may be too low."
    )


def lower_bound() -> Flag:
    """The estimate is a bound, computed from functions learned on other rows."""
    return "lower_bound", (
        "Lower bound: the columns of a side are not jointly normal, as with clusters, angles, "
        "labels, or columns that are functions of each other. The estimate is a lower bound from "
        "rows held out, and may be too low."
    )


def left_over(nats: float) -> Flag:
    """A learner that the estimate is not made of finds more on rows held out."""
    return "left_over", (
        f"Left over: the estimate misses at least {nats / math.log(2):.2f} bits ({nats:.2f} nats). "
        "On rows held out, a second learner finds this dependence, which the estimate does not "
        "contain."
    )


def beyond_evidence(n: int, dims: int, rows: int, most: int) -> Flag:
    """The data are outside the range of sizes on which the estimator's errors were measured."""
    return "beyond_evidence", (
        f"Beyond the evidence: {n} rows, and up to {dims} dimensions per side. The errors of this "
        f"estimator were measured on {rows} rows or more, and up to {most} dimensions per side."
    )


def sparse_labels(n: int, labels_x: int, labels_y: int, shared: int, correction: str) -> Flag:
    """There are fewer rows than pairs of labels; labels repeat in at most `shared` rows.

    correction: "auto" (adjusted for chance), "none", or "entropies" if each entropy is corrected.
    """
    cells = labels_x * labels_y
    seen = f"Sparse labels: {labels_x} x {labels_y} labels make {cells} pairs, for {n} rows. "
    if correction == "entropies":
        return "sparse_labels", seen + (
            "Correcting each entropy does not help there: in tests, independent labels gave up to "
            "5.9 nats too much, and dependent ones up to 4 nats too little. Leave correction at "
            "auto, or merge rare labels."
        )
    if correction == "none":
        return "sparse_labels", seen + (
            "The estimate is too high, even for independent labels, unless one side determines the "
            "other. Leave correction at auto, or merge rare labels."
        )
    few = cells <= 10 * n
    low, high = ERROR_OF_SPARSE_LABELS[few]
    rare = f"Only {shared} rows have a label that repeats; the others say nothing. "
    return "sparse_labels", seen + (rare if shared < n / 2 else "") + (
        f"Independent labels give 0 on average. The estimate of dependent ones was up to {low} "
        f"nats too low and up to {high} nats too high in tests. Merge rare labels or add rows; do "
        "not declare numbers as labels where their order means something."
    )


def uncalibrated(reasons: list[str]) -> Flag:
    """The data lie outside of the range of those that the model of errors was learned on."""
    return "uncalibrated", (
        f"Uncalibrated: {'; '.join(reasons)}. Errors were learned from random distributions, and "
        "none of them was like these data. So the estimate is not corrected, and an interval has "
        "no upper end."
    )


def rising(nats: float, halves: float) -> Flag:
    """The estimate from all rows is larger than those from halves."""
    return "rising", (
        f"Rising: all rows give {both_units(nats)}, and halves of them {both_units(halves)} on "
        "average. The estimate still rises with the number of rows, and is probably too low."
    )


def halves_differ(low: float, high: float) -> Flag:
    """Two halves of the rows give different estimates."""
    return "halves_differ", (
        f"Two halves of the rows give {both_units(low)} and {both_units(high)}. So a few rows "
        "decide, and the estimate is uncertain: too low if rare rows carry the dependence."
    )


def knn_finds_more(knn: float, nats: float, name: str = "canonical") -> Flag:
    """k-NN gives more than the estimator `name`."""
    return "knn_finds_more", (
        f"k-NN gives {both_units(knn)}, and {name} {both_units(nats)}. As a rule, both are "
        "below the true MI, so the estimate is probably too low."
    )


def no_p_value(message: str) -> Flag:
    """The test by permutations failed."""
    return "no_p_value", f"No p-value: estimates from permuted rows failed ({message})."


def own_codes(count: int, n: int) -> Flag:
    """`count` of n inputs have a code that no other input has."""
    return "own_codes", (
        f"Own codes: {count} of {n} inputs have activations that no other input has. Counting then "
        f"gives about log N = {both_units(math.log(n))} for I(X;T) and H(Y) for I(T;Y), whatever "
        "the network computes. Quantise to fewer bits, or look at narrower layers."
    )


def monte_carlo_error(error: float, wanted: float) -> Flag:
    """The mean over random noise has a larger standard error than was asked for, in nats."""
    return "monte_carlo_error", (
        f"Monte Carlo error: the standard error is {error / math.log(2):.2g} bits, and "
        f"{wanted / math.log(2):.2g} bits were asked for. Give a larger max_rounds."
    )


def not_normal(side: str, kurtosis: float, of_normal: float) -> Flag:
    """A side is no normal vector, by Mardia's kurtosis."""
    return "not_normal", (
        f"Not normal: {side} has a kurtosis of {kurtosis:.3g}, and a normal distribution of its "
        f"dimension has {of_normal:.3g}. The estimate is the MI of a normal distribution with the "
        "same correlations. It may be far below the MI or far above it: compare it with auto or "
        "knn."
    )


def straight_lines(nats: float, most: float) -> Flag:
    """The estimate exceeds what k-NN can find without an assumption on neighbourhoods."""
    return "straight_lines", (
        f"Straight lines: k-NN alone can find at most {both_units(most)} here, and the estimate "
        f"is {both_units(nats)}. The rest assumes that the relation is straight within each "
        "neighbourhood. The MI of very narrow noise is larger still if the relation bends there."
    )


def bandwidth(narrow: float, wide: float) -> Flag:
    """Cells of different widths give different estimates."""
    return "bandwidth", (
        f"Bandwidth: the narrowest cells give {both_units(narrow)} and the widest "
        f"{both_units(wide)}. So the estimate depends on the width of cells, which data do not "
        "tell: compare it with knn."
    )


def capped(count: int, n: int, cap: float) -> Flag:
    """The logarithms of `count` of n rows were cut to a limit that the user gave."""
    return "capped", (
        f"Capped: cap={cap:g} cut the terms of {count} of {n} rows, so that the estimate cannot "
        f"exceed {both_units(cap)}. The MI may be larger: leave cap out."
    )


def not_mi(name: str, what: str) -> Flag:
    """The estimator measures another quantity, in the same units."""
    return "not_mi", (
        f"Not the MI: {name} estimates {what}. Compare such values with each other, and not with "
        "the MI."
    )
