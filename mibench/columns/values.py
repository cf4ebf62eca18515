"""Values of a column: as numbers or objects, which are numbers, which are missing."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

# As in data files: `float` also takes 1_000 and digits of other scripts.
NUMBER = re.compile(
    r"\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)\s*", re.ASCII | re.IGNORECASE
)
# What means "missing" in a column of numbers or undeclared text, beside an empty field.
MISSING_WORDS = (
    "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None",
    "#N/A N/A", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN",
)  # fmt: skip
MAX_EXACT = 2**53  # beyond it, float64 does not hold every whole number


def column_values(values: "pd.Series[Any]") -> NDArray[Any]:
    """A column as numbers with NaN for missing values, or else as objects with None for them.

    Whole numbers that float64 does not hold stay whole: objects, if some are missing.
    """
    kind = getattr(values.dtype, "kind", "O")
    if kind not in "iufb":
        return values.astype(object).where(values.notna(), None).to_numpy(dtype=object)
    holes = np.asarray(values.array.isna())
    if holes.all():
        return np.full(len(values), np.nan)
    if not holes.any():
        return np.asarray(values.to_numpy(dtype=getattr(values.dtype, "numpy_dtype", None)))
    if kind in "iu" and max(-int(values.min()), int(values.max())) > MAX_EXACT:
        return values.astype(object).where(values.notna(), None).to_numpy(dtype=object)
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def is_number(value: object) -> bool:
    """Whether a value, as text, is a number as data files write it; also inf and nan."""
    return NUMBER.fullmatch(str(value)) is not None


def missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a value is missing: NaN or None."""
    if values.dtype.kind in "fcmM":
        return np.asarray(values != values)
    if values.dtype.kind == "O":
        import pandas as pd

        return np.asarray(pd.isna(values))
    return np.zeros(values.shape, np.bool_)


def is_missing(value: object) -> bool:
    """Whether one value is None, NaN or pandas' NA."""
    try:
        return value is None or bool(value != value)
    except ValueError:  # an array: neither missing nor a number
        return False
    except TypeError:  # pandas' NA has no truth value
        return True
