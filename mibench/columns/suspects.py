"""Numbers that may stand for missing values, such as -999. They are named, and not changed."""

import re

import numpy as np
from numpy.typing import NDArray

NINES = re.compile(r"-?9{2,}|-9")
AT_LEAST = 2  # rows
ENOUGH = 5  # other values, whose range tells what is far
FAR, FAR_OF_NINES = 100, 1  # ranges of the other values, by which a value is apart from them
MOST = 3  # of such numbers in a column


def suspects(numbers: NDArray[np.float64]) -> str:
    """The numbers of a column (n, 1) that may mean "missing", in words; "" if none may.

    Such a number is the smallest or the largest, occurs repeatedly, and is apart from all others by
    more than their range if it is written with nines alone, and by far more if it is not.
    """
    if numbers.ndim != 2 or numbers.shape[1] != 1:
        return ""
    values = numbers[:, 0]
    values = values[np.isfinite(values)]
    descriptions: list[str] = []
    while len(descriptions) < MOST and len(values):
        low, high = float(values.min()), float(values.max())
        for extreme in (low, high):
            others = values[values != extreme]
            count = len(values) - len(others)
            if count < AT_LEAST or len(others) < ENOUGH:
                continue
            bottom, top = others.min(), others.max()
            gap = bottom - extreme if extreme == low else extreme - top
            if top > bottom and gap > _far(extreme) * (top - bottom):
                descriptions.append(f"{extreme:.15g} in {count} rows")
                values = others
                break
        else:
            break
    return ", ".join(descriptions)


def _far(value: float) -> int:
    return FAR_OF_NINES if NINES.fullmatch(f"{value:.15g}") else FAR
