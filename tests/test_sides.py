"""Data as people have it: data frames, series, tensors and lists give what arrays give."""

import decimal
from functools import cache, partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse

import mibench
from mibench import InputError
from mibench.contract.sides import as_side

RNG = np.random.default_rng(0)
N = 60
A = RNG.normal(size=N)
B = A + RNG.normal(size=N)
C = np.where(A > 0, "high", "low")
K = RNG.integers(0, 3, N)
CODES = np.unique(C, return_inverse=True)[1]

KNN = mibench.get_estimator("knn")
by_knn = partial(mibench.estimate, estimator="knn")


@cache  # when a test asks, since every test process imports this file, and each would compile
def of_numbers() -> float:
    return KNN.estimate(A, B).nats


@cache
def of_labels() -> float:
    return KNN.estimate(A, CODES, discrete_y=True).nats


def polars():
    return pytest.importorskip("polars", reason="polars is no dependency of mibench")


def xarray():
    return pytest.importorskip("xarray", reason="xarray comes with the extra ibnet")


def torch():
    return pytest.importorskip("torch", reason="torch comes with the extra torch")


COLUMNS = {"a": A, "b": B, "c": C}
TABLES = {
    "dict": lambda: COLUMNS,
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas with an index": lambda: pd.DataFrame(COLUMNS, index=range(N, 0, -1)),
    "pandas of arrow": lambda: pd.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow"),
    "pandas, nullable": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "polars": lambda: polars().DataFrame(COLUMNS),
    "pyarrow": lambda: pa.table(COLUMNS),
    "batch of pyarrow": lambda: pa.RecordBatch.from_pydict(COLUMNS),
    "xarray": lambda: xarray().Dataset({name: ("row", v) for name, v in COLUMNS.items()}),
    "fields of numpy": lambda: np.rec.fromarrays([A, B, C], names="a,b,c").view(np.ndarray),
}


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_columns_of_any_table(make):
    table = make()
    assert by_knn(table, x="a", y=["b"]).nats == of_numbers()
    assert mibench.estimate(table, "knn", x=["a"], y="c").nats == of_labels()
    both = by_knn(table, x=["a", "b"], y="c").nats
    assert both == KNN.estimate(np.c_[A, B], CODES, discrete_y=True).nats
    with pytest.raises(InputError, match=r"y: unknown column 'bb'; did you mean 'b'\?"):
        mibench.estimate(table, x="a", y="bb")


def test_columns_by_position_and_names_of_any_type():
    array = np.c_[A, B]
    assert by_knn(array, x=0, y=[1]).nats == of_numbers()
    frame = pd.DataFrame(array, columns=[("s", 1), 7])
    assert by_knn(frame, x=("s", 1), y=7).nats == of_numbers()


def test_both_ways_to_call_take_an_estimator_and_keywords():
    table = {"a": A, "b": B}
    for call in (
        lambda: mibench.estimate(A, B, "adaptive"),
        lambda: mibench.estimate(A, B, estimator="adaptive"),
        lambda: mibench.estimate(A, y=B, estimator="adaptive"),
        lambda: mibench.estimate(x=A, y=B, estimator="adaptive"),
        lambda: mibench.estimate(table, "adaptive", x="a", y="b"),
        lambda: mibench.estimate(table, x="a", y="b", estimator="adaptive"),
    ):
        assert call().nats == mibench.get_estimator("adaptive").estimate(A, B).nats


NULLABLE = pd.Series([*K[1:], None], dtype="Int64")
# Numbers that are A, in the containers that hold them.
SERIES = {
    "list": lambda: A.tolist(),
    "pandas": lambda: pd.Series(A),
    "index": lambda: pd.Index(A),
    "Float64": lambda: pd.Series(A, dtype="Float64"),
    "objects": lambda: A.astype(object),
    "polars": lambda: polars().Series(A),
    "arrow": lambda: pa.array(A),
    "chunks of arrow": lambda: pa.chunked_array([A[:20], A[20:]]),
    "DataArray": lambda: xarray().DataArray(A, dims="row"),
    "frame": lambda: pd.DataFrame({"a": A}),
    "tensor": lambda: torch().tensor(A),
    "with gradient": lambda: torch().tensor(A, requires_grad=True),
    "masked": lambda: np.ma.masked_array(A),
}


