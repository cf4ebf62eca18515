"""All pairs of many columns by blocks: numbers and flags of single estimates; which are kept."""

import itertools
import math
import xml.etree.ElementTree as ElementTree

import networkx
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import mibench
from mibench import InputError
from mibench.cli.main import cli
from mibench.columns import wide_pairs
from mibench.columns.kept_pairs import Kept, not_explained
from mibench.columns.pair_run import PairRun
from mibench.columns.pairs import InterruptedPairs
from mibench.estimators.binning import all_pairs
from mibench.estimators.kernels.all_pairs import (
    joint_entropies_of_columns,
    repeated_rows_of_columns,
)
from mibench.output.edges import write_edges

CHECKED = ["x", "y", "nats", "bits", "rows", "flags", "error"]


def all_kinds(n=200, seed=0):
    """Columns that raise each flag that binned pairs can have, and columns of other kinds."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    table = pd.DataFrame(
        {
            "a": a,
            "near": a + 0.01 * rng.normal(size=n),
            "function": np.exp(a),
            "single": np.float32(a + rng.normal(size=n)),
            "tails": rng.standard_cauchy(n) ** 3,
            "outlier": np.r_[a[:-1], 1e6],
            "rounded": np.round(rng.normal(size=n), 1),
            "counts": rng.poisson(40, n),
            "binary": rng.integers(0, 2, n),
            "flat": 3.0,
            "walk": rng.normal(size=n).cumsum(),
            "drift": rng.normal(size=n).cumsum(),
            "label": rng.integers(0, 3, n).astype(str),
        }
    )
    table["label"] = "c" + table["label"]
    copied = pd.concat([table, table.iloc[: n // 2]], ignore_index=True)
    return table, copied


@pytest.mark.parametrize(
    "spec",
    [
        "adaptive",
        "adaptive:bins=7",
        "adaptive:bins=13",
        "adaptive:bins=40",
        "adaptive:own_bin=0.0,bins=5",
        "adaptive:bins=4,correction=miller-madow",
        "adaptive:bins=13,correction=shrinkage",
        "uniform:bins=9,correction=grassberger",
        "uniform",
        "uniform:bins=14",
        "uniform:bins=6,range=-1:1",
        "uniform:bins=scott,pooled=true",
    ],
)
@pytest.mark.parametrize("copies", [False, True])
def test_pairs_by_blocks_are_those_of_single_estimates(spec, copies, monkeypatch):
    table = all_kinds()[copies]
    monkeypatch.setattr(all_pairs, "ROWS_OF_BLOCK", 5)  # several blocks, the last one smaller
    found = mibench.pairwise(table, spec).table
    monkeypatch.setattr(wide_pairs, "MIN_COLUMNS", 1000)
    wanted = mibench.pairwise(table, spec).table
    pd.testing.assert_frame_equal(found[CHECKED], wanted[CHECKED], check_exact=True)
    flags = set(";".join(found["flags"]).split(";"))
    expected = {"constant", "dependent_rows"} | ({"copied_rows"} if copies else {"ceiling"})
    assert expected <= flags


def test_columns_with_gaps_and_bad_columns_of_a_file(tmp_path):
    table, _ = all_kinds()
    table.loc[3:9, "a"] = np.nan
    table["none"] = np.nan
    table.to_csv(tmp_path / "t.csv", index=False)
    done = CliRunner().invoke(
        cli, ["pairwise", str(tmp_path / "t.csv"), "-e", "adaptive", "-o", str(tmp_path / "o.csv")],
        standalone_mode=False,
    )  # fmt: skip
    assert done.return_value == 1
    pairs = pd.read_csv(tmp_path / "o.csv", keep_default_na=False)
    assert len(pairs) == 14 * 13 / 2
    assert (pairs.loc[pairs["error"] != "", ["x", "y"]] == "none").any(axis=1).sum() == 13
    row = pairs[(pairs["x"] == "a") & (pairs["y"] == "tails")].iloc[0]
    both = table[["a", "tails"]].dropna()
    assert int(row["rows"]) == len(both) == 193
    wanted = mibench.estimate(both["a"].to_numpy(), both["tails"].to_numpy(), "adaptive").bits
    assert float(row["bits"]) == pytest.approx(wanted, rel=1e-12)


def test_kernels_count_small_data_as_plain_python_does():
    rng = np.random.default_rng(0)
    sizes = np.array([2, 5, 11, 1, 300])
    codes = np.array([rng.integers(0, size, 500) for size in sizes], np.uint16)
    entropies, pairs = np.zeros((2, 5)), np.zeros((2, 5), np.int64)
    joint_entropies_of_columns(codes[:2], sizes[:2], codes, sizes, 0, 2, entropies, pairs)
    i, j = np.triu_indices(5, 1)
    repeated, different = np.zeros(10, np.int64), np.zeros(10, np.int64)
    repeated_rows_of_columns(codes.astype(np.int32), sizes, i, j, 0, 10, repeated, different)
    for place, (a, b) in enumerate(zip(i, j, strict=True)):
        both = list(zip(codes[a].tolist(), codes[b].tolist(), strict=True))
        counts = np.array([both.count(pair) for pair in set(both)])
        assert (repeated[place], different[place]) == ((counts > 1).sum(), len(counts))
        if a < 2:
            assert pairs[a, b] == len(counts)
            wanted = -(counts / 500 * np.log(counts / 500)).sum()
            assert entropies[a, b] == pytest.approx(wanted, abs=1e-12)


def test_pairs_that_are_not_counted_by_blocks_are_each_listed_once():
    for d in range(2, 6):
        for count in range(d + 1):
            for among in itertools.combinations(range(d), count):
                run = PairRun(["unusable"] * d, None, None, "cpu", None)
                found = run._not_among(np.array(among, np.intp)).tolist()
                wanted = [
                    [i, j] for i, j in itertools.combinations(range(d), 2)
                    if i not in among or j not in among
                ]  # fmt: skip
                assert sorted(found) == wanted


# -- which are kept ----------------------------------------------------------------------------


def strongest(table, k):
    """The pairs that are among the k strongest of either column, one column at a time."""
    keep = set()
    for name in set(table["x"]) | set(table["y"]):
        of_name = table[(table["x"] == name) | (table["y"] == name)]
        keep |= set(of_name.nlargest(k, "nats").index)
    return table.loc[sorted(keep)]


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("spec", ["adaptive", "uniform:bins=5"])
def test_thresholds_and_strongest_pairs(spec, wide, monkeypatch):
    table, _ = all_kinds()
    monkeypatch.setattr(wide_pairs, "MIN_COLUMNS", 8 if wide else 1000)
    monkeypatch.setattr(all_pairs, "ROWS_OF_BLOCK", 4)
    everything = mibench.pairwise(table, spec).table
    above = everything[everything["nats"] >= 0.1].reset_index(drop=True)
    assert 0 < len(above) < len(everything)
    found = mibench.pairwise(table, spec, threshold_nats=0.1)
    pd.testing.assert_frame_equal(found.table, above)
    wanted = strongest(everything, 2).reset_index(drop=True)
    assert 0 < len(wanted) < len(everything)
    pd.testing.assert_frame_equal(mibench.pairwise(table, spec, strongest=2).table, wanted)
    both = mibench.pairwise(table, spec, strongest=1, threshold_nats=0.1).table
    pd.testing.assert_frame_equal(both, strongest(above, 1).reset_index(drop=True))
    matrix = found.nats
    assert int(matrix.notna().to_numpy().sum()) == 2 * len(above)
    for row in above.itertuples():
        assert matrix.loc[row.x, row.y] == matrix.loc[row.y, row.x] == row.nats


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tolerance", [0.0, 0.2])
def test_pairs_that_a_third_column_explains(seed, tolerance):
    rng = np.random.default_rng(seed)
    d = 9
    pairs = [pair for pair in itertools.combinations(range(d), 2) if rng.random() < 0.7]
    nats = dict(zip(pairs, rng.random(len(pairs)).round(1), strict=True))

    def weight(a, b):
        return nats.get((min(a, b), max(a, b)), -math.inf)

    wanted = [
        not any(value < (1 - tolerance) * min(weight(i, k), weight(j, k))
                for k in range(d) if k not in (i, j))
        for (i, j), value in nats.items()
    ]  # fmt: skip
    i, j = np.array(pairs).T
    found = not_explained(d, i, j, np.array(list(nats.values())), tolerance)
    assert found.tolist() == wanted
    assert not all(wanted)


def test_aracne_keeps_the_links_of_a_chain():
    rng = np.random.default_rng(0)
    chain = rng.normal(size=(2000, 1))
    for _ in range(9):
        chain = np.column_stack([chain, chain[:, -1] + 0.7 * rng.normal(size=2000)])
        chain[:, -1] /= chain[:, -1].std()
    kept = mibench.pairwise(chain, "adaptive", threshold_nats=0.05, aracne=0.05).table
    assert list(zip(kept["x"], kept["y"], strict=True)) == [(i, i + 1) for i in range(9)]


def test_pairs_are_kept_by_q_values_of_all_pairs():
    """Those kept, and their numbers, are what a user would select from the whole table."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=(120, 1))
    table = np.column_stack([z + 0.6 * rng.normal(size=(120, 3)), rng.normal(size=(120, 3))])
    arguments = {"estimator": "adaptive:bins=4", "permutations": 99}
    whole = mibench.pairwise(table, **arguments).table
    kept = mibench.pairwise(table, **arguments, max_q=0.1).table
    assert 0 < len(kept) < len(whole)
    pd.testing.assert_frame_equal(kept, whole[whole["q_value"] <= 0.1].reset_index(drop=True))
    # The strongest are chosen among them, and direct links are judged by them.
    strongest = mibench.pairwise(table, **arguments, max_q=0.1, strongest=1).table
    assert 0 < len(strongest) <= len(kept)
    assert set(zip(strongest["x"], strongest["y"], strict=True)) <= set(
        zip(kept["x"], kept["y"], strict=True)
    )
    q = np.array([0.01, 0.2, np.nan, np.nan])
    nats = np.array([0.1, 0.2, 0.3, np.nan])  # the last one failed
    i, j = np.array([0, 0, 1, 1]), np.array([1, 2, 2, 3])
    assert Kept(max_q=0.05).of_all(4, i, j, nats, q).tolist() == [True, False, False, True]


