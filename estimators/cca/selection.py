"""The current estimate, and the rule by which a richer one takes its place.

Accept a richer estimate only if it exceeds the current one by 3.5 standard errors.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from .knn_terms import KnnTerm, exceeds
from .narrow_noise import max_nats
from .tuning import Tuning

Float = NDArray[np.float64]

# Estimates are rounded to this many decimals, since beyond them they depend on the order of sums.
ESTIMATE_DECIMALS = 10


@dataclass
class Selection:
    """The current estimate, and what it was made of.

    Attributes:
        rows: one value per row, in nats, (n,). Their mean is the estimate.
        method: the name of the candidate that was accepted last; "none" at 0 nats.
        accept_errors: standard errors by which a candidate must exceed the current estimate.
        first_errors: the same where the current estimate is 0.
        gaussian_nats: the Gaussian term.
        chance_nats: what the Gaussian term does not exceed at independence.
        not_normal_nats: by how much the Gaussian term was lowered to a bound from rows held out.
        pairs: the number of canonical pairs that k-NN was given.
        k: the number of neighbours.
        tied: the number of rows with ties.
        unseen_nats: what only the model of narrow noise gives.
        rise_nats: what the last step to fewer neighbours added.
        complete: whether no pair was left out.
        narrow_by_knn: whether noise is narrow, and its model was not used.
        left_over_nats: what a learner of another kind finds at least, beyond the estimate.
        is_bound: whether it is a lower bound that may be far from the MI.
        is_unsure: as in `HeldOutRatio`, for the Gaussian term of the estimate.
    """

    rows: Float
    method: str
    accept_errors: float
    first_errors: float
    gaussian_nats: float = 0.0
    chance_nats: float = 0.0
    not_normal_nats: float = 0.0
    pairs: int = 0
    k: int = 0
    tied: int = 0
    unseen_nats: float = 0.0
    rise_nats: float = 0.0
    complete: bool = False
    narrow_by_knn: bool = False
    is_bound: bool = False
    is_unsure: bool = False
    left_over_nats: float = 0.0

    @property
    def errors(self) -> float:
        """Standard errors by which a candidate must exceed the current estimate."""
        return self.first_errors if self.method == "none" else self.accept_errors

    def accept(
        self, rows: Float, term: KnnTerm, method: str, pairs: int, complete: bool = False
    ) -> None:
        """Make this candidate the current estimate. complete: no pair was left out."""
        self.rows, self.method, self.pairs, self.complete = rows, method, pairs, complete
        self.k, self.tied, self.is_bound = term.k, term.tied, False
        self.unseen_nats, self.rise_nats = term.unseen or 0.0, term.rise

    def accept_rows(self, rows: Float, method: str, is_bound: bool) -> None:
        """Make this candidate, which has no k-NN term, the current estimate."""
        self.is_bound, self.is_unsure = is_bound, False
        self.rows, self.method, self.pairs, self.complete = rows, method, 0, True
        self.k, self.tied, self.unseen_nats, self.rise_nats = 0, 0, 0.0, 0.0

    def consider(
        self,
        rows: Float,
        term: KnnTerm,
        method: str,
        pairs: int,
        complete: bool = False,
        double_count: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Accept this candidate if it is larger by `errors` standard errors.

        At 0 nats, the estimate with the most neighbours must be larger as well: the largest of
        several estimates, one for each k, can be large by chance.

        What k-NN misses is added to the rows, and what it counts twice is subtracted; both are
        computed only where they may decide.
        """
        difference = rows - self.rows
        error = float(difference.std()) / math.sqrt(len(rows))
        needed = self.errors * error - float(difference.mean())
        missed = term.missed(needed)
        rows = rows + missed
        if not exceeds(rows, self.rows, self.errors):
            return
        rows = rows - double_count()
        steady = term.steady_rows + missed
        if self.method == "none" and not exceeds(steady, self.rows, self.errors):
            return
        if exceeds(rows, self.rows, self.errors):
            self.accept(rows, term, method, pairs, complete)


def ceiling_nats(selection: Selection, n: int, dims: int, tuning: Tuning) -> float:
    """The largest estimate that n rows can give by the selected method.

    dims: dimensions of the smaller side.
    """
    if selection.narrow_by_knn:
        return float(digamma(n) - digamma(selection.k))
    if selection.unseen_nats and selection.complete:
        return max_nats(n, tuning.narrow)
    cut = -0.5 * math.log1p(-(tuning.gaussian.max_correlation**2))
    return dims * min(max_nats(n, tuning.narrow), cut)