@pytest.mark.parametrize("make", SERIES.values(), ids=SERIES)
def test_numbers_in_any_container(make):
    assert by_knn(make(), B).nats == of_numbers()


# What is labels by itself, with what `info` says about it.
BY_TYPE = {
    "text": (lambda: C, "text"),
    "list of text": (lambda: C.tolist(), "text"),
    "bytes": (lambda: C.astype("S"), "text"),
    "pandas": (lambda: pd.Series(C), "text"),
    "objects": (lambda: pd.Series(C, dtype=object), "text"),
    "string": (lambda: pd.Series(C, dtype="string"), "text"),
    "category": (lambda: pd.Series(C, dtype="category"), "category"),
    "category of numbers": (lambda: pd.Series(CODES, dtype="category"), "category"),
    "categorical": (lambda: pd.Categorical(C), "category"),
    "polars": (lambda: polars().Series(C), "text"),
    "category of polars": (
        lambda: polars().Series(C.tolist()).cast(polars().Categorical),
        "category",
    ),
    "arrow": (lambda: pa.array(C), "text"),
    "dictionary": (lambda: pa.array(C).dictionary_encode(), "category"),
    "bool": (lambda: A > 0, "bool"),
    "boolean": (lambda: pd.Series(A > 0, dtype="boolean"), "bool"),
    "list of bool": (lambda: (A > 0).tolist(), "bool"),
    "bool tensor": (lambda: torch().tensor(A > 0), "bool"),
}


@pytest.mark.parametrize(("make", "why"), BY_TYPE.values(), ids=BY_TYPE)
def test_labels_by_type(make, why):
    found = by_knn(A, make())
    assert (found.nats, found.info["labels"]) == (of_labels(), f"y ({why})")
    declared = by_knn(A, make(), discrete_y=True)
    assert declared.nats == of_labels()
    assert "labels" not in declared.info


def test_numbers_are_numbers_unless_they_are_declared():
    assert not as_side(K, "x", None).discrete
    assert as_side(K, "x", True).discrete
    # A bool that is declared numbers is 0 or 1.
    yes = by_knn(A, A > 0, discrete_y=False).nats
    assert yes == by_knn(A, np.where(A > 0, 1.0, 0.0)).nats


def test_labels_stay_distinct():
    """NumPy makes one type of a list, and so would merge 1 and "1", or 2^53 and 2^53 + 1."""
    big = 2**53
    for labels in ([1, "1", 1, "1"], [big, big + 1, 0.5, 0.5], [big * 4096, -1, 0, 0]):
        values = as_side(labels, "x", True).values
        assert len(set(values.tolist())) == len(set(labels))
    for texts in (["a", "a\0"], [b"a", b"a\0"]):  # of which NumPy drops the NUL
        assert as_side(texts, "x", None).values.tolist() == texts
    for rows in ([[big, 0.5], [big + 1, 0.5]], [(1, "a"), ("1", "a")]):
        assert as_side(rows, "x", True).values.tolist() == [list(row) for row in rows]
    assert estimate_of_labels([[1, "a"], [1.0, "a"], [2, "a"], [2.0, "a"]]) == estimate_of_labels(
        [1, 1, 2, 2]
    )
    ids = pd.Series([10**18 + 1, 10**18 + 2, None], dtype="Int64")
    assert as_side(ids, "x", True).values.tolist() == [10**18 + 1, 10**18 + 2, None]


def estimate_of_labels(x):
    return mibench.estimate(x, [0, 0, 1, 1], "uniform", discrete_x=True, discrete_y=True).nats


