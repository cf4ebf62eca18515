"""The contract of `test_contract.py`, second part: what every registered estimator refuses.

Each refusal is an InputError whose message names the bad value and the remedy.
"""

import math

import numpy as np
import pandas as pd
import pytest

from mibench import Estimator, InputError

from .contract_points import POINTS, made


def _in_parts():
    """Estimators that run when they are named, and refuse by the base class alone, are slow ones.

    Their code is not reached, so that a quick run need not repeat it for each of them.
    """
    for name in sorted(POINTS):
        kind = POINTS[name].load()
        alike = not getattr(kind, "by_default", True) and kind.estimate is Estimator.estimate
        yield pytest.param(name, marks=[pytest.mark.slow] * alike)


@pytest.fixture(params=[*_in_parts()])
def estimator(request):
    return made(request.param)


CODE = np.arange(200) % 4
GOOD = np.random.default_rng(0).normal(size=(200, 1))


def with_value(value, row=3):
    x = GOOD.copy()
    x[row] = value
    return x


# What one side is given -> what the message must say: which side, the bad value, and what to do.
REFUSED = [
    ("nan", with_value(np.nan), ("{side} holds nan", "row 3", "leave")),
    ("inf", with_value(np.inf), ("{side} holds inf", "row 3", "leave")),
    ("-inf", with_value(-np.inf, 199), ("{side} holds -inf", "row 199", "leave")),
    ("nan in float32", with_value(np.nan).astype(np.float32), ("{side} holds nan", "row 3")),
    ("nan in column 1", np.c_[GOOD, with_value(np.nan)], ("{side} holds nan", "column 1")),
    ("all nan", np.full((200, 2), np.nan), ("{side} holds nan", "row 0", "400 such")),
    ("nan in a list", [math.nan, *range(199)], ("{side} holds nan", "row 0", "leave")),
    ("nothing", [], ("{side} has 0 row", "at least 2")),
    ("one row", [1.0], ("{side} has 1 row", "at least 2")),
    ("one row of 200", GOOD.T, ("{side} has 1 row", "at least 2")),
    ("no columns", np.empty((200, 0)), ("{side} has no columns", "at least 1")),
    ("three dimensions", GOOD[:, :, np.newaxis], ("{side} has shape (200, 1, 1)", "(n, d)")),
    ("a number", 3.0, ("{side} has shape ()", "(n, d)")),
    ("None", None, ("{side} has shape ()", "(n, d)")),
    ("a word", "data", ("{side} has shape ()", "(n, d)")),
    ("numbers as text", ["1", "2"] * 100, ("{side} holds", "'1'", "discrete_{side}=True")),
    ("objects", np.array([1, "b"] * 100, object), ("{side} holds", "'b'", "discrete_{side}=True")),
    ("None in a list", [None, *range(199)], ("{side} holds nan in row 0", "leave")),
    ("complex", GOOD + 1j, ("{side} holds complex", "convert")),
    ("dates", pd.date_range("2020", periods=200), ("{side} holds dates (datetime64", "convert")),
    ("wider than 1e308", np.r_[-1e308, 1e308, np.zeros(198)], ("{side} spans", "1e308", "rescale")),
    ("unequal rows", [[1.0, 2.0], *([float(i)] for i in range(199))], ("{side}", "(n, d)")),
]


@pytest.mark.parametrize(("bad", "says"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
@pytest.mark.parametrize("side", ["x", "y"])
def test_bad_numbers_are_refused_by_name(estimator, side, bad, says):
    with pytest.raises(InputError) as caught:
        estimator.estimate(*((bad, GOOD) if side == "x" else (GOOD, bad)))
    for words in says:
        assert words.format(side=side) in str(caught.value)


@pytest.mark.parametrize(("n", "m"), [(199, 200), (200, 100), (2, 400)])
def test_rows_must_match(estimator, n, m):
    x, y = np.arange(float(n)), np.arange(float(m))
    for labels in ({}, {"discrete_x": True}, {"discrete_y": True}):
        with pytest.raises(InputError, match=f"x has {n} rows and y has {m}.*must belong"):
            estimator.estimate(x, y, **labels)


BAD_LABELS = [
    ("nan", np.where(CODE == 1, np.nan, CODE), ("nan", "row 1", "remove")),
    ("None", np.array([1, None] * 100, object), ("row 1", "remove")),
    ("missing text", pd.Series(["a", None] * 100), ("row 1", "remove")),
    ("missing string", pd.Series(["a", pd.NA] * 100, dtype="string"), ("row 1", "remove")),
    ("missing integer", pd.Series([1, pd.NA] * 100, dtype="Int64"), ("row 1", "remove")),
    ("missing date", np.array(["2020-01-01", "NaT"] * 100, "M8[D]"), ("row 1", "remove")),
    ("three dimensions", np.zeros((200, 1, 1), int), ("(200, 1, 1)", "(n, d)")),
    ("one row", ["a"], ("1 row", "at least 2")),
    ("nothing", [], ("0 row", "at least 2")),
]


@pytest.mark.parametrize(
    ("bad", "says"), [b[1:] for b in BAD_LABELS], ids=[b[0] for b in BAD_LABELS]
)
@pytest.mark.parametrize("side", ["x", "y"])
def test_bad_labels_are_refused_by_name(estimator, side, bad, says):
    labels = {f"discrete_{side}": True}
    with pytest.raises(InputError) as caught:
        estimator.estimate(*((bad, GOOD) if side == "x" else (GOOD, bad)), **labels)
    for words in (f"{side} has", *says):
        assert words in str(caught.value)


def test_refusing_does_not_spoil_the_next_call(estimator):
    sample = GOOD, GOOD**2
    want = estimator.estimate(*sample).nats
    with pytest.raises(InputError):
        estimator.estimate(with_value(np.nan), GOOD)
    assert estimator.estimate(*sample).nats == want
