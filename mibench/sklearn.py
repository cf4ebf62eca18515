"""What scikit-learn users need: a selector of columns by mutual information.

Importing it needs scikit-learn, the extra `sklearn`.
"""

import warnings
from collections.abc import Iterable
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .contract.frames import columns_of
from .contract.resolve import resolved_subclass
from .contract.sides import labels_by_type, refuse_times
from .contract.variables import Variable, as_variable
from .errors import InputError, unknown
from .estimators.selection.criteria import JOINT, METHODS, Method, Start, select
from .estimators.selection.information import (
    CountedInformation,
    EstimatedInformation,
    Information,
)
from .types import EstimatorLike

try:
    from sklearn.base import BaseEstimator
    from sklearn.feature_selection import SelectorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        f"mibench.sklearn needs scikit-learn 1.6 or newer ({error}): pip install 'mibench[sklearn]'"
    ) from error

__all__ = ["MISelector"]

USUAL_COLUMNS = 10  # that are selected
MOST_CLASSES = 20  # distinct numbers of a target that are taken as classes
ROWS_OF_EACH = 5  # on average, for that


class MISelector(SelectorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Selects columns by their mutual information with the target, alone and together.

    Columns are chosen one after another, each time the one with the largest score. S are the
    columns chosen so far:

        mim    I(X;Y)
        mrmr   I(X;Y) - mean over Z in S of I(X;Z)
        jmi    mean over Z in S of I(X,Z;Y)
        jmim   min over Z in S of I(X,Z;Y)
        cmim   min over Z in S of I(X;Y|Z)

    The first column is the one with the largest I(X;Y). jmi, jmim and cmim see columns that tell
    something only together; mim and mrmr do not.

    Numbers and labels may be mixed. By default, numbers are cut into bins, and each plug-in
    estimate is lowered by what chance gives for the same margins, so that a column that tells
    nothing has 0 on average, however many labels it has (see
    `estimators.selection.information.CountedInformation`). Estimates may be below 0; no score is
    NaN.

    Args:
        method: One of the above. The default finds the right columns most often in
            `benchmarks/selection.py`.
        k: How many columns to select, or "all". Of fewer columns, all are selected, with a warning
            if k is not the default.
        estimator: A spec or an estimator, such as "knn", whose estimates are used instead. jmi,
            jmim and cmim then join columns, all of numbers or all of labels, to one side.
        bins: How many bins numbers are cut into, at the quantiles of their distinct values. "auto":
            by the number of rows and of classes, see `estimators.selection.codes.bins_for`. Numbers
            of at most so many distinct values are not cut.
        correction: "auto": adjusted for chance, as above. None: the plug-in, which is too high for
            columns of many bins or labels.
        discrete_features: Which columns hold labels: True, False, or as many booleans as columns,
            or places or names. "auto": text, booleans and categories.
        discrete_target: Whether the target holds labels. "auto": text, booleans, categories, and
            whole numbers of at most 20 distinct values, with 5 rows of each on average.
        start: "column", or "pair": jmi, jmim and cmim then begin with the two columns that tell
            most together, of all pairs. That finds an exclusive or of which neither column tells
            anything alone, and takes as long as selecting all columns.

    Attributes:
        scores_: (d,), the score of each column when it was selected; of the others that after the
            last selection. In nats.
        ranking_: (d,), 1 for the column that was selected first. Those not selected follow
            in the order of their scores.
        relevance_: (d,), I(X;Y) of each column alone, in nats.
        n_features_in_: The number of columns.
        feature_names_in_: Their names, if X is a data frame.

    References:
        Brown, Pocock, Zhao & Lujan 2012, https://jmlr.org/papers/v13/brown12a.html;
        mrmr: Peng, Long & Ding 2005, doi:10.1109/TPAMI.2005.159;
        jmi: Yang & Moody 1999; jmim: Bennasar, Hicks & Setchi 2015, doi:10.1016/j.eswa.2015.07.007;
        cmim: Fleuret 2004, https://jmlr.org/papers/v5/fleuret04a.html.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(500, 5))
        >>> y = (x[:, 3] + x[:, 1] > 0).astype(int)
        >>> sorted(MISelector(k=2).fit(x, y).get_support(indices=True).tolist())
        [1, 3]
    """

    def __init__(
        self,
        method: str = "cmim",
        *,
        k: int | str = USUAL_COLUMNS,
        estimator: EstimatorLike | None = None,
        bins: int | str = "auto",
        correction: str | None = "auto",
        discrete_features: Any = "auto",
        discrete_target: bool | str = "auto",
        start: str = "column",
    ) -> None:
        self.method = method
        self.k = k
        self.estimator = estimator
        self.bins = bins
        self.correction = correction
        self.discrete_features = discrete_features
        self.discrete_target = discrete_target
        self.start = start

    def fit(self, X: Any, y: ArrayLike) -> Self:  # noqa: N803, as scikit-learn names it
        """Select columns.

        Args:
            X: (n, d), an array or a data frame.
            y: (n,), numbers or labels.

        Raises:
            InputError: For bad parameters, and for data that cannot be used; it is a ValueError.

        Warns:
            UserWarning: If y is constant.
        """
        method, start, bins = self._checked()
        _refuse_dates(X)
        array, target = validate_data(self, X, y, dtype=None, ensure_min_samples=2)
        names = [str(n) for n in getattr(self, "feature_names_in_", range(array.shape[1]))]
        columns = _columns(X, array, names, self.discrete_features)
        side = _target(target, self.discrete_target)
        if side.constant:
            warnings.warn(
                "y is constant, so its MI with every column is 0, and the columns selected are "
                "the first ones",
                stacklevel=2,
            )
        count = len(columns) if self.k == "all" else int(self.k)
        if count > len(columns) and count != USUAL_COLUMNS:
            warnings.warn(
                f"k is {count}, and X has {len(columns)} columns: all are selected", stacklevel=2
            )
        count = min(count, len(columns))
        information: Information
        if self.estimator is None:
            information = CountedInformation(columns, side, bins, self.correction is not None)
        else:
            information = EstimatedInformation(
                columns, side, resolved_subclass(self.estimator), names
            )
        constant = [column.constant for column in columns]
        selection = select(information, count, method, start, constant)
        self.scores_, self.relevance_ = selection.scores, selection.relevance
        self.ranking_ = np.empty(len(columns), np.int64)
        self.ranking_[selection.order] = np.arange(1, len(columns) + 1)
        self._selected = count
        return self

    def _checked(self) -> tuple[Method, Start, int | None]:
        """Method, start and bins. Raises InputError for a bad parameter."""
        if self.method not in METHODS:
            raise InputError(unknown("method", str(self.method), METHODS))
        if self.start not in ("column", "pair"):
            raise InputError(f"start is {self.start!r}: give 'column' or 'pair'")
        if self.start == "pair" and self.method not in JOINT:
            raise InputError(
                f"start='pair' compares what two columns tell together, which {self.method} does "
                f"not ask: choose {', '.join(JOINT)}"
            )
        if self.k != "all" and not _whole(self.k, 1):
            raise InputError(f"k is {self.k!r}: give a whole number from 1 on, or 'all'")
        if self.correction not in ("auto", None):
            raise InputError(f"correction is {self.correction!r}: give 'auto' or None")
        if self.bins != "auto" and not _whole(self.bins, 2):
            raise InputError(f"bins is {self.bins!r}: give a whole number from 2 on, or 'auto'")
        return self.method, self.start, None if self.bins == "auto" else int(self.bins)  # type: ignore[return-value]

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return np.asarray(self.ranking_ <= self._selected)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _refuse_dates(x: Any) -> None:
    """Raise InputError for dates and durations in a data frame: scikit-learn cannot join them."""
    for column in (columns_of(x, "X") or ()) if hasattr(x, "columns") else ():
        dtype = np.asarray(column.values).dtype
        refuse_times(dtype, f"column {column.title!r}", ", or leave the column out")


def _columns(x: Any, array: NDArray[Any], names: list[str], discrete: Any) -> list[Variable]:
    """The columns of X, of numbers or of labels."""
    declared = _declared(discrete, names)
    frame = None if isinstance(x, np.ndarray | list) else columns_of(x, "X")
    columns = []
    for place, name in enumerate(names):
        values = array[:, place] if frame is None else np.asarray(frame[place].values)
        by_type = bool(labels_by_type(values) or (frame is not None and frame[place].labels))
        labels = by_type if declared is None else bool(declared[place])
        if values.dtype.kind == "O" and not labels:
            values = values.astype(np.float64)
        columns.append(as_variable(values, f"column {name!r}", labels))
    return columns


def _declared(discrete: Any, names: list[str]) -> NDArray[np.bool_] | None:
    """Which columns are declared labels; None to see it from their types."""
    if isinstance(discrete, str) and discrete == "auto":
        return None
    if isinstance(discrete, bool | np.bool_):
        return np.full(len(names), bool(discrete))
    if isinstance(discrete, str) or not isinstance(discrete, Iterable):
        raise InputError(
            f"discrete_features is {discrete!r}: give 'auto', a boolean, or places or names of "
            "columns"
        )
    given = list(discrete)
    if len(given) == len(names) and all(isinstance(entry, bool | np.bool_) for entry in given):
        return np.array(given, np.bool_)
    mask = np.zeros(len(names), np.bool_)
    for entry in given:
        if isinstance(entry, str) and entry in names:
            mask[names.index(entry)] = True
        elif isinstance(entry, bool | np.bool_):
            raise InputError(
                f"discrete_features has {len(given)} values and X has {len(names)} columns: give "
                "one boolean for each column, or places or names of columns"
            )
        elif isinstance(entry, Integral) and 0 <= int(entry) < len(names):
            mask[int(entry)] = True
        else:
            raise InputError(f"discrete_features: {unknown('column', str(entry), names)}")
    return mask


def _target(values: NDArray[Any], discrete: bool | str) -> Variable:
    if not isinstance(discrete, bool | np.bool_) and discrete != "auto":
        raise InputError(f"discrete_target is {discrete!r}: give 'auto', True or False")
    refuse_times(values.dtype, "y")
    numbers = values.dtype.kind in "iuf"
    if values.dtype.kind == "O" and not labels_by_type(values):
        values, numbers = values.astype(np.float64), True
    if isinstance(discrete, str):
        discrete = not numbers or _few(values)
    return as_variable(values, "y", bool(discrete))


def _few(values: NDArray[Any]) -> bool:
    """Whether numbers are whole and few, as those of classes."""
    distinct = np.unique(values)
    few = len(distinct) <= min(MOST_CLASSES, len(values) / ROWS_OF_EACH)
    return bool(few and (distinct == np.round(distinct)).all())
