"""All kernels equal their naive implementations in `naive.py`.

Tests with "small" in their names also run without numba's JIT, see `test_kernels_nojit.py`.
"""

import itertools
import math
import os

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mibench.errors import InputError
from mibench.estimators.adaptive import edge_slots, guides, padded_edges
from mibench.estimators.kernels import binning, brute, density, kdtree, line, mixture, symbols
from mibench.estimators.kernels import plane as plane_kernels
from mibench.estimators.kernels.orders import products_of_orders
from mibench.estimators.neighbours import partitions, search

from . import naive
from .samples import VALUES, normal, properties

# -- orders of rows ---------------------------------------------------------------------


def test_small_products_of_orders():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 9)), rng.normal(size=(2, 9))
    orders = np.array([rng.permutation(9) for _ in range(4)])
    products = np.full((4, 3, 2), np.nan)
    products_of_orders(x, y, orders, products)
    for order, product in zip(orders, products, strict=True):
        assert product == pytest.approx(x @ y[:, order].T, abs=1e-13)


# -- symbols and entropies ------------------------------------------------------------

KEYS = st.one_of(
    hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 9)),
    hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 2**62 - 1)),
    # Multiples of a large power of two: the low bits, which choose the slot, are all the same.
    hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 40).map(lambda i: i << 50)),
)


@properties
@given(KEYS)
def test_small_dense_symbols(keys):
    expected = naive.dense_symbols(keys)
    spans = 0, int(keys.max()) + 1, 2**62
    for span in spans:
        result, counts = symbols.dense_symbols(keys, span)
        assert (result.tolist(), counts.tolist()) == expected


def test_dense_symbols_of_many_keys():
    rng = np.random.default_rng(0)
    for keys in (
        rng.integers(0, 2**62, 20_000),
        rng.integers(0, 50, 20_000) * 2**40,
        np.arange(20_000) * 2**32,
        np.arange(20_000)[::-1] * 2**16,
        np.full(20_000, 2**62 - 1),
    ):
        result, counts = symbols.dense_symbols(keys, 0)
        _, first, sizes = np.unique(keys, return_index=True, return_counts=True)
        order = np.argsort(first)
        assert np.array_equal(counts, sizes[order])
        assert np.array_equal(keys[np.sort(first)][result], keys)


@properties
@given(hnp.arrays(np.int64, st.integers(2, 60), elements=st.integers(0, 9)), st.integers(1, 10))
def test_small_entropies(codes, other):
    x, counts = symbols.dense_symbols(codes, 10)
    y, counts_y = symbols.dense_symbols(np.roll(codes, 1) % other, 10)
    assert symbols.entropy_nats(counts) == pytest.approx(naive.entropy(codes.tolist()), abs=1e-14)
    pairs = list(zip(x.tolist(), y.tolist(), strict=True))
    # Ranges of more than 4n + 1024 pairs take the branch without a table.
    for width in (len(counts_y), 10**6):
        result, occupied = symbols.joint_entropy_nats(x, y, len(counts), width)
        assert result == pytest.approx(naive.entropy(pairs), abs=1e-14)
        assert occupied == len(set(pairs))


# -- binning --------------------------------------------------------------------------


def uniform_keys(values, edges):
    keys = np.zeros(len(values), np.int64)
    bins = np.array([len(edges) - 1])
    columns = np.ascontiguousarray(values[np.newaxis])
    binning.fold_uniform(keys, columns, np.ascontiguousarray(edges[np.newaxis]), bins, 0)
    return keys.tolist()


@properties
@given(
    hnp.arrays(np.float64, st.integers(1, 60), elements=VALUES),
    st.integers(1, 60),
    st.sampled_from([(-3.0, 3.0), (0.0, 1.0), (-10.0, 10.0), (-0.1, 0.3), (0.5, 1e9)]),
)
def test_small_fold_uniform(values, bins, limits):
    edges = np.linspace(*limits, bins + 1)
    for near_edges in (values, edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)):
        expected = naive.uniform_bins(near_edges, *limits, bins).tolist()
        assert uniform_keys(near_edges, edges) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bins", [1, 3, 10, 30, 49, 1000, 99_999])
@pytest.mark.parametrize("limits", [(0, 1), (-1, 1), (0.1, 0.7), (-1e-9, 3e-9), (1e6, 1e6 + 1)])
def test_fold_uniform_at_the_edges(limits, bins, dtype):
    edges = np.linspace(*limits, bins + 1)
    for values in (edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)):
        values = values.astype(dtype)
        expected = naive.uniform_bins(values.astype(np.float64), *limits, bins)
        assert uniform_keys(values, edges) == expected.tolist()