def test_only_pairs_that_may_be_kept_stay_in_memory():
    x = np.random.default_rng(0).normal(size=(50, 200))
    later = np.triu(np.ones((64, 200), bool), 1)
    kept = Kept(strongest=1).of_block(np.corrcoef(x.T)[:64], later)
    assert kept.sum() <= 64 + 200  # one of each row, and one of each column
    assert Kept(threshold_nats=9).of_block(x[:5, :5], np.ones((5, 5), bool)).sum() == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threshold_nats": "high"}, "threshold_nats is 'high'"),
        ({"threshold_nats": math.nan}, "threshold_nats is nan"),
        ({"strongest": 0}, "strongest is 0"),
        ({"strongest": 1.5}, "strongest is 1.5"),
        ({"aracne": 1}, "aracne is 1: give a tolerance"),
        ({"aracne": -0.1}, "aracne is -0.1"),
        ({"max_q": 0, "permutations": 9}, "max_q is 0: give a share above 0"),
        ({"max_q": "5%", "permutations": 9}, "max_q is '5%'"),
        ({"max_q": 0.05}, "give permutations too, such as 1000"),
        ({"jobs": 0}, "jobs is 0"),
    ],
)
def test_bad_choices_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        mibench.pairwise(all_kinds()[0], "adaptive", **change)


