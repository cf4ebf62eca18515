"""The choices of the steps of `canonical` that learn by trees and by features of other kinds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TreeTuning:
    """Boosted trees that predict one side from the other (`boosted.py`)."""

    # Whether they are tried.
    used: bool = True
    # Columns that they use, and columns that they predict, up to which they are tried. Choices.
    max_columns: int = 64
    max_targets: int = 6
    # Rows from which they are tried, and the most that they are learned from. Choices.
    min_rows: int = 200
    max_rows: int = 10_000
    # Trees, their depth, and the share of each tree's prediction that counts.
    trees: int = 60
    depth: int = 5
    rate: float = 0.15
    # Rows of a leaf, at least; and leaves of that size that the rows could fill.
    min_leaf_rows: int = 10
    max_leaves: int = 200
    # Trees that are tried first, and the standard deviations (1 / sqrt(rows)) that a correlation of
    # their predictions with the residuals of rows held out must exceed, to go on. Choices.
    first_trees: int = 20
    min_errors: float = 2.0
    # Of the linear function: rows for each feature, columns up to which it is one of all features,
    # and the ridge in units of the variance of a feature. Choices.
    rows_per_feature: int = 8
    max_columns_with_features: int = 10
    ridge: float = 0.01
    # Dimensions of predictions and columns together up to which k-NN is given them. A choice.
    max_knn_dims: int = 6
    # Bins of a column, and folds. Choices.
    bins: int = 32
    folds: int = 4


@dataclass(frozen=True)
class LeftOverTuning:
    """What a learner of another kind finds in what is left (`left_over.py`)."""

    # Whether it is looked for.
    used: bool = True
    # Nats that the last step to fewer neighbours added, from which it is looked for also where k-NN
    # is given all columns. A choice.
    rise_nats: float = 0.05
    # Columns of the larger side, from which and up to which it is looked for, and columns of the
    # predicted side. Choices.
    min_columns: int = 2
    max_columns: int = 64
    max_targets: int = 6
    # Rows from which it is looked for, and the most that are used. Choices.
    min_rows: int = 200
    max_rows: int = 4000
    # Rows for each term of the polynomials by which known scores explain a target, and their
    # degree. Choices.
    rows_per_term: int = 20
    degree: int = 5
    # First scores that have products and steps, rounds in which each range is cut, places of cuts,
    # and rows between two places, at least. Choices.
    stepped_scores: int = 4
    step_levels: int = 3
    step_places: int = 100
    step_rows: int = 20
    # Correlation, and standard deviations at independence, that predictions in the first fold must
    # exceed for the other folds to be computed. Choices.
    first_correlation: float = 0.2
    first_errors: float = 3.0
    # Rows from which the first fold is taken, to save time. A choice.
    first_rows: int = 6000
    # Standard errors that are subtracted from the correlation that shows what is left over.
    errors: float = 2.0
    # Products of each kind, and columns up to which they are tried. Choices.
    products: int = 2
    max_product_columns: int = 24
    # Order statistics, half of them from each end where there are more columns. A choice.
    order_statistics: int = 12
    # Waves in normal scores and in ranks, columns up to which they are looked for, rows that show
    # them, random frequencies for each cubed number of columns, at least and at most, and their
    # lengths in radians per standard deviation. Choices.
    waves: int = 2
    max_wave_columns: int = 12
    wave_rows: int = 800
    wave_starts_per_cube: float = 0.8
    wave_starts: tuple[int, int] = (80, 1000)
    wave_frequencies: tuple[float, float] = (1.5, 7.0)
    # Rounds of steps, rounds after which half of the frequencies is dropped, the largest step, and
    # the least-squares steps at last. Choices.
    wave_rounds: int = 12
    wave_halvings: int = 4
    wave_step: float = 1.0
    wave_polish: int = 8