def test_fold_uniform_of_values_as_close_as_floats_can_be():
    """The comment in `fold_uniform`: "the result always equals that of np.digitize"."""
    for steps, bins in ((1, 2), (10, 10), (64, 30)):
        values = 2.0**53 + 2 * np.sort(np.random.default_rng(0).integers(0, steps + 1, 2000))
        limits = values.min(), values.max()
        edges = np.linspace(*limits, bins + 1)
        assert uniform_keys(values, edges) == naive.uniform_bins(values, *limits, bins).tolist()


def test_fold_uniform_of_subnormal_values():
    values = np.arange(11) * 1e-310
    edges = np.linspace(0, values[-1], 6)
    expected = naive.uniform_bins(values, 0, values[-1], 5).tolist()
    assert uniform_keys(values, edges) == expected


@properties
@given(hnp.arrays(np.float64, (2, 17), elements=VALUES), st.integers(1, 150))
def test_small_fold_edges(columns, bins):
    edges = np.sort(np.random.default_rng(bins).choice([-2.0, -0.5, 0, 0.1, 1, 3, 8], bins - 1))
    size = edge_slots(bins)
    padded = np.full((2, size), np.inf)
    padded[:, : bins - 1] = edges
    for dtype in (np.float64, np.float32):
        keys = np.full(17, 3, np.int64)
        typed = padded.astype(dtype)
        binning.fold_edges(keys, columns.astype(dtype), typed, *guides(typed), bins, np.nan, 0)
        bin_x, bin_y = (np.digitize(c.astype(dtype), edges.astype(dtype)) for c in columns)
        assert keys.tolist() == ((3 * bins + bin_x) * bins + bin_y).tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "distribution", ["normal", "cauchy", "tiny", "huge", "one", "ladder", "steps"]
)
@pytest.mark.parametrize("bins", [40, 64, 200])
def test_fold_of_many_edges_equals_a_search_among_all(distribution, bins, dtype):
    """The guided search, where edges crowd in one interval, repeat or span all floats."""
    rng = np.random.default_rng(bins)
    values = {
        "normal": rng.standard_normal(3000),
        "cauchy": rng.standard_cauchy(3000) ** 3,
        "tiny": rng.standard_normal(3000) * 1e-30,
        "huge": rng.uniform(-1, 1, 3000) * (1.6e308 if dtype is np.float64 else 3e38),
        "one": 1 + rng.integers(0, 50, 3000) * float(np.finfo(dtype).eps),
        "ladder": 2.0 ** rng.integers(-100, 100, 3000),
        "steps": rng.integers(0, 5, 3000).astype(float),
    }[distribution].astype(dtype)
    padded = np.full((1, edge_slots(bins)), np.inf, dtype)
    padded[0, : bins - 1] = np.sort(rng.choice(values, bins - 1))
    inner = padded[0, : bins - 1]
    values = np.concatenate([values, inner, np.nextafter(inner, dtype(-np.inf))])
    keys = np.zeros(len(values) - 7, np.int64)
    binning.fold_edges(keys, values[np.newaxis], padded, *guides(padded), bins, dtype(np.nan), 7)
    assert np.array_equal(keys, np.searchsorted(inner, values[7:], side="right"))


@pytest.mark.parametrize("kinds", ["numbers", "labels"])
def test_tallies_count_the_keys_of_the_folds(kinds):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((1, 1200)), rng.standard_normal((2, 1200)).astype(np.float32)
    labels, none = rng.integers(0, 6, 1200), np.empty(0, np.int64)
    first, bins_x, bins_y = 100, np.array([5]), np.array([3, 4])
    rows = slice(first, 1150)
    edges_x, edges_y = np.linspace(-2, 2, 6)[np.newaxis], np.linspace([-3, -1], [3, 2], 5).T.copy()
    keys_x, keys_y = np.zeros((2, 1050), np.int64)
    binning.fold_uniform(keys_x, x, edges_x, bins_x, first)
    binning.fold_uniform(keys_y, y, edges_y, bins_y, first)
    symbols, bins_of_x, columns = none, 5, x
    if kinds == "labels":
        symbols, bins_of_x, columns, keys_x = labels, 6, x[:0], labels[rows]
    expected = np.zeros((bins_of_x, 12), np.int64)
    np.add.at(expected, (keys_x, keys_y), 1)
    result = np.zeros((bins_of_x, 12), np.int64)
    binning.tally_uniform(
        symbols, columns, edges_x, bins_x, none, y, edges_y, bins_y, first, 1150, result
    )
    assert np.array_equal(result, expected)

    padded_x, padded_y = padded_edges(x, 5), padded_edges(y, 4)
    keys_x, keys_y = np.zeros((2, 1050), np.int64)
    binning.fold_edges(keys_x, x, padded_x, *guides(padded_x), 5, np.nan, first)
    binning.fold_edges(keys_y, y, padded_y, *guides(padded_y), 4, np.float32(np.nan), first)
    keys_x = labels[rows] if kinds == "labels" else keys_x
    expected, result = np.zeros((2, bins_of_x, 16), np.int64)
    np.add.at(expected, (keys_x, keys_y), 1)
    binning.tally_edges(
        symbols, columns, padded_x, *guides(padded_x), 5, np.nan,
        none, y, padded_y, *guides(padded_y), 4, np.float32(np.nan), first, 1150, result,
    )  # fmt: skip
    assert np.array_equal(result, expected)


