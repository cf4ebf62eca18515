"""The MI of two sides of labels: the plug-in estimate, adjusted for chance."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mibench.contract import flags
from mibench.contract.variables import Variable
from mibench.types import Estimate

from ..kernels.chance import (
    distinct_counts,
    expected_sum,
    grassberger_terms,
    pair_counts,
    sum_of_terms,
)
from .corrected import Correction
from .plug_in import RowSymbols, plug_in, variable_symbols

LabelCorrection = Literal["auto", Correction]


def information_of_labels(
    x: Variable,
    y: Variable,
    correction: LabelCorrection | None = "auto",
    info: Mapping[str, Any] = MappingProxyType({}),
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Estimate:
    """I(X;Y) of two discrete sides, neither of them constant, in nats.

    correction: None is the plug-in estimate; "miller-madow" adds (K - 1) / 2n to each of its
    entropies, and the others of `corrected` correct each entropy too. "auto" is adjusted for
    chance:

        I = min(H(X), H(Y)) * (J - E) / (M - E)

    H are plug-in entropies. J is the MI from the entropies G(X), G(Y), G(XY) of Grassberger 2003,
    E the mean of J over all pairings of the rows of x with the rows of y (exact, by hypergeometric
    sums), and M = min(G(X), G(Y)) the largest J that the labels allow. So I is 0 on average over
    pairings, and the plug-in entropy where one side is a function of the other. It is not clipped:
    about half of the estimates of independent labels are below 0. If the labels of one side all
    differ, every pairing gives the same J, and I is 0.

    With plug-in entropies in place of G this is the adjusted mutual information of Vinh, Epps &
    Bailey 2010, times min(H(X), H(Y)). `benchmarks/labels.py` compares it with other corrections.
    """
    a, b = variable_symbols(x), variable_symbols(y)
    plain = estimate = plug_in(a, b)
    if correction == "auto":
        share = share_beyond_chance(a, b)
        estimate = replace(plain, nats=share * min(a.entropy_nats, b.entropy_nats))
    elif correction is not None:
        estimate = plug_in(a, b, correction)
    details = {
        **info,
        **estimate.info,
        "correction": {"auto": "adjusted for chance", None: "none"}.get(correction, correction),
        "plug_in_nats": plain.nats,
        "subtracted_nats": plain.nats - estimate.nats,
    }
    raised = dict(notes)
    if x.n < x.cardinality * y.cardinality:
        sizes = x.n, x.cardinality, y.cardinality
        shared = _informative_rows(a, b)
        how = correction if correction == "auto" else "none" if correction is None else "entropies"
        raised.update([flags.sparse_labels(*sizes, shared, how)])
    return replace(estimate, info=details, flags=raised, ceiling_nats=math.log(x.n))


@dataclass(frozen=True)
class ChanceTerms:
    """What pairing at random gives for two sides of labels, see `information_of_labels`.

    Attributes:
        by_chance: The mean of the sum of terms over all pairings.
        most: The largest sum that the labels allow.
        terms: The term of each count; (0,) if all labels of a side differ.
    """

    by_chance: float
    most: float
    terms: NDArray[np.float64]

    @classmethod
    def of(cls, x: RowSymbols, y: RowSymbols) -> "ChanceTerms":
        """Those of two sides, whatever the order of their rows."""
        if x.n in (len(x.counts), len(y.counts)):
            return cls(0.0, 0.0, np.empty(0))
        # In one order of the sides, so that exchanged sides are summed in the same order.
        first, second = sorted(
            (distinct_counts(side.counts) for side in (x, y)),
            key=lambda counts: (len(counts[0]), counts[0].tobytes(), counts[1].tobytes()),
        )
        terms = grassberger_terms(max(int(first[0][-1]), int(second[0][-1])))
        by_chance = expected_sum(*first, *second, x.n, terms)
        most = min(sum_of_terms(*first, terms), sum_of_terms(*second, terms))
        return cls(by_chance, most, terms)

    def share(self, joint: NDArray[np.int64]) -> float:
        """(J - E) / (M - E) from the counts of the pairs of labels that occur."""
        if not len(self.terms):
            return 0.0
        # n G(XY) = n log n - sum: entropies of the margins and log n cancel in both differences.
        of_joint = sum_of_terms(*distinct_counts(joint), self.terms)
        return (of_joint - self.by_chance) / (self.most - self.by_chance)


def share_beyond_chance(x: RowSymbols, y: RowSymbols) -> float:
    """(J - E) / (M - E), see `information_of_labels`: 1 at most, 0 on average over pairings."""
    of_chance = ChanceTerms.of(x, y)
    if not len(of_chance.terms):
        return 0.0
    return of_chance.share(pair_counts(x.symbols, y.symbols, len(x.counts), len(y.counts)))


def _informative_rows(x: RowSymbols, y: RowSymbols) -> int:
    """The rows whose label occurs more than once, on the side with fewer of them.

    The other rows are pairs of their own in every pairing.
    """
    return min(int(side.counts[side.counts > 1].sum()) for side in (x, y))
