"""Checks on real images: digits of 8 x 8 pixels, which the package scikit-learn ships.

X and Y are images of the same digit, drawn independently of each other given the digit. So I(X;Y)
is that of the digits, log 10, as in the suite `shared-labels`. The checks are those of Song & Ermon
2020, arXiv:1910.06222 (section 4.2), with another relation: their Y is a part of the image X, whose
MI with X is unknown.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..tasks.shared_labels import deal, load
from .properties import Check, Measure

Float = NDArray[np.float64]

DIGITS = 10
SIDE = 8  # pixels


def require_images() -> None:
    """Raise InputError if the images are not installed."""
    try:
        load("digits")
    except ModuleNotFoundError as error:
        raise InputError(
            "the images are those of scikit-learn, which is not installed: "
            "pip install 'mibench[sklearn]'"
        ) from error


def images_of_equal_digits(rng: np.random.Generator, n: int) -> tuple[Float, Float]:
    """Two images (n, 64) of the same digit, in each row."""
    digits, rows = rng.integers(DIGITS, size=n), load("digits")
    return deal(rows, digits, rng), deal(rows, digits, rng)


def _known(measure: Measure, rng: np.random.Generator, n: int) -> float:
    return measure(*images_of_equal_digits(rng, n)).nats - math.log(DIGITS)


def _independent(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, _ = images_of_equal_digits(rng, n)
    _, y = images_of_equal_digits(rng, n)
    return measure(x, y).nats


def _hidden(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, y = images_of_equal_digits(rng, n)
    upper_half, quarter = y[:, : SIDE * SIDE // 2], y[:, : SIDE * SIDE // 4]
    whole, half, less = (measure(x, part).nats for part in (y, upper_half, quarter))
    return max(half - whole, less - half)


def _two_copies(measure: Measure, rng: np.random.Generator, n: int) -> float:
    x, y = images_of_equal_digits(rng, n)
    return measure(x, np.hstack([y, y])).nats - measure(x, y).nats


def _two_pairs(measure: Measure, rng: np.random.Generator, n: int) -> float:
    (x, y), (other_x, other_y) = (images_of_equal_digits(rng, n) for _ in range(2))
    apart = measure(x, y).nats + measure(other_x, other_y).nats
    return measure(np.hstack([x, other_x]), np.hstack([y, other_y])).nats - apart


IMAGE_CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        Check("same digit", "I less log 10, two images of the same digit", 0.25, _known),
        Check("other digits", "I of independent images", 0.1, _independent),
        Check("hidden rows", "what I rises by when half of the rows of Y are hidden, and half of "
              "the rest", 0.1, _hidden, True),
        Check("two copies", "I(X;[Y,Y]) - I(X;Y), which is 0", 0.1, _two_copies),
        Check("two pairs", "I of two independent pairs of images, less the sum of both", 0.25,
              _two_pairs),
    )
}  # fmt: skip