@properties
@given(hnp.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 600)), st.randoms())
def test_entropy_does_not_depend_on_the_order_of_symbols(counts, random):
    counts[0] += 1
    other = counts.tolist()
    random.shuffle(other)
    result = symbols.entropy_nats(counts)
    assert result == symbols.entropy_nats(np.array(other))
    p = counts[counts > 0] / counts.sum()
    assert result == pytest.approx(-(p * np.log(p)).sum(), abs=1e-13)


@properties
@given(hnp.arrays(np.float64, (2, 17), elements=VALUES), st.integers(2, 12))
def test_small_fold_of_an_own_value(columns, bins):
    """Whatever the edges: that value has the last bin, and no other value changes its bin."""
    edges = np.linspace(-2, 2, bins - 2)
    padded = np.full((1, edge_slots(bins)), np.inf)
    padded[0, : bins - 2] = edges
    keys = np.zeros(17, np.int64)
    binning.fold_edges(keys, columns[:1].copy(), padded, *guides(padded), bins, 1.0, 0)
    assert (
        keys.tolist()
        == np.where(columns[0] == 1, bins - 1, np.digitize(columns[0], edges)).tolist()
    )


@properties
@given(
    hnp.arrays(np.float64, (3, 30), elements=st.integers(-5, 5).map(float)),
    st.integers(2, 40),
    st.sampled_from([-5.0, 0.0, 5.0, 0.5, np.nan]),
)
def test_small_quantile_edges_next_to_an_own_value(values, bins, own_value):
    values[0, 1:] = own_value if own_value == own_value else 2.0  # a single other value
    values[0, 0] = 3.0
    edges = np.empty((3, bins + 2))
    binning.quantile_edges(np.sort(values, axis=1), bins, own_value, edges)
    for row, row_values in zip(edges, values, strict=True):
        others = row_values[row_values != own_value]
        parts = bins - (len(others) < len(row_values))
        expected = [float(e) for e in naive.quantile_edges(others, parts)]
        assert row[: parts - 1] == pytest.approx(expected, abs=1e-14)
        assert (row[parts - 1 :] == np.inf).all()


@pytest.mark.parametrize("bins", [2, 5, 30])
def test_small_quantile_edges_of_only_an_own_value(bins):
    edges = np.zeros((2, bins + 2))
    binning.quantile_edges(np.array([[7.0] * 40, [7.0] * 39 + [8.0]]), bins, 7.0, edges)
    assert (edges[0] == np.inf).all()
    assert edges[1, : bins - 2].tolist() == [8.0] * (bins - 2)


@properties
@given(hnp.arrays(np.float64, (2, 30), elements=st.integers(-5, 5).map(float)), st.integers(2, 40))
def test_small_quantile_edges(values, bins):
    edges = np.empty((2, bins - 1))
    binning.quantile_edges(np.sort(values, axis=1), bins, np.nan, edges)
    for row, row_values in zip(edges, values, strict=True):
        # Three roundings in left + (right - left) * fraction, of values up to 5.
        assert row == pytest.approx(
            [float(e) for e in naive.quantile_edges(row_values, bins)], abs=1e-14
        )


@pytest.mark.parametrize("n", [2, 3, 32, 33, 34, 65, 128, 129, 130, 257, 1000])
@pytest.mark.parametrize("distinct", [1, 2, 100, 10_000])
def test_quantile_edges_across_blocks(n, distinct):
    values = np.sort(np.random.default_rng([n, distinct]).integers(0, distinct, n)) / 8
    for bins in (2, 3, 30, 500):
        edges = np.empty((1, bins - 1))
        binning.quantile_edges(values[np.newaxis], bins, np.nan, edges)
        expected = [float(e) for e in naive.quantile_edges(values, bins)]
        assert edges[0] == pytest.approx(expected, rel=1e-14, abs=1e-14)


