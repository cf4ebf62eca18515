"""X and Y of your own network: the inputs, of which equal ones are one value, and the classes."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.contract.variables import as_variable
from mibench.errors import InputError

from ..data.entropy import entropy_bits

MANY_CLASSES = 20  # more are refused if every class has hardly more than one row


@dataclass(frozen=True, eq=False)
class Sides:
    """The inputs and the labels as numbers from 0, (n,) each.

    fingerprint: SHA-256 (hex) of the inputs; "" if they are unknown.
    """

    symbols: NDArray[np.int64]
    labels: NDArray[np.int64]
    fingerprint: str = ""

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.labels)

    @property
    def h_x_bits(self) -> float:
        """H(X) in bits, all rows being equally likely."""
        return entropy_bits(self.symbols)

    @property
    def h_y_bits(self) -> float:
        """H(Y) in bits."""
        return entropy_bits(self.labels)


def make_sides(labels: Any, inputs: Any = None) -> Sides:
    """Check labels (n,), and inputs (n, ...) or None if all of them differ."""
    numbers = _classes(as_array(labels, "labels"))
    if inputs is None:
        return Sides(np.arange(len(numbers)), numbers)
    rows = as_array(inputs, "inputs")
    if rows.ndim == 0 or len(rows) != len(numbers):
        raise InputError(
            f"inputs have shape {rows.shape} and there are {len(numbers)} labels: give one label "
            "for each input"
        )
    if rows.dtype.kind not in "buif":
        raise InputError(f"inputs hold {rows.dtype} values: give numbers, or leave inputs out")
    flat = np.ascontiguousarray(rows.reshape(len(rows), -1))
    flat = flat + 0 if flat.dtype.kind == "f" else flat  # -0 becomes 0, which is equal to it
    return Sides(_symbols(flat), numbers, hashlib.sha256(flat.tobytes()).hexdigest())


def as_array(values: Any, what: str) -> NDArray[Any]:
    """An array or a tensor of any device, with or without a gradient, as a NumPy array."""
    if hasattr(values, "detach") and hasattr(values, "cpu"):  # a tensor of torch
        tensor = values.detach().cpu()
        if str(tensor.dtype) == "torch.bfloat16":  # which NumPy lacks
            tensor = tensor.float()
        try:
            values = tensor.resolve_conj().resolve_neg().numpy()
        except (TypeError, RuntimeError) as error:  # a sparse or quantised one
            raise InputError(
                f"{what} are a tensor that cannot be an array ({error}): make it a dense one"
            ) from None
    if np.ma.is_masked(values):
        raise InputError(f"{what} have masked values: remove such rows or fill them in")
    try:
        return np.asarray(values)
    except ValueError:  # rows of different lengths
        raise InputError(f"{what} do not form a table: give rows of equal length") from None


def _classes(labels: NDArray[Any]) -> NDArray[np.int64]:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        remedy = "labels.argmax(1) numbers rows of one 1 each" if labels.ndim == 2 else ""
        raise InputError(
            f"labels have shape {labels.shape}: give (n,), one class for each input"
            + (f"; {remedy}" if remedy else "")
        )
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels % 1 != 0).any():
        value = labels[labels % 1 != 0][0]
        raise InputError(
            f"labels hold {value}, which is no class: I(T;Y) needs classes. Make some of the "
            "numbers, e.g. numpy.digitize(labels, numpy.quantile(labels, [0.25, 0.5, 0.75]))"
        )
    side = as_variable(labels, "labels", True)
    if side.cardinality < 2:
        raise InputError(
            f"labels are all {labels.flat[0]!s}: give at least 2 classes, or I(T;Y) is 0"
        )
    if side.cardinality > max(MANY_CLASSES, side.n // 2):
        raise InputError(
            f"labels have {side.cardinality} classes in {side.n} rows: I(T;Y) needs several rows "
            "of each class. Are they numbers to predict? numpy.digitize makes classes of them"
        )
    return np.unique(side.symbols, return_inverse=True)[1].astype(np.int64)


def _symbols(rows: NDArray[Any]) -> NDArray[np.int64]:
    """The number of each row; equal rows have the same."""
    numbers: dict[bytes, int] = {}
    return np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.int64)
