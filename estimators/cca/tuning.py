"""Every constant of `canonical` that is a choice: its value, its meaning and unit, its evidence.

Functions take the `Tuning`, or the group of it that they use, as an argument. For an ablation make
another one: `replace(tuning, knn=replace(tuning.knn, neighbours=(3,)))`. The fields named `used`,
and the other booleans, switch a step of the estimator off.

"Table" means the ablation table of `docs/canonical.md`: mean absolute error (MAE) over the suite
`beyond-normal`, 0.0228 nats with the values below. "Notes" means `docs/notes/canonical.md`. Where
the evidence is "a choice", no table compares it with other values.
"""

from dataclasses import dataclass, field
from typing import Literal

from .tuning_learned import LeftOverTuning, TreeTuning

Refinement = Literal["mixed", "single"]


@dataclass(frozen=True)
class FeatureTuning:
    """The non-linear features of each side (`features.py`).

    The weights are prior weights of a whole group of features, in units of that of the linear
    ones. Each feature of a group gets an equal share, and the ridge penalty acts on coefficient /
    weight. So small weights are for features that are rarely needed. All weights are choices, made
    on `beyond-normal` and on independent samples.
    """

    # Columns of a side; beyond them, as many principal components take their place.
    # A choice: `network` shows its price (docs, "Where it fails": hundreds of columns).
    max_columns: int = 64
    # Products of two columns of a side; if there are more, as from 17 columns on, none are used.
    # Table: without products (-1), the MAE is 0.0231.
    max_products: int = 130
    # Labels that get an indicator feature each, the most frequent ones. A choice.
    max_labels: int = 100
    # Whether radii, and columns times functions of a radius, are features.
    # Table: without them, the MAE is 0.0449.
    radii: bool = True

    linear_weight: float = 1.0
    square_weight: float = 0.5
    cube_weight: float = 0.3
    fourth_power_weight: float = 0.2  # used for sides of one column only
    product_weight: float = 0.5
    radius_weight: float = 1.0
    radius_times_column_weight: float = 0.3
    absolute_radius_times_column_weight: float = 0.2
    # Of features that are 0 where the normal score of the radius is between -1 and 1.
    extreme_radius_times_column_weight: float = 0.1
    # Of columns times cosine and sine of the radius and of twice the radius, each.
    # Table: without them, the MAE is 0.0259.
    radius_wave_times_column_weight: float = 0.1
    # Columns of a side up to which there are any, to save time. A choice.
    max_columns_of_waves: int = 16


@dataclass(frozen=True)
class PolynomialTuning:
    """Whether a pair is a function of earlier pairs, judged by polynomials (`polynomials.py`)."""

    # Highest degree of the polynomials of one score.
    # Notes: with other steps, it removes a bias of -0.03 nats on distributions of one radius.
    degree: int = 8
    # Highest degree where rows are few: rows / (rows_per_degree * scores), but at least min_degree.
    # A choice.
    rows_per_degree: int = 10
    min_degree: int = 3
    # Highest degree of the products of two scores, for the unexplained share and for residuals.
    # Notes: products keep out a third pair that is a function of both (it gave 0.2 nats too much).
    share_product_degree: int = 3
    residual_product_degree: int = 2
    # Rows for each polynomial; with fewer, the unexplained share counts as 1, a residual as 0.
    # Measured: with eight rows for each polynomial, 0.88 of the variance of normal samples is left.
    share_rows_per_term: int = 8
    residual_rows_per_term: int = 2  # a choice
    # Share of the variance of a score that polynomials of earlier scores must leave, so that a pair
    # counts as new. A choice, below the 0.88 that is left of normal samples.
    min_new_share: float = 0.7