@properties
@given(
    hnp.arrays(np.float64, st.integers(2, 30), elements=VALUES),
    st.integers(1, 40),
)
def test_small_rank_rule_of_the_naive_bins_is_the_definition(values, bins):
    edges = naive.quantile_edges(values, bins)
    definition = [sum(edge <= value for edge in edges) for value in values.tolist()]
    if len(set(values.tolist())) > 1:
        assert naive.adaptive_bins(values, values, bins).tolist() == definition


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e6, 1.7e18])
@pytest.mark.parametrize("bins", [2, 3, 7, 30])
def test_no_rounding_moves_a_value_across_a_quantile(bins, offset, dtype):
    """The docstring of `quantile_edges`, for distinct values as close as floats can be."""
    values = np.empty(50, dtype)
    values[0] = offset
    for i in range(1, 50):
        values[i] = np.nextafter(values[i - 1], dtype(np.inf))
    edges = padded_edges(values[np.newaxis], bins)[0, : bins - 1]
    result = (values[:, np.newaxis] >= edges).sum(axis=1)
    assert result.tolist() == naive.adaptive_bins(values, values, bins).tolist()


# -- density --------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "dx", "dy"), [(2, 1, 1), (30, 1, 2), (30, 3, 1)])
def test_small_density_sums(n, dx, dy):
    x, y = (v.T.copy() for v in normal(n, dx, dy))
    x[:, 0] += 20  # all kernels at a distance of 20 sum to about 1e-87
    everyone, codes = [0] * n, np.arange(n) % 3
    sums = np.full((10, n), np.nan)
    sums[:6] = 0
    middle = n // 2
    for strip in range(2):
        density.pair_sums(x, y, strip, -(-n // density.BLOCK), 2, sums[:6])
    for start, stop in ((0, middle), (middle, n)):
        density.label_sums(x, codes, start, stop, sums[6:])
    both, root = np.concatenate([x, y]), math.sqrt(2)
    expected_sums = [
        naive.kernel_sums(columns, codes_)
        for columns, codes_ in (
            (x, everyone), (y, everyone), (both, everyone),
            (root * x, everyone), (root * y, everyone), (root * both, everyone),
            (x, everyone), (x, codes.tolist()), (root * x, everyone), (root * x, codes.tolist()),
        )
    ]  # fmt: skip
    for sums_, expected in zip(sums, expected_sums, strict=True):
        # Within 2 ulp of the exponential, after an argument of up to 200 that was rounded.
        assert sums_ == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(("dx", "dy"), [(1, 1), (2, 3), (4, 5), (6, 1)])
@pytest.mark.parametrize("n", [127, 128, 129, 400])
def test_density_sums_of_several_blocks(n, dx, dy):
    x, y = (v.T.copy() for v in normal(n, dx, dy))
    sums = np.zeros((6, n))
    for strip in range(3):
        density.pair_sums(x, y, strip, -(-n // density.BLOCK), 3, sums)
    plain = [x, y, np.concatenate([x, y])]
    narrower = [math.sqrt(2) * columns for columns in plain]
    for sums_, columns in zip(sums, plain + narrower, strict=True):
        squares = ((columns[:, :, np.newaxis] - columns[:, np.newaxis]) ** 2).sum(axis=0)
        kernels = np.exp(-squares / 2)
        np.fill_diagonal(kernels, 0)
        assert sums_ == pytest.approx(kernels.sum(axis=1), rel=1e-12)


def test_density_sums_within_labels_do_not_depend_on_the_cut():
    x, codes = normal(700, 2)[0].T.copy(), np.arange(700) % 3
    at_once, cut = np.empty((2, 4, 700))
    density.label_sums(x, codes, 0, 700, at_once)
    for start, stop in ((0, 1), (1, 300), (300, 555), (555, 700)):
        density.label_sums(x, codes, start, stop, cut)
    assert np.array_equal(at_once, cut)


@pytest.mark.parametrize("gap", [0.5, 30.0, 1e4, 1e100])
def test_small_log_sum_of_isolated_rows(gap):
    columns = np.random.default_rng(0).normal(size=(2, 20))
    columns[:, 0] += gap
    codes = np.r_[np.arange(19) % 3, 7]
    everyone = np.zeros(20, np.int64)
    for row in (0, 5):
        for which in (everyone, codes):
            among = (np.arange(20) != row) & (which == which[row])
            exponents = -0.5 * ((columns - columns[:, [row]]) ** 2).sum(axis=0)[among]
            expected = np.logaddexp.reduce(exponents)
            out = np.empty(1)
            target, ids = columns[:, [row]].copy(), np.array([row])
            density.log_sums(target, ids, columns, which, 0, 1, out)
            assert out[0] == pytest.approx(expected, rel=1e-13)
    target, ids = columns[:, [19]].copy(), np.array([19])
    density.log_sums(target, ids, columns, codes, 0, 1, out)
    assert out[0] == -np.inf  # no other row has its label


# -- mixtures -------------------------------------------------------------------------


def mixture_sums(columns, labels, leaf_rows, strips, far):
    tree = partitions.build_tree(columns, leaf_rows)
    leaves = (len(tree.bounds) + 1) // 2
    bounds, box = tree.bounds[-leaves:], tree.box[-leaves:]
    arranged = np.ascontiguousarray(tree.arranged.T)
    sums = np.zeros((len(labels) + 1, columns.shape[1]))
    for strip in range(strips):
        mixture.mixture_sums(
            arranged, np.ascontiguousarray(labels[:, tree.order]), bounds, box, far, strip,
            leaves, strips, sums,
        )  # fmt: skip
    result = np.empty_like(sums)
    result[:, tree.order] = sums
    return result


@pytest.mark.parametrize(("n", "dims"), [(2, 1), (9, 2), (40, 3), (40, 4), (41, 5), (33, 8)])
@pytest.mark.parametrize("strips", [1, 3])
def test_small_mixture_sums(n, dims, strips):
    rng = np.random.default_rng([n, dims])
    labels = np.stack([np.arange(n) % 3, np.arange(n) // 2])
    for columns in (rng.normal(size=(dims, n)), 20 * rng.integers(0, 2, (dims, n)) + 0.0):
        kernels = 2.0 ** -((columns[:, :, np.newaxis] - columns[:, np.newaxis]) ** 2).sum(axis=0)
        same = labels[:, :, np.newaxis] == labels[:, np.newaxis]
        expected = np.stack([kernels.sum(axis=1), *(kernels * same).sum(axis=2)])
        for leaf_rows in (4, 100):
            result = mixture_sums(columns, labels, leaf_rows, strips, 64.0)
            # The docstring: terms are accurate to 1e-14, so sums of them are too.
            assert result == pytest.approx(expected, rel=1e-13)
        alone = mixture_sums(columns, labels[:0], 4, strips, 64.0)
        assert np.array_equal(alone[0], mixture_sums(columns, labels, 4, strips, 64.0)[0])


def test_mixture_sums_of_far_rows_are_the_kernels_of_the_rows_themselves():
    """Distances whose kernel is below 2^-1000, and distances whose square overflows."""
    for gap in (30.0, 40.0, 1e10, 1e200):
        columns = gap * np.arange(300.0)[np.newaxis]
        assert (mixture_sums(columns, np.empty((0, 300), np.int64), 64, 1, 64.0) == 1).all()


# -- neighbours -----------------------------------------------------------------------

POINTS = [
    (n, dims, ties)
    for n, dims in ((2, 1), (5, 2), (13, 1), (26, 3), (60, 2), (40, 6))
    for ties in (False, True)
]


def points(n, dims, ties):
    rng = np.random.default_rng([n, dims])
    columns = rng.integers(0, 4, (dims, n)).astype(float) if ties else rng.normal(size=(dims, n))
    return np.ascontiguousarray(columns)


ALGORITHMS = ["auto", "tree", "brute", "strips", "slabs"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("n", "dims", "ties"), POINTS)
def test_small_neighbours(n, dims, ties, algorithm):
    columns = points(n, dims, ties)
    if algorithm == "strips" and dims != 2:
        with pytest.raises(InputError, match="needs two dimensions in all, not"):
            search.nearest(columns, 1, 1, algorithm)
        return
    if algorithm == "slabs" and dims < 2:
        with pytest.raises(InputError, match="needs at least two dimensions"):
            search.nearest(columns, 1, 1, algorithm)
        return
    for k, split in itertools.product({1, min(3, n - 1), n - 1}, {(dims + 1) // 2, dims}):
        radius, extent_x, extent_y, tied = naive.neighbours(columns, k, split)
        result = search.nearest(columns, k, split, algorithm)
        if algorithm != "auto":
            assert result.algorithm == algorithm
        assert result.radius.tolist() == radius.tolist()
        assert result.tied.tolist() == tied.tolist()
        assert result.extents[0][~tied].tolist() == extent_x[~tied].tolist()
        assert result.extents[1][~tied].tolist() == extent_y[~tied].tolist()
        assert np.maximum(*result.extents).tolist() == radius.tolist()
        without = search.nearest(columns, k, split, algorithm, extents=False)
        assert without.radius.tolist() == radius.tolist()
        assert without.tied.tolist() == tied.tolist()


@pytest.mark.parametrize("n", [5, 6, 40, 150])
@pytest.mark.parametrize("ties", [False, True])
def test_small_distances_in_the_plane(n, ties):
    """All strips, all places of a row in them, and rows beyond the next strips."""
    rng = np.random.default_rng(n)
    spread = rng.normal(size=(2, n)) * np.exp(2 * rng.normal(size=(2, n)))
    for columns in (rng.random((2, n)), spread):
        columns = np.round(4 * columns) if ties else columns
        by = [np.argsort(column) for column in columns]
        for k, count in itertools.product((1, 2, 3), (1, 2, 5)):
            radius, _, _, tied = naive.neighbours(columns, k, 1)
            starts = np.arange(count + 1) * n // count
            size = plane_kernels.places(n, count)
            xs, ys = np.empty((2, size))
            places, edges = np.zeros((3, size), np.int32), np.empty((count, 2))
            plane_kernels.arrange(*columns, *by, starts, xs, ys, *places, edges)
            found, found_tied = np.full(n, np.nan), np.empty(n, np.bool_)
            for part in ((0, 1), (1, count)):
                plane_kernels.radii(xs, ys, *places, starts, edges, k, *part, found, found_tied)
            assert found.tolist() == radius.tolist()
            assert found_tied.tolist() == tied.tolist()


@pytest.mark.parametrize("algorithm", ["tree", "brute", "slabs"])
@pytest.mark.parametrize(("n", "dims", "ties"), POINTS)
def test_small_counts(n, dims, ties, algorithm):
    columns = points(n, dims, ties)
    reach = np.abs(np.random.default_rng(n).normal(size=n)) + np.arange(n) % 3
    reach[::4] = np.rint(reach[::4])  # as far as the lattice points are apart
    reach[0] = 0
    reach[-1] = np.inf
    expected = naive.count_within(columns, reach).tolist()
    assert search.count_within(columns, reach, algorithm).tolist() == expected
    closed = naive.distances(columns.T) <= reach[:, np.newaxis]
    result = search.count_within(columns, search.closed(reach), algorithm)
    assert result.tolist() == closed.sum(axis=1).tolist()


@pytest.mark.parametrize("kernel", [brute.neighbours, brute.count_within])
def test_small_brute_in_pieces(kernel):
    columns = points(60, 2, ties=True)
    n = columns.shape[1]
    fewer = np.array([2, 1])
    at_once, cut = np.full((5, n), np.nan), np.full((5, n), np.nan)
    flags, cut_flags = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    counts, cut_counts = np.full(n, -1), np.full(n, -1)
    reach = np.linspace(0, 3, n)
    cuts = [(0, n)], [(0, 1), (1, 40), (40, n)]
    for pieces, outputs, ties, result in (
        (cuts[0], at_once, flags, counts),
        (cuts[1], cut, cut_flags, cut_counts),
    ):
        for start, stop in pieces:
            if kernel is brute.neighbours:
                kernel(columns, 3, 1, start, stop, *outputs[:3], ties, fewer, outputs[3:])
            else:
                kernel(columns, reach, start, stop, result)
    assert np.array_equal(at_once, cut, equal_nan=True)
    assert np.array_equal(flags, cut_flags)
    assert np.array_equal(counts, cut_counts)
    assert counts.min() >= 0 or not np.isnan(at_once).any()


@pytest.mark.slow
def test_neighbours_beyond_one_block():
    """All pairs are compared in blocks of 512 rows; the leaves of the tree have 12 rows."""
    for dims, ties in ((1, False), (2, True), (4, False), (8, True)):
        columns = points(1100, dims, ties)
        matrix = naive.distances(columns.T)
        np.fill_diagonal(matrix, np.inf)
        ordered = np.sort(matrix, axis=1)
        want_tied = (ordered[:, 4] == 0) | (ordered[:, 4] == ordered[:, 5])
        reach = ordered[:, 7]
        np.fill_diagonal(matrix, 0)
        want_counts = (matrix < reach[:, np.newaxis]).sum(axis=1)
        want_counts[reach == 0] = 0
        for algorithm in ALGORITHMS if dims == 2 else ALGORITHMS[:3]:
            result = search.nearest(columns, 5, dims, algorithm)
            assert np.array_equal(result.radius, ordered[:, 4])
            assert np.array_equal(result.tied, want_tied)
            counts = search.count_within(columns, reach, algorithm)
            assert np.array_equal(counts, want_counts)


@properties
@given(hnp.arrays(np.float64, st.integers(1, 40), elements=VALUES))
def test_small_line_counts(values):
    n = len(values)
    # Distances that occur, the floats next to them, 0, and infinity.
    gap = np.abs(np.diff(values, append=values[0]))
    edge = [np.nextafter(gap, np.inf), np.nextafter(gap, 0), np.zeros(n), np.full(n, np.inf), -gap]
    for reach in (gap, *edge):
        expected = (
            np.abs(values[np.newaxis, :] - values[:, np.newaxis]) < reach[:, np.newaxis]
        ).sum(1)
        result = search.count_within(values[np.newaxis], reach, "auto")
        assert result.tolist() == expected.tolist()


@pytest.mark.parametrize(("low", "scale"), [(0.0, 0.0), (-3.0, 1e3), (2.0, 7.0), (-1e9, 1e-9)])
def test_small_line_counts_with_any_table(low, scale):
    """The table only gives a guess: where it is useless or wrong, the values decide."""
    values = np.sort(np.r_[np.round(np.random.default_rng(0).normal(size=700), 2), [5.0] * 50])
    n = len(values)
    padded = np.r_[values, np.full(line.STEP, np.inf)]
    reach = np.abs(np.random.default_rng(1).normal(size=n))
    reach[::3] = np.round(reach[::3], 2)
    expected = (np.abs(values - values[:, np.newaxis]) < reach[:, np.newaxis]).sum(axis=1)
    for intervals in (1, 10, n):
        table = np.empty(intervals + 1, np.int32)
        line.tabulate(padded, n, low, scale, table)
        counts = np.full(n, -1)
        for start, stop in ((0, n // 2), (n // 2, n)):
            line.count_within(padded, n, table, low, scale, reach, start, stop, counts)
        assert counts.tolist() == expected.tolist()
        rows = np.random.default_rng(2).permutation(n)
        radius, occurrences = np.empty(n), np.zeros(n + 1, np.int64)
        radius[rows] = reach + 0.5  # which is made smaller by 0.5
        largest = max(
            line.occurrences_within(
                padded, n, table, low, scale, rows, radius, 0.5, 1.0, start, stop, occurrences
            )
            for start, stop in ((0, n // 2), (n // 2, n))
        )
        assert np.flatnonzero(occurrences)[-1] == largest
        nearer = np.abs(values - values[:, np.newaxis]) < (radius[rows] - 0.5)[:, np.newaxis]
        counts = np.maximum(nearer.sum(axis=1), 1)
        assert occurrences.tolist() == np.bincount(counts, minlength=n + 1).tolist()


def plane(name, n):
    """Points that are hard for strips of the plane."""
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(2, n))
    return np.ascontiguousarray(
        {
            "cauchy": rng.standard_cauchy((2, n)),
            "ridge": [x, x + 1e-6 * y],
            "falling ridge": [x, -x],
            "one x": [np.zeros(n), y],
            "one y": [x, np.zeros(n)],
            "few x": [np.rint(x), y],
            "few y": [x, np.rint(y)],
            "lattice": [np.rint(3 * x), np.rint(3 * y)],
            "clusters": [1e6 * np.rint(x) + 1e-6 * y, 1e-6 * x + 1e6 * np.rint(y)],
            "outlier": [np.r_[x[1:], 1e15], np.r_[y[1:], -1e15]],
            "scales": [1e-12 * x, 1e12 * y],
            "offset": [x + 1e15, y],
        }[name],
        dtype=np.float64,
    )


@pytest.mark.parametrize(
    "name",
    ["cauchy", "ridge", "falling ridge", "one x", "one y", "few x", "few y", "lattice", "clusters",
     "outlier", "scales", "offset"],
)  # fmt: skip
@pytest.mark.parametrize("k", [1, 3, 4, 30])
def test_strips_find_the_same_as_all_pairs(name, k):
    for n in (40, 1500):
        columns = plane(name, n)
        strip, pairs = (search.nearest(columns, k, 1, a) for a in ("strips", "brute"))
        assert np.array_equal(strip.radius, pairs.radius)
        assert np.array_equal(strip.tied, pairs.tied)
        without = search.nearest(columns, k, 1, "strips", extents=False)
        assert np.array_equal(without.radius, pairs.radius)
        assert np.array_equal(without.tied, pairs.tied)
        free = ~pairs.tied
        for by_strips, by_pairs in zip(strip.extents, pairs.extents, strict=True):
            assert np.array_equal(by_strips[free], by_pairs[free])
        for column in columns:
            closed = search.closed(pairs.radius)
            for reach in (pairs.radius, closed):
                counts = search.count_within(column[np.newaxis], reach, "auto")
                matrix = np.abs(column[:, np.newaxis] - column) < reach[:, np.newaxis]
                assert np.array_equal(counts, matrix.sum(axis=1))


@pytest.mark.parametrize("name", ["cauchy", "ridge", "few x", "few y", "clusters"])
def test_long_strips_find_the_same_with_and_without_extents(name):
    """Strips of more rows than are compared at once."""
    columns = plane(name, 40_000)
    strips = [search.nearest(columns, 3, 1, "strips", extents=some) for some in (True, False)]
    assert np.array_equal(strips[0].radius, strips[1].radius)
    assert np.array_equal(strips[0].tied, strips[1].tied)


@pytest.mark.parametrize("dims", [2, 3, 7])
@pytest.mark.parametrize(
    "distribution", ["normal", "cauchy", "lattice", "one value", "scales", "clusters"]
)
def test_slabs_find_the_same_as_all_pairs(distribution, dims):
    """More rows than one slab holds, with ties, far rows, and slabs of a single value."""
    n = 3000
    rng = np.random.default_rng(dims)
    columns = {
        "normal": rng.standard_normal((dims, n)),
        "cauchy": rng.standard_cauchy((dims, n)),
        "lattice": rng.integers(0, 6, (dims, n)).astype(float),
        "one value": np.where(rng.random((dims, n)) < 0.6, 0.0, rng.standard_normal((dims, n))),
        "scales": rng.standard_normal((dims, n)) * np.logspace(-12, 12, dims)[:, np.newaxis],
        "clusters": rng.standard_normal((dims, n)) + 50 * rng.integers(0, 4, n),
    }[distribution]
    for k, split in ((1, 1), (5, dims // 2 + 1)):
        slab, pairs = (search.nearest(columns, k, split, a) for a in ("slabs", "brute"))
        assert np.array_equal(slab.radius, pairs.radius)
        assert np.array_equal(slab.tied, pairs.tied)
        free = ~pairs.tied
        for by_slabs, by_pairs in zip(slab.extents, pairs.extents, strict=True):
            assert np.array_equal(by_slabs[free], by_pairs[free])
        for reach in (pairs.radius, search.closed(pairs.radius)):
            counts = [search.count_within(columns, reach, a) for a in ("slabs", "brute")]
            assert np.array_equal(*counts)


@pytest.mark.parametrize("n", [1, 12, 13, 24, 25, 1000])
def test_tree_divides_every_row(n):
    columns = points(n, 2, ties=True)
    tree = partitions.build_tree(columns)
    assert sorted(tree.order.tolist()) == list(range(n))
    assert np.array_equal(tree.arranged, columns.T[tree.order])
    leaves = tree.bounds[len(tree.bounds) // 2 :]
    assert leaves[0, 0] == 0
    assert leaves[-1, 1] == n
    assert np.array_equal(leaves[1:, 0], leaves[:-1, 1])
    assert (leaves[:, 1] - leaves[:, 0]).max() <= kdtree.MAX_LEAF_ROWS + 1
    for (first, last), box in zip(tree.bounds, tree.box, strict=True):
        assert np.array_equal(box[0], tree.arranged[first:last].min(axis=0))
        assert np.array_equal(box[1], tree.arranged[first:last].max(axis=0))


@pytest.mark.parametrize("order", ["sorted", "reversed", "constant", "two-values", "organ-pipe"])
def test_tree_of_columns_that_are_hard_to_divide(order):
    n = 3000
    column = {
        "sorted": np.arange(n),
        "reversed": np.arange(n)[::-1],
        "constant": np.zeros(n),
        "two-values": np.arange(n) % 2,
        "organ-pipe": np.minimum(np.arange(n), np.arange(n)[::-1]),
    }[order].astype(float)
    columns = np.stack([column, np.zeros(n)])
    tree, brute_ = (search.nearest(columns, 3, 1, a) for a in ("tree", "brute"))
    assert np.array_equal(tree.radius, brute_.radius)
    assert np.array_equal(tree.tied, brute_.tied)


def test_small_kernels_are_compiled_unless_the_jit_is_off():
    """Checks that the run without JIT really has none, and that this run has it."""
    off = os.environ.get("NUMBA_DISABLE_JIT") == "1"
    assert off == bool(numba.config.DISABLE_JIT)
    for kernel in (brute.neighbours, kdtree.neighbours, line.count_within, binning.fold_uniform):
        assert hasattr(kernel, "py_func") != off
