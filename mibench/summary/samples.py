"""The errors of estimators on the same samples, as a matrix."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

KEY = ("task", "n", "seed")  # of a sample
# An estimator that has results for a smaller share of the tasks than this excludes no samples, and
# has no rank: else one that takes few kinds of data would leave little to compare the others on.
LEAST_SHARE_OF_TASKS = 0.5


class Errors(NamedTuple):
    """Errors in nats: one row for each sample, sorted by task, n and seed.

    Attributes:
        values: (samples, estimators); NaN for an estimate that failed or was not run.
        names: the estimators, sorted.
        case: (samples,), increasing: the number of the sample's (task, n).
    """

    values: "NDArray[np.float64]"
    names: list[str]
    case: "NDArray[np.int64]"

    def common(self) -> "Errors":
        """The samples on which no estimator failed, without those that lack most tasks.

        An estimator has a task at one n if it succeeded on one of its samples. If no estimator has
        enough of them, only those that always failed are left out.
        """
        succeeded = ~np.isnan(self.values)
        starts = np.flatnonzero(np.diff(self.case, prepend=-1))
        shares = np.logical_or.reduceat(succeeded, starts).mean(axis=0) if len(starts) else 0.0
        enough = np.broadcast_to(shares >= LEAST_SHARE_OF_TASKS, len(self.names))
        some = np.flatnonzero(enough if enough.any() else succeeded.any(axis=0))
        values = self.values[:, some]
        complete = ~np.isnan(values).any(axis=1)
        names = [self.names[index] for index in some]
        return Errors(values[complete], names, self.case[complete])

    def by_case(self) -> "list[NDArray[np.float64]]":
        """The rows of each (task, n)."""
        return np.split(self.values, np.flatnonzero(np.diff(self.case)) + 1)


def errors_by_sample(records: "pd.DataFrame") -> Errors:
    """The errors of all records. If a sample has several of one estimator, the first counts.

    Written by hand, since `pivot_table` takes ten times as long for a million records.
    """
    codes = [records[name].factorize(sort=True)[0] for name in KEY]
    case = codes[0] * (codes[1].max(initial=0) + 1) + codes[1]
    sample = case * (codes[2].max(initial=0) + 1) + codes[2]
    samples, row = np.unique(sample, return_inverse=True)
    column, names = records["estimator"].factorize(sort=True)
    values = np.full((len(samples), len(names)), np.nan)
    errors = (records["nats"] - records["mi_nats"]).to_numpy(float)
    order = np.flatnonzero(~np.isnan(errors))[::-1]  # so that the first is written last
    values[row[order], column[order]] = errors[order]
    return Errors(values, list(names), samples // (codes[2].max(initial=0) + 1))
