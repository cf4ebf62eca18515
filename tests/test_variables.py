"""How a user's arrays become variables: layout, dtypes, extremes, and labels as symbols.

What is refused, and in which words, is in `test_contract.py`, for every estimator.
"""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mibench.contract.variables import as_pair, as_variable
from mibench.errors import InputError

properties = settings(deadline=None, derandomize=True, max_examples=60, database=None)

FLOATS = st.floats(-1e300, 1e300)


def as_pairs_of_equal_rows(rows):
    """(n, n) whether two rows are equal: what labels mean, whatever their symbols."""
    rows = [tuple(row) if isinstance(row, (list, tuple)) else row for row in rows]
    return [[a == b for b in rows] for a in rows]


# -- continuous --------------------------------------------------------------------------------


@properties
@given(hnp.arrays(np.float64, st.tuples(st.integers(2, 9), st.integers(1, 4)), elements=FLOATS))
def test_numbers_keep_their_values(values):
    v = as_variable(values, "x", False)
    assert (v.n, v.dims) == values.shape
    assert np.array_equal(v.columns, values.T)
    assert v.columns.flags.c_contiguous
    assert np.array_equal(v.low, values.min(axis=0))
    assert np.array_equal(v.high, values.max(axis=0))
    assert not v.discrete
    assert v.cardinality == 0
    assert v.constant == all(len(set(column)) == 1 for column in values.T.tolist())


@pytest.mark.parametrize(
    ("given_as", "kept_as"),
    [
        (np.float32, np.float32), (np.float64, np.float64), (np.float16, np.float64),
        (np.int8, np.float64), (np.uint64, np.float64), (np.int64, np.float64),
        (bool, np.float64), (">f8", np.float64),
    ],
)  # fmt: skip
def test_dtypes_of_numbers(given_as, kept_as):
    values = np.array([[0, 1], [1, 1], [1, 0]]).astype(given_as)
    v = as_variable(values, "x", False)
    assert v.columns.dtype == kept_as
    assert v.columns.dtype.isnative
    assert v.float64.dtype == v.low.dtype == v.high.dtype == np.float64
    assert v.float64.tolist() == [[0, 1, 1], [1, 1, 0]]


def test_float32_is_widened_without_loss():
    values = np.float32([0.1, 0.2, 3e38, -1e-45])
    v = as_variable(values, "x", False)
    assert v.float64.tolist() == [values.astype(np.float64).tolist()]
    assert v.high[0] == np.float64(np.float32(3e38))


def test_float64_is_not_copied_for_the_kernels():
    v = as_variable(np.arange(4.0), "x", False)
    assert v.float64 is v.columns


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_a_flat_array_is_one_column(shape):
    v = as_variable(np.arange(5.0).reshape(shape), "x", False)
    assert (v.n, v.dims) == (5, 1)
    assert v.columns.tolist() == [[0, 1, 2, 3, 4]]


def test_the_full_range_of_floats_is_accepted():
    v = as_variable([[-8.9e307, 5e-324], [8.9e307, -5e-324]], "x", False)
    assert not v.constant
    assert v.high.tolist() == [8.9e307, 5e-324]


def test_integers_beyond_2_53_are_accepted_as_the_nearest_floats():
    v = as_variable(np.array([2**62, 2**62 + 1, -(2**62)]), "x", False)
    assert v.columns[0].tolist() == [2.0**62, 2.0**62, -(2.0**62)]


@pytest.mark.parametrize("bad", ["1e4000", "-1e4000"])
def test_long_doubles_beyond_float64_are_refused(bad):
    values = np.array([0, np.longdouble(bad), 2], np.longdouble)
    with pytest.raises(InputError, match=r"x (holds|spans)"):
        as_variable(values, "x", False)


def test_masked_values_do_not_pass_for_numbers():
    """np.asarray drops the mask; the number under it, often 1e20, is no datum."""
    values = np.ma.masked_array([0.0, 1.0, 1e20, 3.0], mask=[False, False, True, False])
    with pytest.raises(InputError, match=r"^x has .*masked.*remove"):
        as_variable(values, "x", False)
    v = as_variable(np.ma.masked_array([0.0, 1.0], mask=False), "x", False)
    assert v.columns.tolist() == [[0, 1]]


# -- labels ------------------------------------------------------------------------------------

