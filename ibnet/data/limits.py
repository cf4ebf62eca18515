"""What no layer exceeds if the inputs do not determine the labels: the bottleneck curve."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.bottleneck import information_bottleneck

from .entropy import entropy_bits

MOST_GROUPS = 40  # of inputs with the same p(y|x), up to which the curve takes a second or so
ATTRIBUTES = ("i_xy_bits", "curve_i_xt_bits", "curve_i_ty_bits")  # those that may be recorded
# Slopes of the curve, times that at which a T that says little begins to be worth it.
SLOPES = np.concatenate(
    [
        np.geomspace(1e-4, 0.02, 8), np.linspace(0.04, 1, 49), np.linspace(1.005, 1.2, 20),
        [1.3, 1.5, 2, 3],
    ]
)  # fmt: skip


def limit_attributes(symbols: NDArray[np.int64], labels: NDArray[np.int64]) -> dict[str, Any]:
    """What trajectories record of the limit of I(T;Y), if equal inputs have different labels.

    Then I(X;Y) is below H(Y), and no layer T exceeds the bottleneck curve of the p(x, y) that is
    uniform over the rows.

    Args:
        symbols: (n,) the inputs as numbers from 0, equal ones the same.
        labels: (n,) the labels as numbers from 0.

    Returns:
        Nothing if each input has one label, and the limit is min(I(X;T), H(Y)). Otherwise
        `i_xy_bits`, and with at most `MOST_GROUPS` different p(y|x) also `curve_i_xt_bits` and
        `curve_i_ty_bits`: points of the curve, from 0 to I(X;Y).
    """
    i_xy = information_bits(symbols, labels)
    if i_xy is None:
        return {}
    attributes: dict[str, Any] = {"i_xy_bits": i_xy}
    joint = _groups(symbols, labels) / len(labels)
    if 1 < len(joint) <= MOST_GROUPS:
        i_xt, i_ty = _curve(joint)
        attributes |= {"curve_i_xt_bits": i_xt.tolist(), "curve_i_ty_bits": i_ty.tolist()}
    return attributes


def information_bits(symbols: NDArray[np.int64], labels: NDArray[np.int64]) -> float | None:
    """I(X;Y) of these rows; None if each input has one label, and it is H(Y)."""
    classes = int(labels.max()) + 1
    pairs = np.unique(symbols * classes + labels, return_inverse=True)[1]
    if pairs.max() == symbols.max():
        return None
    return max(entropy_bits(symbols) + entropy_bits(labels) - entropy_bits(pairs), 0.0)


def _groups(symbols: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """(groups, classes) the rows of inputs with the same p(y|x), by their labels."""
    counts = np.zeros((int(symbols.max()) + 1, int(labels.max()) + 1), np.int64)
    np.add.at(counts, (symbols, labels), 1)
    lowest_terms = counts // np.gcd.reduce(counts, axis=1, keepdims=True)
    distinct, place = np.unique(lowest_terms, axis=0, return_inverse=True)
    table = np.zeros_like(distinct)
    np.add.at(table, place.ravel(), counts)
    return table


def _curve(joint: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """I(X;T) and I(T;Y) of the bottleneck curve in bits, from 0 to where T says all of Y."""
    p_x, p_y = joint.sum(axis=1), joint.sum(axis=0)
    correlation = np.linalg.svd(joint / np.sqrt(np.outer(p_x, p_y)), compute_uv=False)[1]
    slopes = SLOPES * correlation**2
    curve = information_bottleneck(joint, 1 / slopes[slopes < 1])
    i_xt = np.concatenate([[0.0], curve.i_xt, [float(-(p_x * np.log(p_x)).sum())]])
    i_ty = np.concatenate([[0.0], curve.i_ty, [curve.i_xy]])
    order = np.lexsort((i_ty, i_xt))
    kept = np.maximum.accumulate(i_ty[order])
    return i_xt[order] / math.log(2), kept / math.log(2)