def test_progress_and_interruption(monkeypatch):
    table, _ = all_kinds()
    monkeypatch.setattr(all_pairs, "ROWS_OF_BLOCK", 4)
    steps = []
    mibench.pairwise(table, "adaptive", on_progress=lambda *step: steps.append(step))
    assert steps[-1] == (78, 78)
    assert len(steps) > 3

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(InterruptedPairs) as stopped:
        mibench.pairwise(table, "adaptive", on_progress=stop)
    assert len(stopped.value.table) == stopped.value.done == steps[0][0]


# -- networks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("units", ["bits", "nats"])
def test_networkx_reads_the_edges(units, tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 9)))
    table.columns = ["a<b", 'say "&"', "ä", "d\x07", *"efghi"]
    pairs = mibench.pairwise(table, "uniform:bins=3", strongest=1)
    for ending in ("csv", "graphml"):
        count = write_edges(pairs.table, pairs.columns, units, tmp_path / f"net.{ending}")
        assert count == len(pairs.table)
    network = networkx.read_graphml(tmp_path / "net.graphml")
    names = networkx.get_node_attributes(network, "label")
    assert list(names.values()) == ["a<b", 'say "&"', "ä", "d", *"efghi"]
    listed = pd.read_csv(tmp_path / "net.csv")
    of_csv = networkx.from_pandas_edgelist(listed, edge_attr="weight")
    assert of_csv.number_of_edges() == network.number_of_edges() == len(pairs.table)
    places = {name: f"n{i}" for i, name in enumerate(table.columns)}
    for row in pairs.table.itertuples():
        edge = network.edges[places[row.x], places[row.y]]
        assert edge["weight"] == getattr(row, units)
        assert edge["rows"] == 60
    root = ElementTree.parse(tmp_path / "net.graphml").getroot()
    assert units in [element.text for element in root.iter() if element.get("key") == "units"]


def test_the_command_writes_a_network(tmp_path):
    table, _ = all_kinds()
    table.to_csv(tmp_path / "t.csv", index=False)
    options = ["--threshold", "0.2", "--aracne", "0.1", "--strongest", "2", "-e", "adaptive"]
    done = CliRunner().invoke(
        cli, ["pairwise", str(tmp_path / "t.csv"), *options, "--edges", str(tmp_path / "n.graphml"),
              "--format", "csv"], standalone_mode=False,
    )  # fmt: skip
    assert done.return_value == 0, done.output
    wanted = mibench.pairwise(
        table, "adaptive", threshold_nats=0.2 * math.log(2), aracne=0.1, strongest=2
    )
    assert done.stdout.count("\n") == len(wanted.table) + 1
    network = networkx.read_graphml(tmp_path / "n.graphml")
    assert network.number_of_edges() == len(wanted.table)
    with pytest.raises(InputError, match=r"must end in one of \.csv, \.graphml"):
        CliRunner().invoke(
            cli, ["pairwise", str(tmp_path / "t.csv"), "--edges", "net.png"],
            catch_exceptions=False,
        )  # fmt: skip


def test_a_terminal_gets_the_strongest_pairs_of_many(tmp_path, monkeypatch):
    from mibench.cli import show

    monkeypatch.setattr(show, "MOST_SHOWN", 5)
    table, _ = all_kinds()
    table.to_csv(tmp_path / "t.csv", index=False)
    done = CliRunner().invoke(cli, ["pairwise", str(tmp_path / "t.csv"), "-e", "adaptive"])
    assert "73 weaker pairs are not shown: --output has all" in done.stdout