SOME = [3, 1, 3, 2, 1, 3]
LABELS = {
    "int64": np.array(SOME),
    "int8": np.array(SOME, np.int8),
    "int8 at its limits": np.array([127, -128, 127, 0, -128, 127], np.int8),
    "uint8": np.array(SOME, np.uint8),
    "uint64": np.array(SOME, np.uint64),
    "uint64 beyond int64": np.uint64(2**63) + np.array(SOME, np.uint64),
    "uint64 far apart": np.array([2**64 - 1, 0, 2**64 - 1, 5, 0, 2**64 - 1], np.uint64),
    "int64 at its limits": np.array([2**63 - 1, -(2**63), 2**63 - 1, 0, -(2**63), 2**63 - 1]),
    "int64 near its lower limit": np.array(SOME) + np.int64(-(2**63)),
    "large gaps": np.array(SOME) * 10**15,
    "negative": -np.array(SOME),
    "float": np.array(SOME) / 3,
    "float32": np.array(SOME, np.float32) / np.float32(3),
    "infinite": np.array([np.inf, -np.inf, np.inf, 0.0, -np.inf, np.inf]),
    "complex": np.array(SOME) * 1j,
    "text": np.array(["b", "é", "b", "", "é", "b"]),
    "bytes": np.array([b"b", b"a", b"b", b"", b"a", b"b"]),
    "text that differs at its end": np.array(["x" * 50 + c for c in "babcab"]),
    "objects": np.array(["b", "a", "b", "c", "a", "b"], object),
    "objects of several types": np.array([1, "a", 1, 2.5, "a", 1], object),
    "1 and '1'": np.array([1, "1", 1, 2, "1", 1], object),
    "True and 'True'": np.array([True, "True", True, "False", "True", True], object),
    "dates": np.array(["2020-01-03", "2020-01-01", "2020-01-03", "2020-01-02", "2020-01-01",
                       "2020-01-03"], "M8[D]"),
    "categories": pd.Categorical(["b", "a", "b", "c", "a", "b"]),
    "series of text": pd.Series(["b", "a", "b", "c", "a", "b"]),
    "series of string": pd.Series(["b", "a", "b", "c", "a", "b"], dtype="string"),
    "series of Int64": pd.Series(SOME, dtype="Int64"),
    "list": SOME,
    "list of text": list("bacbab"),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_labels_are_equal_where_they_were(name):
    values = LABELS[name]
    v = as_variable(values, "y", True)
    assert v.discrete
    assert (v.n, v.dims) == (6, 1)
    assert as_pairs_of_equal_rows(v.symbols.tolist()) == as_pairs_of_equal_rows(list(values))
    assert v.cardinality == len(set(values))
    assert sorted(set(v.symbols.tolist())) == list(range(v.cardinality))
    assert v.counts.tolist() == np.bincount(v.symbols).tolist()
    assert v.symbols.dtype == np.int64
    assert not v.constant


def test_bools_are_two_labels():
    v = as_variable([True, False, True], "y", True)
    assert v.counts.tolist() == [1, 2]


def test_both_zeros_are_one_label():
    assert as_variable([0.0, -0.0, 1.0], "y", True).cardinality == 2


def test_one_label_is_constant():
    for values in ([5, 5], ["a"] * 3, [[1, "b"]] * 4, np.zeros((3, 2), bool)):
        v = as_variable(values, "y", True)
        assert v.constant
        assert v.counts.tolist() == [len(values)]


@properties
@given(
    hnp.arrays(
        np.int64,
        st.tuples(st.integers(2, 12), st.integers(1, 5)),
        elements=st.sampled_from([0, 1, 2, -(2**63), 2**63 - 1, 10**6]),
    )
)
def test_a_row_of_labels_is_one_symbol(values):
    v = as_variable(values, "x", True)
    assert as_pairs_of_equal_rows(v.symbols.tolist()) == as_pairs_of_equal_rows(values.tolist())
    _, counts = np.unique(values, axis=0, return_counts=True)
    assert sorted(v.counts.tolist()) == sorted(counts.tolist())
    assert (v.n, v.dims) == values.shape


def test_rows_of_text_do_not_run_together():
    v = as_variable([["a", "bc"], ["ab", "c"], ["a", "bc"], ["abc", ""]], "x", True)
    assert v.symbols.tolist()[0] == v.symbols.tolist()[2]
    assert v.cardinality == 3


def test_rows_of_many_columns_with_many_labels():
    """10 columns of 1000 labels: 1000^10 combinations are more than an integer holds."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 1000, (2000, 10))
    values[1000:] = values[:1000]
    v = as_variable(values, "x", True)
    assert v.cardinality == 1000
    assert (v.counts == 2).all()
    assert np.array_equal(v.symbols[:1000], v.symbols[1000:])


@pytest.mark.parametrize("scale", [1, 10**9])
def test_the_table_and_the_sort_agree(scale):
    """Labels close together are numbered through a table, others by sorting."""
    values = np.random.default_rng(0).integers(-50, 50, 500)
    v = as_variable(values * scale, "x", True)
    _, symbols, counts = np.unique(values, return_inverse=True, return_counts=True)
    assert np.array_equal(v.symbols, symbols)
    assert np.array_equal(v.counts, counts)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dims", [1, 3])
def test_extremes_of_more_rows_than_are_looked_at_at_once(dims, dtype):
    """And whatever is no number is found, in the first part of the rows or in the last."""
    values = np.random.default_rng(0).normal(size=(2**16 + 5, dims)).astype(dtype)
    v = as_variable(values, "x", False)
    assert np.array_equal(v.low, values.min(axis=0).astype(np.float64))
    assert np.array_equal(v.high, values.max(axis=0).astype(np.float64))
    for row in (3, 2**16 + 4):
        for bad in (np.nan, np.inf, -np.inf):
            spoiled = values.copy()
            spoiled[row, dims - 1] = bad
            with pytest.raises(InputError, match=f"x holds {bad} in row {row}, column {dims - 1}"):
                as_variable(spoiled, "x", False)


# -- pairs -------------------------------------------------------------------------------------


def test_a_pair_names_its_sides():
    x, y = as_pair([1, 2, 3], [["a"], ["b"], ["a"]], False, True)
    assert not x.discrete
    assert y.discrete
    for sides, name in ((([1, np.nan], [1, 2]), "x"), (([1, 2], [1, np.nan]), "y")):
        with pytest.raises(InputError, match=f"^{name} holds nan in row 1, column 0"):
            as_pair(*sides, False, False)


def test_what_is_wrong_first_is_said_first():
    """A side that is no data at all is named before the lengths are compared."""
    with pytest.raises(InputError, match="x has shape"):
        as_pair(np.zeros((2, 2, 2)), [1, 2, 3], False, False)


def test_an_input_error_is_a_value_error():
    assert issubclass(InputError, ValueError)


def test_variables_are_frozen():
    v = as_variable([1.0, 2.0], "x", False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        v.n = 3