@dataclass(frozen=True)
class SearchTuning:
    """The search for canonical pairs (`pairs.py`, `ridge_cca.py`).

    Chosen on `beyond-normal` and on independent samples, unless said otherwise.
    """

    # Ridge penalties tried, in units of the mean square of a feature of weight 1.
    # All features of a side have weights of about 3 in all. A choice.
    penalties: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 5e-1)
    # The one that is tried first; then its neighbours, while they are better. A choice.
    first_penalty: float = 1e-1
    # The same after a refinement, at most: `spiral-multinormal-sparse-3-3-2-2.0` loses 0.33 nats if
    # refinements are first judged at 0.1.
    refined_penalty: float = 1e-2
    # Successive refinements of the feature weights, see `ridge_cca.refined_weights`.
    # Table: without any, the MAE is 0.0280; with one, 0.0247.
    refinements: tuple[Refinement, ...] = ("mixed", "single", "single", "single")
    # Nats of the judged pairs by which a refinement must improve. A choice.
    min_gain: float = 0.005
    # The largest loss of a refinement in nats, at its first penalty, at which other penalties are
    # still tried. A choice.
    max_first_loss_nats: float = 0.1
    # Standard deviations (1 / sqrt(n)) of the largest correlation below which no weights are
    # refined, to save time. A choice.
    min_refining_errors: float = 2.0
    # Share of its square that an old weight keeps when weights are refined, and the sum of the
    # squares of the new ones. Choices.
    old_weight: float = 1e-3
    total_weight: float = 2.0
    # Pairs of each fit. With labels, there are as many as there are label features. A choice.
    max_pairs: int = 24
    # First pairs among which new ones are looked for. A choice.
    new_pairs: int = 6
    # First pairs whose out-of-fold correlations judge penalties and weights. Notes: judging by the
    # new part of each of three pairs, together with other steps, lowers the MAE by 0.003.
    judged_pairs: int = 3
    # Share of the folds, at most, and rows, at least, whose correlations these are, to save time;
    # at least two folds. Choices.
    judged_share: float = 0.5
    judged_rows: int = 800
    # Standard deviations (1 / sqrt(n)) from which an out-of-fold correlation is significant.
    # Table: with 0 here and in `clear_errors`, independent samples give up to 0.056 nats.
    significant_errors: float = 3.5
    # Standard deviations from which no permutation test is needed. Table: with 0 nothing changes;
    # the docs say that the test matters in rare samples, of which the table has none.
    clear_errors: float = 12.0
    # Permutations of that test. A choice; `beyond_chance` allows for their small number.
    permutations: int = 20
    # Correlation that a score must have with the one of the directions learned on all rows, for
    # later pairs. A choice.
    min_stability: float = 0.8
    # Features of a side from which half as many folds are made, to save time. A choice.
    many_features: int = 200
    # Features of x times features of y times rows from which folds share the threads. No effect on
    # results.
    min_threaded_work: float = 1e7
    # Size of a matrix up to which all singular vectors are computed; for larger ones, subspace
    # iterations, and directions in addition to those asked for. Choices.
    max_exact_svd: int = 80
    svd_iterations: int = 8
    svd_extra_directions: int = 8


@dataclass(frozen=True)
class GaussianTuning:
    """The Gaussian term, the MI of a normal distribution fitted to ranks (`gaussian.py`)."""

    # Whether there is one. Table: without it, the MAE is 0.0242.
    used: bool = True
    # Rows for each column of both sides; with fewer, principal components replace many columns.
    # A choice.
    min_rows_per_column: int = 3
    # Standard deviations at independence from which the term counts, and from which a linear pair
    # is checked for repeating a stronger one. About 1 in 4000 normal samples exceeds it by chance.
    significant_errors: float = 3.5
    # Standard deviations of the term between which permutations are made: below and above, they
    # cannot change the decision. Choices.
    undecided_errors: tuple[float, float] = (2.0, 12.0)
    # Permutations that show how large the term is by chance. A choice; `beyond_chance` allows for
    # their small number.
    permutations: int = 60
    # Correlation to which a larger one is cut, so that the MI stays finite: 10.0 nats a pair.
    max_correlation: float = 1 - 1e-9
    # Share of a score's variance that must be linear in the columns, for the Gaussian MI of the
    # linear parts to be subtracted. 2 * columns / rows are added. A choice.
    min_linear_share: float = 0.02