@pytest.mark.parametrize(
    "make",
    [
        list,
        np.array,
        lambda v: np.array(v, np.uint64),
        lambda v: pd.Series([*v, None], dtype="Int64").iloc[:-1],
        lambda v: pd.Series(v, dtype=object),
    ],
)
def test_whole_numbers_that_floats_would_merge_are_refused(make):
    """Such as times in nanoseconds; numbers as large that lie further apart are taken."""
    start = 17 * 10**17
    near = [start + step for step in (1, 2, 400, 900)]
    with pytest.raises(InputError, match=f"beyond 2.53.*subtract {start + 1} from them"):
        mibench.estimate(make(near), B[:4])
    apart = [start + step * 10**12 for step in (1, 2, 400, 900)]
    assert by_knn(make(apart), B[:4]).nats == by_knn([1, 2, 400, 900], B[:4]).nats
    assert mibench.estimate(make(near), B[:4], "uniform", discrete_x=True).info["n"] == 4


def test_numbers_of_other_types():
    assert as_side([decimal.Decimal("1.5"), decimal.Decimal(2)], "x", None).values.tolist() == [
        1.5,
        2,
    ]
    assert as_side([2**70, 1], "x", None).values.dtype == np.float64
    half = torch().tensor([1.5, 2.0]).bfloat16()
    assert as_side(half, "x", None).values.tolist() == [1.5, 2.0]


def sparse_tensor():
    return torch().tensor(A)[:, None].to_sparse()


REFUSED = {
    "too large": (lambda: [10**400, 1.0, *A[2:]], "a number that float64 cannot"),
    "signalling NaN": (lambda: [decimal.Decimal("sNaN"), 1.0, *A[2:]], "x holds nan in row 0"),
    "scipy": (lambda: scipy.sparse.csr_matrix(A[:, None]), r"sparse.*csr_matrix.*\.toarray\(\)"),
    "scipy array": (lambda: scipy.sparse.coo_array(A[:, None]), r"sparse.*\.toarray\(\)"),
    "pandas sparse": (lambda: pd.Series(A, dtype="Sparse[float]"), r"\.sparse\.to_dense\(\)"),
    "sparse tensor": (sparse_tensor, r"x\.to_dense\(\)"),
    "tensor without data": (
        lambda: torch().tensor(A).to("meta"),
        "x is a tensor that NumPy cannot",
    ),
    "lazy": (lambda: polars().DataFrame({"a": A}).lazy(), r"\.collect\(\)"),
    "generator": (lambda: (a for a in A), r"list\(x\)"),
    "gap": (lambda: pd.Series([None, *A[1:]], name="a"), "x holds nan in row 0"),
    "gap in integers": (lambda: NULLABLE, rf"x holds nan in row {N - 1}, column 0 \(1 such"),
    "gap in a list": (lambda: [None, *A[1:]], "x holds nan in row 0"),
    "gap in text": (lambda: [None, *C[1:]], "x has no label in row 0"),
    "numbers as text": (lambda: A.astype(str), "text that reads as numbers, such as"),
    "one ? among them": (lambda: ["?", *A[1:].astype(str)], f"apart from 1 of {N} values"),
    "dates": (lambda: pd.Series(pd.date_range("2020", periods=N)), r"dates.*days by \(v - v\.min"),
    "durations": (lambda: pd.to_timedelta(range(N), "D"), r"durations.*days by \(v\)"),
    "lists": (lambda: polars().Series("a", [[1, 2]] * N), "'a' holds List.*one column of each"),
    "labels and numbers": (lambda: pd.DataFrame({"a": A, "c": C}), r"labels \(c\).*numbers \(a\)"),
    "unequal columns": (lambda: {"a": A, "b": B[1:]}, rf"a {N}, b {N - 1}"),
    "no columns": (lambda: pd.DataFrame(index=range(N)), "no columns"),
    "fields": (lambda: np.rec.fromarrays([A, B], names="a,b"), "fields"),
}


