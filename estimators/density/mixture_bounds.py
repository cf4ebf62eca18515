"""Bounds on the information of a layer with Gaussian noise, which is a mixture of Gaussians."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import Variable
from mibench.errors import InputError

from ..kernels.mixture import mixture_sums
from ..neighbours.partitions import build_tree
from ..shared.columns import centred
from ..shared.threads import share_rows

Variant = Literal["upper", "lower"]
Float = NDArray[np.float64]

DIVISORS = {"upper": 2.0, "lower": 8.0}  # KL divergence and Bhattacharyya distance
MAX_LEAF_ROWS = 64
PARTIAL_SUMS = 8  # a fixed number, so that the number of threads changes no rounding
MAX_EXPONENT = 54.0  # n terms of 2^-(54 + log2 n) sum to less than half an ulp of 1


def mixture_information(
    values: Variable, labels: Sequence[Variable], noise_variance: float, variant: Variant
) -> list[float]:
    """I(C;T + Z) in nats for each C of `labels`; T are the rows of `values`, Z ~ N(0, s2 I).

    T + Z is a mixture of n Gaussians, whose entropy lies between two pairwise bounds (Kolchinsky
    & Tracey 2017, doi:10.3390/e19070361, eq. 10),

        H = H(Z) - (1/n) sum_i log (1/n) sum_j exp(-D_ij),

    D = |t_i - t_j|^2 / 2 s2 for the upper bound, / 8 s2 for the lower one. The same holds within a
    label, and I = H(all) - sum_c p(c) H(c), where H(Z) cancels:

        I = (1/n) sum_i [log (S_i of the same label / n_label) - log (S_i / n)].
    """
    columns = centred(values.float64[values.low < values.high])
    with np.errstate(over="ignore"):
        columns *= math.sqrt(math.log2(math.e) / (DIVISORS[variant] * noise_variance))
    if not np.isfinite(columns).all():
        raise InputError(
            f"kde: noise_variance={noise_variance:g} is so small that the distances between rows, "
            "in units of it, overflow: use a larger noise_variance"
        )
    n = values.n
    repeated = [c for c in labels if c.cardinality < n]
    sums = iter(_kernel_sums(columns, [c.symbols for c in repeated]))
    of_all = float(np.log(next(sums) / n).mean())
    # A label that occurs once leaves a single Gaussian, of entropy H(Z): its term is log(1 / 1).
    return [
        (float(np.log(next(sums) / c.counts[c.symbols]).mean()) if c.cardinality < n else 0.0)
        - of_all
        for c in labels
    ]


def _kernel_sums(columns: Float, symbols: Sequence[NDArray[np.int64]]) -> Float:
    """Sums (1 + labellings, n) of 2^-|difference|^2: over all rows, and over those of the label."""
    n = columns.shape[1]
    tree = build_tree(columns, MAX_LEAF_ROWS)
    leaves = (len(tree.bounds) + 1) // 2
    bounds, box = tree.bounds[-leaves:], tree.box[-leaves:]
    arranged = np.ascontiguousarray(tree.arranged.T)
    labels = np.empty((len(symbols), n), np.int64)
    for in_tree_order, in_row_order in zip(labels, symbols, strict=True):
        in_tree_order[:] = in_row_order[tree.order]
    partial_sums = np.zeros((PARTIAL_SUMS, 1 + len(symbols), n))
    far = MAX_EXPONENT + math.log2(n)

    def add(first: int, last: int) -> None:
        for p in range(first, last):
            mixture_sums(
                arranged, labels, bounds, box, far, p, leaves, PARTIAL_SUMS, partial_sums[p]
            )

    share_rows(add, PARTIAL_SUMS, 1)
    sums = np.empty(partial_sums.shape[1:])
    sums[:, tree.order] = partial_sums.sum(axis=0)
    return sums
