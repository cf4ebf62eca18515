"""Pairs counted as products of matrices: the same path as on a GPU, with torch on the processor."""

import sys

import numpy as np
import pandas as pd
import pytest

import mibench as library
from mibench import InputError
from mibench.estimators.binning import all_pairs, on_device
from mibench.estimators.kernels.all_pairs import entropies_of_tables
from mibench.estimators.kernels.symbols import entropy_nats

from .test_wide_pairs import CHECKED, all_kinds

torch = pytest.importorskip("torch")


@pytest.fixture
def products(monkeypatch):
    """Let "cuda" be the processor; the shapes of the one-hot matrices that are made."""
    shapes = []
    original = on_device._one_hot

    def noted(*arguments):
        matrix = original(*arguments)
        shapes.append(tuple(matrix.shape))
        return matrix

    monkeypatch.setattr(on_device, "device_of", lambda name: torch.device("cpu"))
    monkeypatch.setattr(on_device, "device_there", lambda: "cuda")
    monkeypatch.setattr(on_device, "_one_hot", noted)
    monkeypatch.setattr(all_pairs, "device_there", lambda: "cuda")
    return shapes


@pytest.mark.parametrize(
    "spec", ["adaptive", "adaptive:bins=40", "uniform:bins=4,correction=miller-madow"]
)
@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_products_give_the_same_numbers_and_flags(spec, copies, device, products, monkeypatch):
    table = all_kinds()[copies]
    monkeypatch.setattr(all_pairs, "ROWS_OF_BLOCK", 5)
    wanted = library.pairwise(table, spec).table
    assert products == []
    found = library.pairwise(table, spec, device=device).table
    pd.testing.assert_frame_equal(found[CHECKED], wanted[CHECKED], check_exact=True)
    assert len(products) >= 4


@pytest.mark.parametrize("cells", [300, 2000, 10_000])
def test_rows_and_columns_are_cut_so_that_memory_is_bounded(cells, products, monkeypatch):
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 12, 30)
    symbols = np.array([rng.integers(0, size, 500) for size in sizes], np.uint16)
    wanted = on_device.joint_entropies_on("cuda", symbols, sizes, 7)
    assert len(products) == 2
    products.clear()
    monkeypatch.setattr(on_device, "MAX_CELLS", cells)
    found = on_device.joint_entropies_on("cuda", symbols, sizes, 7)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
    assert max(rows * columns for rows, columns in products) <= cells
    assert len(products) > 2


def test_more_rows_than_float32_counts_are_cut(products, monkeypatch):
    """Pieces are added as whole numbers, so that no count depends on how many rows there are."""
    assert on_device.MAX_ROWS < 2**24
    symbols = np.array([[0, 1] * 50, [0] * 100], np.uint16)
    monkeypatch.setattr(on_device, "MAX_ROWS", 7)
    entropies, pairs = on_device.joint_entropies_on("cuda", symbols, np.array([2, 1]), 2)
    assert len(products) == 2 * 15
    assert pairs.tolist() == [[2, 2], [2, 1]]
    assert entropies[0, 1] == entropy_nats(np.array([50, 50]))
    assert entropies[1, 1] == 0


def test_tables_side_by_side_are_counted_as_plain_python_does():
    rng = np.random.default_rng(0)
    starts_a, starts_b = np.array([0, 2, 5]), np.array([0, 1, 4, 6])
    tables = rng.integers(0, 9, (5, 6)).astype(np.int32) + 300 * np.eye(5, 6, dtype=np.int32)
    entropies, pairs = np.full((2, 3), -1.0), np.full((2, 3), -1)
    entropies_of_tables(tables, starts_a, starts_b, 1, 3, entropies, pairs)
    assert (entropies[:, 0] == -1).all()  # of columns that were not asked for
    for i in range(2):
        for j in (1, 2):
            part = tables[starts_a[i] : starts_a[i + 1], starts_b[j] : starts_b[j + 1]].ravel()
            shares = part[part > 0] / part.sum()
            assert pairs[i, j] == len(shares)
            assert entropies[i, j] == pytest.approx(-(shares * np.log(shares)).sum(), abs=1e-12)


def test_few_columns_are_counted_on_the_device_that_is_named(products):
    table = np.random.default_rng(0).normal(size=(50, 3))
    wanted = library.pairwise(table, "adaptive")
    found = library.pairwise(table, "adaptive", device="cuda")
    pd.testing.assert_frame_equal(found.table[CHECKED], wanted.table[CHECKED], check_exact=True)
    assert products


def test_a_store_is_the_same_on_any_device(products, tmp_path):
    table, _ = all_kinds()
    store = tmp_path / "pairs.jsonl"
    library.pairwise(table, "adaptive", device="cuda", store=store)
    content = store.read_bytes()
    products.clear()
    found = library.pairwise(table, "adaptive", store=store).table
    assert (store.read_bytes(), products) == (content, [])
    pd.testing.assert_frame_equal(found, library.pairwise(table, "adaptive").table)


def test_a_missing_gpu_and_a_missing_torch_are_said(monkeypatch):
    table, _ = all_kinds()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"torch finds no GPU here\. Use device cpu"):
        library.pairwise(table, "adaptive", device="cuda")
    wanted = library.pairwise(table, "adaptive").table
    on_device.device_there.cache_clear()
    pd.testing.assert_frame_equal(library.pairwise(table, "adaptive", device="auto").table, wanted)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"pip install 'mibench\[torch\]'"):
        library.pairwise(table, "adaptive", device="cuda")
    on_device.device_there.cache_clear()
    pd.testing.assert_frame_equal(library.pairwise(table, "adaptive", device="auto").table, wanted)
    on_device.device_there.cache_clear()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "tpu"}, "unknown device 'tpu'"),
        ({"device": "cuda", "estimator": "knn"}, "device 'cuda' is for estimators that count"),
        ({"device": "cuda", "permutations": 19}, "without permutations: leave it out"),
    ],
)
def test_devices_that_would_do_nothing_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        library.pairwise(all_kinds()[0], **{"estimator": "adaptive", **options})


def test_auto_means_the_processor_where_pairs_are_taken_one_by_one():
    table = np.random.default_rng(0).normal(size=(50, 3))
    wanted = library.pairwise(table, "knn").table
    pd.testing.assert_frame_equal(library.pairwise(table, "knn", device="auto").table, wanted)


def test_the_command_says_what_is_missing(tmp_path, mibench):
    all_kinds()[0].to_csv(tmp_path / "t.csv", index=False)
    done = mibench("pairwise", "t.csv", "-e", "knn", "--device", "cuda")
    assert done.returncode == 2
    assert "device 'cuda' is for estimators that count pairs of columns by blocks" in done.stderr
