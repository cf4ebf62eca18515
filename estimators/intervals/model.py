"""The interval model: boosted trees that give quantiles of the truth, and the risk of an error.

It is kept as plain arrays. The trees are learned by scikit-learn on random tasks of the streams
`train` and `calibrate`. Margins make the intervals valid for families of distributions that were
not learned from: they come from trees that never saw the family (Romano, Patterson & Candes 2019,
arXiv:1905.03222; Barber et al. 2021, doi:10.1214/20-AOS1965). `benchmarks/intervals.py` makes the
file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ..cca.risk import share_of
from ..shared.trees import Trees, as_array
from .features import RANGED, features_of, scale_of

Float = NDArray[np.float64]

FILE = "model.npz"
MIN_WIDTH = 0.2  # units; a narrower interval is widened by margins as if it were so wide
HIGHEST_LEVEL = 0.99


@dataclass(frozen=True, eq=False)
class IntervalModel(Trees):
    """Quantiles of (truth - canonical) / unit, and the risk of an error, given the features.

    Attributes:
        shares: (q,) the quantiles' shares, from 0.005 to 0.995, the median among them.
        margins: (q,) what is added to each quantile, in `reach_of` the width of its interval; 0 for
            the median.
        used: the share of the median by which an estimate is corrected.
        first: (q,) the value that each quantile starts from, before its trees.
        root: (q, trees) the first node of each tree.
        risk_first: (1,) the log odds, before any tree, that the corrected estimate is off.
        risk_root: (trees,) the first node of each tree that adds to these log odds.
        risk_limit: (1,) the risk from which an estimate is flagged.
        rows: the number of distributions learned from, and of their families.
    """

    shares: Float
    margins: Float
    used: Float
    first: Float
    root: NDArray[np.int32]
    risk_first: Float
    risk_root: NDArray[np.int32]
    risk_limit: Float
    rows: NDArray[np.int64]

    def quantiles(self, features: Float) -> Float:
        """The quantiles (q,), in units, rising with their shares, before any margin."""
        return np.sort(self.first + self.sums(self.root, features))

    def risk_of(self, features: Float) -> float:
        """How often estimates of such data are off, between 0 and 1; see `risk`."""
        return share_of(float(self.risk_first[0] + self.sums(self.risk_root, features)))

    def corrected(self, described: Mapping[str, float]) -> float:
        """The estimate of canonical with part of its likely error taken off, in nats, at least 0.

        A part, since a correction that was learned on other families goes too far more often than
        not far enough, and an estimate that is too high is worse than one that is too low.
        """
        quantiles = self.quantiles(as_array(features_of(described)))
        middle = float(quantiles[len(self.shares) // 2])
        correction = scale_of(described) * float(self.used[0]) * middle
        return min(max(described["canonical"] + correction, 0.0), described["most_nats"])

    def risk(self, described: Mapping[str, float]) -> float:
        """How many of the distributions that look like these data have an estimate that is off.

        Off is a corrected estimate that errs by more than `cca.risk` says, in nats and as a share.
        """
        return self.risk_of(as_array(features_of(described)))

    def interval(self, described: Mapping[str, float], level: float) -> tuple[float, float]:
        """The interval in nats that holds the truth with this probability.

        It ends where the entropy of labels does: see `entropy_bound`.
        """
        quantiles = self.quantiles(as_array(features_of(described)))
        middle = len(self.shares) // 2
        width = reach_of(quantiles[::-1] - quantiles)
        ends = np.array(
            [
                quantiles[:middle] - (self.margins * width)[:middle],
                quantiles[:middle:-1] + (self.margins[:middle:-1] * width[:middle]),
            ]
        )  # (2, pairs), from the widest interval to the narrowest
        ends = np.stack(
            [np.minimum.accumulate(ends[0, ::-1])[::-1], np.maximum.accumulate(ends[1, ::-1])[::-1]]
        )
        # Between the shares of the model, along the quantiles of the normal distribution.
        deviation = NormalDist().inv_cdf
        known = np.array([-deviation(float(share)) for share in self.shares[: middle + 1]])[::-1]
        wanted = -deviation((1 - level) / 2)
        base, unit = described["canonical"], scale_of(described)
        low, high = (
            base + unit * float(np.interp(wanted, known, [quantiles[middle], *end[::-1]]))
            for end in ends
        )
        most = described["most_nats"]
        return min(max(low, 0.0), most), min(max(high, 0.0), most)

    def unlike(self, described: Mapping[str, float]) -> list[str]:
        """The features that lie outside of their range in the training data."""
        return self.beyond(features_of(described), RANGED)


def reach_of(widths: Float) -> Float:
    """What a margin is a multiple of: between a constant and the width of the interval."""
    return np.asarray(np.sqrt(np.maximum(widths, MIN_WIDTH)))


@cache
def interval_model() -> IntervalModel:
    """The model that mibench comes with."""
    with as_file(files(__package__) / FILE) as path:
        return IntervalModel.read(path)