@dataclass(frozen=True)
class HeldOutTuning:
    """Whether the Gaussian term is a density ratio on rows held out (`held_out.py`)."""

    # Whether this is tested. Without it, clusters in 30+30 columns give 1.65 of 0.69 nats.
    used: bool = True
    # Excess in nats, and in standard errors, from which the term is replaced by a lower bound.
    min_excess: float = 0.04
    min_errors: float = 3.0
    # Multiples of the log ratio that are tested: of smaller ones, fewer rows are decisive.
    tested_tempers: tuple[float, ...] = (1.0, 0.75, 0.5)
    # Excess in nats that a true ratio has with a probability of at most exp(-5) = 0.7%.
    certain_excess: float = 5.0
    # Multiples of the log ratio whose bounds are compared. A choice.
    tempers: tuple[float, ...] = (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
    # Standard errors of the excess that are subtracted where pairs may be functions of each other.
    cautious_errors: float = 2.0
    # Standard error of the excess from which it counts as unknown. A choice.
    max_error: float = 0.5
    # Ridges whose bounds are compared, in units of the variance of a principal component. A choice.
    ridges: tuple[float, ...] = (0.0, 0.05, 0.5)
    # Rows of each fold that are joined with each other, in the test and in the bounds. Choices, to
    # save time.
    max_rows_of_fold: int = 128
    max_rows_of_bounds: int = 64
    # Nats from which the ratio is also tested in groups of consecutive canonical pairs.
    # Four pairs of unit vectors, 4000 rows: without it 14.9 of 12.4 nats.
    grouped_nats: float = 3.0
    group_sizes: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
    # Nats up to which a group is not tested, to save time. A choice.
    least_group_nats: float = 0.05
    # Excess of all groups, as a share of their nats, from which it matters: the share by which an
    # estimate should be too high at most.
    min_share_of_groups: float = 0.05
    # A ratio of more nats than the log of the number of mismatched pairs of rows, less these, is
    # uncertain: 8 nats for 1280 rows or more. A choice.
    nats_of_rows: float = 4.0
    # A side is compact if its kurtosis is below that of normal rows by these: a share of it, and
    # standard errors. Unit vectors and angles are 10 to 28% below; no side of a normal task is.
    min_kurtosis_share: float = 0.05
    kurtosis_errors: float = 5.0


@dataclass(frozen=True)
class ClassTuning:
    """Posterior probabilities of labels by normal classes (`class_posterior.py`)."""

    # Labels up to which they are tried, and rows for each column and label. Choices.
    max_labels: int = 100
    min_rows_per_column: int = 5
    # Multiples of the logits whose bounds are compared. A choice.
    tempers: tuple[float, ...] = (0.3, 0.5, 0.7, 0.85, 1.0)


@dataclass(frozen=True)
class UnmixingTuning:
    """Independent components in place of the columns (`unmixing.py`)."""

    # Whether they are tried.
    used: bool = True
    # Columns of a side up to which they are tried, to save time. A choice.
    max_columns: int = 30
    # Rows that they are learned from. A choice, to save time.
    max_rows: int = 5000
    # Rows for each column below which they are not tried. A choice.
    min_rows_per_column: int = 10
    # Smallest variance of a direction, in units of the largest; below it columns are dependent.
    min_variance: float = 1e-6
    # Absolute skewness and excess kurtosis of a column from which there may be something to find.
    min_skewness: float = 0.5
    min_kurtosis: float = 1.0
    # Iterations, and the change of a direction at which they end. Choices.
    iterations: int = 50
    tolerance: float = 1e-4


@dataclass(frozen=True)
class KnnTuning:
    """The k-NN terms, Kraskov's and Ross's (`knn_terms.py`)."""

    # Whether there are any. Table: the Gaussian term alone has an MAE of 0.1672.
    used: bool = True
    # Numbers of neighbours tried, from the steadiest to the least biased.
    # Table: with 15 alone, the MAE is 0.0245; with 3 alone, 0.0261.
    neighbours: tuple[int, ...] = (15, 7, 3)
    # Whether a single neighbour is tried after the last of these. Table: no effect on
    # `beyond-normal`; the table of waves shows gains of up to 0.4 nats.
    single_neighbour: bool = True
    # Whether the straight line through the last two k then replaces it. Table: no effect; the
    # table of waves shows gains of up to 0.18 nats.
    single_neighbour_line: bool = True
    # How much more a single neighbour may add than the step before it did; beyond that, the nearest
    # neighbour is taken to be a copy. For smooth densities it is log 3 / log(7 / 3) = 1.3.
    max_rise_ratio: float = 2.0
    # Standard errors by which fewer neighbours must give more, to be taken.
    # Table: with 0 here and in `selection.accept_errors`, the MAE is 0.0251.
    fewer_errors: float = 4.0
    # Nats: standard error of the difference below which fewer neighbours are taken anyway, and the
    # same for the straight line through all k. Choices.
    negligible_error: float = 0.003
    negligible_line_error: float = 0.012
    # Dimensions of u and v together up to which the bias on normal samples is subtracted. A choice.
    max_corrected_dims: int = 4
    # Normal samples that show this bias, one alone if there are more rows than stated, and the
    # standard errors from which the bias counts. Choices.
    correction_samples: int = 3
    max_rows_of_many_samples: int = 5_000
    correction_errors: float = 2.0
    # Standard errors of one sample beyond which the others are not needed to reject a candidate. A
    # choice, to save time.
    clear_errors: float = 3.0


@dataclass(frozen=True)
class NarrowNoiseTuning:
    """Noise narrower than the gaps between points, in 1+1 dimensions (`narrow_noise.py`).

    Tuned on the distributions of `benchmarks/canonical_distributions.py`; see the table of narrow
    noise in the docs.
    """

    # Whether this is tried. The table of narrow noise shows each error with and without it.
    used: bool = True
    # Share of discordant pairs of rows below which noise is narrow: Kendall's tau above 0.9, a
    # correlation of 0.988. A choice.
    max_discordant_share: float = 1 / 20
    # Discordant pairs, and rows, of a stretch of rows in which the noise has one width. Choices.
    width_pairs: int = 20
    width_rows: int = 50
    # The same where the shape of the noise is measured. Choices.
    shape_pairs: int = 500
    shape_rows: int = 200
    # Share of the rows, in the middle, that show the shape: at the ends noise has less room.
    middle_share: float = 0.9
    # Parts of the rows, each left out once, for the jackknife error of the shape. A choice.
    jackknife_parts: int = 20
    # Ratio E|D|^2 / E D^2 that no noise exceeds, and the standard errors by which it must be
    # exceeded so that rows are taken as not random. Uniform noise has 2/3, and is overrated by a
    # few hundredths where pairs are few. The errors are a choice.
    max_ratio: float = 0.72
    max_ratio_errors: float = 3.0
    # Standard deviation of the ratio of neighbouring gaps, measured on random samples; standard
    # errors, and the least difference, from which values are spaced too evenly, or in too narrow
    # pairs, to be random. The tests find no false alarm in 200 samples of 5000 rows.
    gap_ratio_sd: float = 0.32
    spacing_errors: float = 4.0
    min_excess: float = 0.05
    # Rows in all, and most samples, of simulated noise that show what k-NN misses. Choices.
    simulated_rows: int = 60_000
    max_samples: int = 20
    # Nats, and standard errors, by which a single neighbour must see more than in these samples,
    # so that the noise is taken to be finer than its model. Choices.
    min_finer_nats: float = 0.1
    finer_errors: float = 4.0


@dataclass(frozen=True)
class SurrogateTuning:
    """What k-NN and the Gaussian term would both count (`normal_surrogate.py`)."""

    # Whether it is subtracted. Table: without it, the MAE is 0.0230; without it, estimates
    # in the table of close columns are up to 1.4 nats too high.
    used: bool = True
    # Rows in all, and most samples, of the normal surrogate. Choices.
    simulated_rows: int = 2000
    max_samples: int = 4
    # Standard errors from which something counts as counted twice. A choice.
    min_errors: float = 2.0


@dataclass(frozen=True)
class SelectionTuning:
    """Which candidate estimate is accepted (`selection.py`)."""

    # Standard errors by which a richer estimate must exceed the current one.
    # Table: with 0 here and in `knn.fewer_errors`, the MAE is 0.0251.
    accept_errors: float = 3.5
    # The same where the current estimate is 0: the largest of many candidates is then large by
    # chance. With 3.5, 1 in 50 independent samples of 500 rows with zeros gave up to 0.06 nats.
    first_errors: float = 4.5
    # Rows that show whether k-NN on several pairs may be accepted, where there are twice as many.
    # A choice, to save time.
    first_rows: int = 10_000
    # Dimensions of both sides together up to which k-NN on the columns themselves is a candidate.
    # Table: without it (0), the MAE is 0.0467.
    max_direct_dims: int = 4
    # Whether Ross's estimate on all significant pairs is a candidate. The table of many classes
    # shows each estimate with and without it.
    all_pairs_for_labels: bool = True


@dataclass(frozen=True)
class ReportTuning:
    """When an estimate is refused or flagged (`estimation.py`)."""

    # Rows needed. A choice.
    min_rows: int = 10
    # Nats of an estimate that only the noise model gives, from which `unseen` is raised. A choice.
    unseen_nats: float = 0.1
    # Nats that the last step to fewer neighbours added, from which `fine_structure` is raised. A
    # choice.
    rise_nats: float = 0.1
    # Nats left over from which `left_over` is raised, also as a share of the estimate. Choices.
    left_over_nats: float = 0.05
    left_over_share: float = 0.05
    # Rows below which, and dimensions of a side above which, `beyond_evidence` is raised. A choice:
    # most errors in the docs were measured within this range.
    tested_rows: int = 500
    tested_dims: int = 50


@dataclass(frozen=True)
class Tuning:
    """All choices of `canonical`, by the step that they belong to."""

    features: FeatureTuning = field(default_factory=FeatureTuning)
    polynomials: PolynomialTuning = field(default_factory=PolynomialTuning)
    search: SearchTuning = field(default_factory=SearchTuning)
    gaussian: GaussianTuning = field(default_factory=GaussianTuning)
    classes: ClassTuning = field(default_factory=ClassTuning)
    trees: TreeTuning = field(default_factory=TreeTuning)
    left_over: LeftOverTuning = field(default_factory=LeftOverTuning)
    unmixing: UnmixingTuning = field(default_factory=UnmixingTuning)
    held_out: HeldOutTuning = field(default_factory=HeldOutTuning)
    knn: KnnTuning = field(default_factory=KnnTuning)
    narrow: NarrowNoiseTuning = field(default_factory=NarrowNoiseTuning)
    surrogate: SurrogateTuning = field(default_factory=SurrogateTuning)
    selection: SelectionTuning = field(default_factory=SelectionTuning)
    report: ReportTuning = field(default_factory=ReportTuning)