@pytest.mark.parametrize(("make", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_names_the_remedy(make, says):
    with pytest.raises(InputError, match=says):
        mibench.estimate(make(), B)


@pytest.mark.parametrize("missing", ["complete", "pairwise"])
def test_rows_that_miss_a_value_can_be_left_out(missing):
    x, y = A.tolist(), C.astype(object)
    x[3], x[5], y[7] = None, np.inf, None
    kept = np.delete(np.arange(N), [3, 5, 7])
    want = KNN.estimate(A[kept], CODES[kept], discrete_y=True).nats
    for sides in ((x, y), (pd.Series(x), pd.Series(y)), (np.ma.masked_invalid(
        np.array(x, float)), y)):  # fmt: skip
        found = by_knn(*sides, missing=missing)
        assert (found.nats, found.info["rows_left_out"]) == (want, 3)
        assert found.info["missing_values"] == {"x": 2, "y": 1}
        assert found.info["labels"] == "y (text)"
    table = {"a": x, "b": B, "c": y}
    found = by_knn(table, x="a", y="c", missing=missing)
    assert (found.nats, found.info["missing_values"]) == (want, {"a": 2, "c": 1})
    two = by_knn(pd.DataFrame(table), x=["b", "a"], y="c", missing=missing)
    assert two.info["missing_values"] == {"a": 2, "c": 1}
    arrays = by_knn(np.column_stack([B, np.array(x, float)]), y, missing=missing)
    assert (arrays.nats, arrays.info["missing_values"]) == (two.nats, {"x[1]": 2, "y": 1})
    with pytest.raises(InputError, match=r'leave such rows out.*missing="complete"'):
        by_knn(np.array(x, float), y)
    with pytest.raises(InputError, match="missing is 'no': give one of complete, pairwise, error"):
        mibench.estimate(A, B, missing="no")
    with pytest.raises(InputError, match="x has 60 rows and y has 59"):
        mibench.estimate(x, y[1:], missing=missing)


@pytest.mark.parametrize(
    ("arguments", "keywords", "says"),
    [
        ((COLUMNS,), {"x": "a", "y": ["a", "b"]}, "'a' is in both"),
        ((COLUMNS,), {"x": ["a", "a"], "y": "b"}, "twice"),
        ((COLUMNS,), {"x": [], "y": "b"}, "x names no column"),
        ((COLUMNS,), {"y": "b"}, "x is missing"),
        ((A,), {"x": 0, "y": 1}, r"shape \(60,\)"),
        ((7,), {"x": 0, "y": 1}, "type int"),
        ((A,), {}, "1 arguments"),
        ((A, B, "knn"), {"estimator": "kde"}, "two estimators"),
        ((A, B, "knn", 1), {}, "4 arguments"),
        ((COLUMNS, "knn", 1), {"x": "a", "y": "b"}, "5 arguments"),
    ],
)
def test_calls_that_do_not_fit(arguments, keywords, says):
    with pytest.raises(InputError, match=says):
        mibench.estimate(*arguments, **keywords)


def test_rows_of_pandas_that_are_in_another_order():
    """Rows belong together by position, so an index in another order would pair strangers."""
    a, b = pd.Series(A), pd.Series(B)
    with pytest.raises(InputError, match=r"y\.loc\[x\.index\].*y\.to_numpy\(\)"):
        mibench.estimate(a.sort_values(), b)
    assert by_knn(a, b.set_axis(range(100, 100 + N))).nats == of_numbers()
    halves = a.iloc[:30], b.iloc[30:]
    assert by_knn(*halves).nats == KNN.estimate(A[:30], B[30:]).nats


def test_an_estimator_of_the_protocol_alone_gets_arrays():
    class Plain:
        def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
            assert type(x) is type(y) is np.ndarray
            assert (discrete_x, discrete_y) == (False, True)
            return mibench.Estimate(0.5)

    assert mibench.estimate(pd.Series(A), pd.Series(C), Plain()).nats == 0.5


@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_pairwise_takes_the_same_tables(make):
    pairs = mibench.pairwise(make()).table
    assert list(pairs["x"] + pairs["y"]) == ["ab", "ac", "bc"]
    assert pairs["nats"].tolist()[:2] == [of_numbers(), of_labels()]
