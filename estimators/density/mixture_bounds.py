"""Bounds on the information of a layer with Gaussian noise: its entropy is that of a mixture."""

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
LEAF_ROWS = 64
STRIPS = 8  # sums of their own; a fixed number, so that threads change no rounding
NEGLIGIBLE = 54.0  # n terms of 2^-(54 + log2 n) are less than half an ulp of 1


def mixture_information(
    values: Variable, labels: Sequence[Variable], noise_variance: float, variant: Variant
) -> list[float]:
    """I(C;T + Z) in nats for each C of `labels`, T the rows of `values`, Z ~ N(0, s2 I).

    T + Z is a mixture of n Gaussians, whose entropy lies between two pairwise bounds (Kolchinsky
    & Tracey 2017, doi:10.3390/e19070361, eq. 10),

        H = H(Z) - (1/n) sum_i log (1/n) sum_j exp(-D_ij),

    D = |t_i - t_j|^2 / 2 s2 for the upper, / 8 s2 for the lower one. The same holds within a label,
    and I = H(all) - sum_c p(c) H(c), in which H(Z) cancels:

        I = (1/n) sum_i [log (S_i of the same label / n_label) - log (S_i / n)].
    """
    columns = centred(values.float64[values.low < values.high])
    with np.errstate(over="ignore"):
        columns *= math.sqrt(math.log2(math.e) / (DIVISORS[variant] * noise_variance))
    if not np.isfinite(columns).all():
        raise InputError(
            f"kde: noise_variance={noise_variance:g} is so small that the distances between rows, "
            "in units of it, overflow: give a larger one"
        )
    n = values.n
    repeated = [c for c in labels if c.cardinality < n]
    sums = iter(_kernel_sums(columns, [c.symbols for c in repeated]))
    of_all = float(np.log(next(sums) / n).mean())
    # A label that occurs once leaves one Gaussian, of entropy H(Z): log (1 / 1).
    return [
        (float(np.log(next(sums) / c.counts[c.symbols]).mean()) if c.cardinality < n else 0.0)
        - of_all
        for c in labels
    ]


def _kernel_sums(columns: Float, symbols: Sequence[NDArray[np.int64]]) -> Float:
    """(1 + labellings, n) sums of 2^-|difference|^2 over all rows, and over those of its label."""
    n = columns.shape[1]
    tree = build_tree(columns, LEAF_ROWS)
    leaves = (len(tree.bounds) + 1) // 2
    bounds, box = tree.bounds[-leaves:], tree.box[-leaves:]
    arranged = np.ascontiguousarray(tree.arranged.T)
    labels = np.empty((len(symbols), n), np.int64)
    for row, own in zip(labels, symbols, strict=True):
        row[:] = own[tree.order]
    parts = np.zeros((STRIPS, 1 + len(symbols), n))
    far = NEGLIGIBLE + math.log2(n)

    def strips(first: int, last: int) -> None:
        for s in range(first, last):
            mixture_sums(arranged, labels, bounds, box, far, s, leaves, STRIPS, parts[s])

    share_rows(strips, STRIPS, 1)
    sums = np.empty(parts.shape[1:])
    sums[:, tree.order] = parts.sum(axis=0)
    return sums
