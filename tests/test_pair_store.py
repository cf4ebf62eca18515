"""A store of pairs of columns: what was done is not done again, and the numbers are the same."""

import json
import logging
import math
import os
import random
import signal
import subprocess
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import mibench as library
from mibench import Estimate, Estimator, InputError
from mibench.cli.main import cli
from mibench.columns import pair_batches, wide_pairs
from mibench.columns.pair_keeping import digest_of
from mibench.columns.pairs import InterruptedPairs
from mibench.contract.blocks import PairBlock
from mibench.estimators.binning import all_pairs
from mibench.records.pair_store import HEADER, PairRow, PairStore
from mibench.records.store import Store

from .conftest import MIBENCH, environment
from .test_wide_pairs import all_kinds

# Notes each call in a file next to it.
NOTING = """
import time
from pathlib import Path
def noting(x, y):
    with Path(__file__).with_name("calls").open("a") as file:
        file.write(f"{x[0, 0]} {y[0, 0]}\\n")
    time.sleep(SECONDS)
    return float(x[0, 0] * y[0, 0])
"""


def noting(folder, seconds=0.0):
    """The spec of a function that notes its calls in `folder`/calls."""
    (folder / "noting_pairs.py").write_text(NOTING.replace("SECONDS", str(seconds)))
    return f"function:call={folder / 'noting_pairs.py'}:noting"


def calls(folder):
    return (folder / "calls").read_text().splitlines() if (folder / "calls").exists() else []


def columns(d=9, n=40):
    """Columns whose first values tell them apart."""
    table = np.random.default_rng(0).normal(size=(n, d))
    table[0] = range(1, d + 1)
    return table


@pytest.fixture
def blocks(monkeypatch):
    """The blocks that are estimated, by their first columns."""
    estimated = []
    original = all_pairs._Block.__call__

    def noted(block):
        estimated.append(block.first)
        return original(block)

    monkeypatch.setattr(all_pairs, "ROWS_OF_BLOCK", 4)
    monkeypatch.setattr(all_pairs._Block, "__call__", noted)
    return estimated


@pytest.fixture
def batches(monkeypatch):
    """The pairs that are estimated one by one."""
    estimated = []
    original = pair_batches._estimate_batch

    def noted(tested, batch):
        estimated.extend(batch[0])
        return original(tested, batch)

    monkeypatch.setattr(pair_batches, "_estimate_batch", noted)
    return estimated


def stopped_after(count, *arguments, **options):
    """Interrupt `pairwise` when this number of pairs is done; returns how many were."""

    def stop(done, total):
        if done >= count:
            raise KeyboardInterrupt

    with pytest.raises(InterruptedPairs) as stopped:
        library.pairwise(*arguments, on_progress=stop, **options)
    assert len(stopped.value.table) == stopped.value.done
    return stopped.value.done


# -- nothing twice, and the same numbers ---------------------------------------------------------


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize("spec", ["adaptive", "uniform:bins=4,correction=miller-madow"])
def test_blocks_go_on_where_they_were(spec, copies, tmp_path, blocks, batches):
    table = all_kinds()[copies]
    wanted = library.pairwise(table, spec).table
    all_blocks, all_pairs_alone = list(blocks), set(batches)
    assert len(all_blocks) == 4
    assert 10 < len(all_pairs_alone) < len(wanted)
    store = tmp_path / "pairs.jsonl"
    done, at = 0, [1, 50, 60, 65, 10_000]
    for count in at[:-1]:
        blocks.clear()
        done = stopped_after(count, table, spec, store=store)
    assert done < len(wanted)
    blocks.clear()
    batches.clear()
    found = library.pairwise(table, spec, store=store).table
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    assert blocks == []
    assert 0 < len(batches) == len(set(batches)) < len(all_pairs_alone)
    batches.clear()
    again = library.pairwise(table, spec, store=store).table
    pd.testing.assert_frame_equal(again, wanted, check_exact=True)
    assert blocks == batches == []


def test_each_block_is_counted_once(tmp_path, blocks):
    table, _ = all_kinds()
    for count in (1, 40):
        stopped_after(count, table, "adaptive", store=tmp_path / "pairs.jsonl")
    library.pairwise(table, "adaptive", store=tmp_path / "pairs.jsonl")
    assert blocks == [0, 4, 8, 12]


@pytest.mark.parametrize("options", [{}, {"permutations": 19, "seed": 3}])
@pytest.mark.parametrize("spec", ["knn:k=2", "adaptive"])
def test_pairs_one_by_one_go_on_where_they_were(spec, options, tmp_path, batches):
    table, _ = all_kinds(60)
    table = table[["a", "near", "rounded", "flat", "walk", "label"]]
    wanted = library.pairwise(table, spec, **options).table
    everything = sorted(batches)
    assert len(everything) == 15
    assert ("p_value" in wanted) == bool(options)
    store = tmp_path / "pairs.jsonl"
    batches.clear()
    for count in (1, 4, 5, 9):
        stopped_after(count, table, spec, store=store, **options)
    found = library.pairwise(table, spec, store=store, **options).table
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    assert sorted(batches) == everything


def test_what_is_kept_of_the_result_may_change(tmp_path, blocks, batches):
    """The store holds all pairs, so another threshold needs no estimate."""
    table, _ = all_kinds()
    store = tmp_path / "pairs.jsonl"
    library.pairwise(table, "adaptive", strongest=1, store=store)
    blocks.clear()
    batches.clear()
    for kept in ({}, {"threshold_nats": 0.1}, {"strongest": 2, "aracne": 0.1}):
        found = library.pairwise(table, "adaptive", store=store, **kept).table
        assert blocks == batches == []
        wanted = library.pairwise(table, "adaptive", **kept).table
        pd.testing.assert_frame_equal(found, wanted, check_exact=True)
        blocks.clear()
        batches.clear()


def test_progress_begins_with_what_was_kept(tmp_path, blocks):
    table, _ = all_kinds()
    done = stopped_after(60, table, "adaptive", store=tmp_path / "pairs.jsonl")
    steps = []
    library.pairwise(
        table, "adaptive", store=tmp_path / "pairs.jsonl",
        on_progress=lambda *step: steps.append(step),
    )  # fmt: skip
    assert steps == sorted(steps)
    assert steps[-1] == (78, 78)
    assert (done, 78) in steps


# -- whose results they are ----------------------------------------------------------------------


def changed(table, what):
    other = table.copy()
    if what == "value":
        other[3, 2] += 1e-9
    elif what == "order":
        other[:, [0, 1]] = other[:, [1, 0]]
    elif what == "type":
        other = other.astype(np.float32)
    elif what == "names":
        return pd.DataFrame(other, columns=list("abcdefghi"))
    return other


@pytest.mark.parametrize("what", ["value", "order", "type", "names"])
def test_other_data_are_other_results(what, tmp_path, batches):
    store = tmp_path / "pairs.jsonl"
    library.pairwise(columns(), "knn", store=store)
    batches.clear()
    table = changed(columns(), what)
    found = library.pairwise(table, "knn", store=store)
    assert len(batches) == 36
    pd.testing.assert_frame_equal(found.table, library.pairwise(table, "knn").table)
    batches.clear()
    library.pairwise(columns(), "knn", store=store)  # the earlier ones are still there
    assert batches == []


def test_the_digest_of_columns_sees_what_numbers_depend_on():
    from mibench.columns.gaps import column_of

    def column(values, name="a", label=False):
        return column_of(np.array(values), name, label, gaps=True)

    some = [
        [column([1.0, 2.0])], [column([1.0, np.nan])], [column([1.0, 2.0], "b")],
        [column([1.0, 2.0], label=True)], [column([1, 2])], [column(["1", "2"], label=True)],
        [column(np.array(["1", "2"], object), label=True)],
        [column(np.array(["1", 2], object), label=True)], ["column 'a' is bad"],
        [column([1.0, 2.0]), column([1.0, 2.0])], [],
    ]  # fmt: skip
    digests = [digest_of(columns) for columns in some]
    assert len(set(digests)) == len(some)
    assert digests == [digest_of(columns) for columns in some]


@pytest.mark.parametrize(
    "options",
    [{"permutations": 19}, {"permutations": 20}, {"permutations": 19, "seed": 1}],
)
def test_estimators_and_tests_are_told_apart(options, tmp_path, batches):
    table, store = columns(4), tmp_path / "pairs.jsonl"
    for spec in ("knn", "knn:k=5", "uniform"):
        library.pairwise(table, spec, store=store)
    library.pairwise(table, "knn", store=store, permutations=19)
    batches.clear()
    library.pairwise(table, "knn", store=store, seed=7)  # without a test it changes nothing
    assert batches == []
    found = library.pairwise(table, "knn", store=store, **options).table
    assert len(batches) == (0 if options == {"permutations": 19} else 6)
    pd.testing.assert_frame_equal(found, library.pairwise(table, "knn", **options).table)


def test_changed_code_is_another_estimator(tmp_path):
    store, table = tmp_path / "pairs.jsonl", columns(3)
    spec = noting(tmp_path)
    library.pairwise(table, spec, store=store)
    library.pairwise(table, spec, store=store)
    assert len(calls(tmp_path)) == 3
    file = tmp_path / "noting_pairs.py"
    file.write_text(file.read_text() + "# changed\n")
    library.pairwise(table, spec, store=store)
    assert len(calls(tmp_path)) == 6


@dataclass(frozen=True)
class OfSession(Estimator):
    """May change from one run to the next; fails if a side begins with 3."""

    def _estimate(self, x, y):
        if 3 in (x.columns[0, 0], y.columns[0, 0]):
            raise RuntimeError("a three")
        return Estimate(float(x.columns[0, 0]))


def test_estimators_of_the_session_are_run_again(tmp_path, batches):
    for _ in range(2):
        library.pairwise(columns(4), OfSession(), store=tmp_path / "pairs.jsonl")
    assert len(batches) == 12


def test_failures_are_kept_and_run_again(tmp_path, batches):
    """The noise of `noise_variance` is refused between two columns of numbers."""
    table, _ = all_kinds(50)
    table = table[["a", "walk", "label"]]
    store = tmp_path / "pairs.jsonl"
    first = library.pairwise(table, "knn:noise_variance=0.1", store=store).table
    assert first["error"].ne("").sum() == 1
    kept = store.read_text()
    assert first["error"].max()[:20] in kept
    batches.clear()
    again = library.pairwise(table, "knn:noise_variance=0.1", store=store).table
    pd.testing.assert_frame_equal(again, first)
    assert batches == [(0, 1)]
    assert store.read_text() == kept  # the same failure is not kept twice


# -- the file ------------------------------------------------------------------------------------


def test_the_file_says_what_it_holds(tmp_path):
    store = tmp_path / "pairs.jsonl"
    library.pairwise(columns(3), "knn", store=store, permutations=19, seed=2)
    header, about, *pairs = map(json.loads, store.read_text().splitlines())
    assert header == {"mibench pairs": 1}
    assert about[2] == "run"
    assert about[3]["estimator"] == "knn"
    assert (about[3]["permutations"], about[3]["seed"], about[3]["columns"]) == (19, 2, 3)
    found = [row for line in pairs for row in line[3]]
    assert sorted((i, j) for i, j, *_ in found) == [(0, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize("spec", ["adaptive", "knn"])
@pytest.mark.parametrize("damage", ["flip", "cut", "garbage", "lines"])
def test_damage_is_named_and_made_good(spec, damage, tmp_path, caplog, blocks):
    table, _ = all_kinds(60)
    table = table.drop(columns=["label", "function"])
    store = tmp_path / "pairs.jsonl"
    wanted = library.pairwise(table, spec, store=store).table
    content = store.read_bytes()
    lines = content.split(b"\n")
    third = len(b"\n".join(lines[:2])) + 1 + len(lines[2]) // 2  # in the middle of line 3
    if damage == "flip":
        content = content[:third] + bytes([content[third] ^ 1]) + content[third + 1 :]
    elif damage == "cut":
        content = content[:third]
    elif damage == "garbage":
        content = content[:third] + b"\0\xff\n\n{}" + content[third:]
    else:
        content += b"\n" + b"\n".join([b"[]", b'["00000000","x"]', b"\xff" * 40] * 3)
    store.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        found = library.pairwise(table, spec, store=store).table
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    (warning,) = [r.getMessage() for r in caplog.records if "damaged" in r.getMessage()]
    assert f"the store {store}" in warning
    assert "(3" in warning or damage == "lines"
    assert "9 damaged line(s)" in warning or damage != "lines"


@pytest.mark.parametrize("spec", ["adaptive", "uniform:bins=2"])
def test_no_damage_changes_a_number(spec, tmp_path, caplog):
    table, rng = columns(), random.Random(0)
    table[:, 3] = table[:, 3].round()
    store = tmp_path / "pairs.jsonl"
    wanted = library.pairwise(table, spec, store=store).table
    whole = store.read_bytes()
    for _ in range(40):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(HEADER), len(content))  # with another header it is refused
            change = rng.choice(["byte", "cut", "bytes", "repeat"])
            if change == "byte":
                content[place] = rng.randrange(256)
            elif change == "cut":
                del content[place : place + rng.randint(1, 300)]
            elif change == "bytes":
                content[place:place] = rng.randbytes(50)
            else:
                start = rng.randrange(len(content))
                content[place:place] = content[start : start + 3000]
        store.write_bytes(content)
        found = library.pairwise(table, spec, store=store).table
        pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    assert "damaged line(s) skipped" in caplog.text


HOSTILE_PAIRS = [
    [[0, 1]], [[1, 0, 0.5, None, 9, "", ""]], [[0, 99, 0.5, None, 9, "", ""]], 7, [7],
    None, [["0", 1, 0.5, None, 9, "", ""]], [[0, 1, "x", None, 9, "", ""]],
    [[0, 1, None, None, 9, "", ""]], [[0, 1, 0.5, "p", 9, "", ""]],
    [[0, 1, 0.5, None, 2**63, "", ""]], [[0, 1, 0.5, None, 9, 5, ""]],
    [[-1, 1, 0.5, None, 9, "", ""]], [[0, 2**60, 0.5, None, 9, "", ""]],
]  # fmt: skip
HOSTILE_BLOCKS = [
    {}, {"rows": 60}, {"rows": "x"}, {"width": 10**9}, {"width": -1}, {"texts": []}, {"texts": 5},
    {"nats": "!"}, {"nats": 5}, {"flags": "AAAA"}, {"alone": ""}, {"rows": 2**63}, None, 5, [],
]  # fmt: skip


def with_checksum(name, *content):
    body = json.dumps([name, *content], separators=(",", ":"))[1:].encode()
    return b'\n["%08x",%b' % (zlib.crc32(body), body)


@pytest.mark.parametrize("place", range(max(len(HOSTILE_PAIRS), len(HOSTILE_BLOCKS))))
def test_lines_that_somebody_else_wrote_are_no_results(place, tmp_path, monkeypatch):
    """With the right checksum, for the same data and estimator."""
    monkeypatch.setattr(all_pairs, "ROWS_OF_BLOCK", 4)
    table, _ = all_kinds(60)
    store = tmp_path / "pairs.jsonl"
    wanted = library.pairwise(table, "adaptive", store=store).table
    lines = store.read_bytes().split(b"\n")
    parsed = [json.loads(line) for line in lines]
    name = parsed[1][1]
    if place < len(HOSTILE_PAIRS):
        store.write_bytes(lines[0] + with_checksum(name, "pairs", HOSTILE_PAIRS[place]))
        found = library.pairwise(table, "adaptive", store=store).table
        pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    if place < len(HOSTILE_BLOCKS):
        change = HOSTILE_BLOCKS[place]
        content = b""
        for line in parsed[2:]:
            if line[2] == "block":
                parts = {**line[5], **change} if isinstance(change, dict) and change else change
                content += with_checksum(name, "block", line[3], line[4], parts)
        content += with_checksum(name, "block", "x", 5, {}) + with_checksum(name, "block", 1)
        store.write_bytes(lines[0] + content)
        found = library.pairwise(table, "adaptive", store=store).table
        pd.testing.assert_frame_equal(found, wanted, check_exact=True)


@pytest.mark.parametrize("size", [0, 1, 5, len(HEADER) - 1])
def test_an_unfinished_header_is_finished(size, tmp_path):
    (tmp_path / "pairs.jsonl").write_bytes(HEADER[:size])
    library.pairwise(columns(3), "knn", store=tmp_path / "pairs.jsonl")
    store = PairStore(tmp_path / "pairs.jsonl")
    assert len(store.path.read_text().splitlines()) > 2


def test_a_second_header_does_no_harm(tmp_path, batches, caplog):
    store = tmp_path / "pairs.jsonl"
    library.pairwise(columns(3), "knn", store=store)
    with store.open("ab") as file:
        file.write(HEADER)
    batches.clear()
    library.pairwise(columns(3), "knn", store=store)
    assert batches == []
    assert not caplog.records


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a,b\n1,2\n", "is not a store of `mibench pairwise`"),
        ('{"mibench pairs": 99}\n', "has another format than 1"),
        (None, "is a store of `mibench compare`"),
    ],
)
def test_other_files_are_refused(content, words, tmp_path):
    path = tmp_path / "r.jsonl"
    if content is None:
        library.compare("uniform", tasks="1v1-normal-0.75", samples=50, seeds=1, store=path)
    else:
        path.write_text(content)
    before = path.read_bytes()
    with pytest.raises(InputError, match=words):
        library.pairwise(columns(3), "knn", store=path)
    assert path.read_bytes() == before
    with pytest.raises(InputError, match="is a directory"):
        library.pairwise(columns(3), "knn", store=tmp_path)
    library.pairwise(columns(3), "knn", store=tmp_path / "pairs.jsonl")
    with pytest.raises(InputError, match="is a store of pairs, of `mibench pairwise`"):
        Store(tmp_path / "pairs.jsonl")


@pytest.mark.parametrize("how", ["removed", "replaced", "emptied", "directory"])
def test_a_store_that_is_lost_during_the_run_is_written_again(how, tmp_path, batches):
    store = tmp_path / "pairs.jsonl"

    held = []

    def lose(done, total):
        if done < 3 or held:
            return
        held.append(done)
        if how == "emptied":
            os.truncate(store, 0)
            return
        store.unlink()
        if how == "replaced":
            PairStore(store)
        elif how == "directory":
            store.mkdir()

    with pytest.raises(InputError, match="removed, emptied or replaced") as lost:
        library.pairwise(columns(5), "knn", store=store, on_progress=lose)
    path = store if how != "directory" else next(tmp_path.glob("pairs.jsonl.*"))
    assert str(path) in str(lost.value)
    done = len(batches)
    assert done < 10
    library.pairwise(columns(5), "knn", store=path)
    assert len(batches) == 10 + (held[0] if how == "emptied" else 0)  # what it held then


def test_blocks_and_pairs_come_back_to_the_last_bit(tmp_path):
    rng = np.random.default_rng(0)
    block = PairBlock(
        4, 7, 99, rng.normal(size=(3, 11)) * 1e-300, rng.integers(0, 2, (3, 11), np.uint8),
        ["", "ties;ceiling"], rng.random((3, 11)) < 0.5,
    )  # fmt: skip
    block.alone[:] &= block.later
    block.alone[0, 1] = True
    block.nats[0, :3] = math.nan, math.inf, -0.0
    row = PairRow(0, 5, -1 / 3 * 1e-17, math.nan, 7, "ä;ties", "")
    tested = row._replace(j=6, p_value=1 / 3)
    store = PairStore(tmp_path / "pairs.jsonl")
    with store.adding("a" * 16) as adding:
        adding.block(block)
        adding.pairs([row, tested, row._replace(j=7, nats=math.nan, error="no")])
    run = store.read("a" * 16)
    found = store.block(run, 4, 7)
    for name in ("nats", "flags", "alone"):
        np.testing.assert_array_equal(getattr(found, name), getattr(block, name), strict=True)
    assert np.signbit(found.nats[0, 2])
    assert (found.rows, found.texts) == (99, block.texts)
    assert store.block(run, 4, 8) is None
    assert run.pairs[0, 6] == tested
    assert run.pairs[0, 5]._replace(p_value=0.0) == row._replace(p_value=0.0)
    assert set(run.pairs) == {(0, 5), (0, 6)}


# -- workers that die --------------------------------------------------------------------------


def test_a_block_whose_worker_died_is_taken_pair_by_pair_and_is_not_kept(
    tmp_path, monkeypatch, blocks
):
    table, _ = all_kinds()
    wanted = library.pairwise(table, "adaptive").table

    def died(workers, work, items, failed):
        return (
            failed(item, "KilledWorker") if work is wide_pairs._estimated else work(item)
            for item in items
        )

    with monkeypatch.context() as patch:
        patch.setattr(wide_pairs.Workers, "results", died)
        found = library.pairwise(table, "adaptive", store=tmp_path / "pairs.jsonl").table
    pd.testing.assert_frame_equal(found, wanted, check_exact=True)
    blocks.clear()
    again = library.pairwise(table, "adaptive", store=tmp_path / "pairs.jsonl").table
    pd.testing.assert_frame_equal(again, wanted, check_exact=True)
    assert blocks == [0, 4, 8, 12]


@pytest.mark.slow
def test_a_pair_whose_process_dies_is_said_and_the_others_are_kept(tmp_path):
    spec = noting(tmp_path)
    file = tmp_path / "noting_pairs.py"
    end = "    if (x[0, 0], y[0, 0]) == (8, 9): import os; os._exit(3)\n    return"
    file.write_text(file.read_text().replace("    return", end))
    store = tmp_path / "pairs.jsonl"
    rows = library.pairwise(columns(), spec, jobs=2, store=store).table
    bad = rows[rows["error"] != ""]
    assert bad[["x", "y"]].to_numpy().tolist() == [[7, 8]]
    assert bad["error"].item() == "ProcessDied: the estimator's process ended with code 3"
    before = len(calls(tmp_path))
    again = library.pairwise(columns(), spec, jobs=2, store=store).table
    pd.testing.assert_frame_equal(again, rows)
    assert calls(tmp_path)[before:] == ["8.0 9.0"]


# -- as a user runs it -----------------------------------------------------------------------------


def write_table(folder, d=9):
    pd.DataFrame(columns(d), columns=[f"c{i}" for i in range(d)]).to_csv(
        folder / "t.csv", index=False
    )


def test_the_command_goes_on(tmp_path, monkeypatch):
    write_table(tmp_path)
    monkeypatch.chdir(tmp_path)
    command = ["pairwise", "t.csv", "-e", noting(tmp_path), "--format", "csv"]

    def run(*options):
        return CliRunner().invoke(cli, [*command, *options], standalone_mode=False)

    plain = run()
    assert len(calls(tmp_path)) == 36
    kept, again = run("--store", "p.jsonl"), run("--store", "p.jsonl")
    assert len(calls(tmp_path)) == 72
    assert plain.return_value == kept.return_value == again.return_value == 0
    assert plain.stdout == kept.stdout == again.stdout
    Path("p.csv").write_bytes(Path("p.jsonl").read_bytes())
    refused = run("--store", "p.csv", "--output", "p.csv").exception
    assert "--output p.csv would replace the file" in str(refused)
    refused = run("--store", "t.csv").exception
    assert isinstance(refused, InputError)
    assert "is not a store of `mibench pairwise`: name another file" in str(refused)


def start(folder, *options):
    return subprocess.Popen(
        [MIBENCH, "pairwise", "t.csv", "-e", noting(folder, 0.05), "--store", "p.jsonl", *options],
        cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_ended_command_goes_on(number, jobs, tmp_path):
    """At most the pairs that were being estimated, those of a batch of each process, are lost."""
    write_table(tmp_path, 12)
    running = start(tmp_path, "--jobs", jobs)
    deadline = time.monotonic() + 60
    while len(calls(tmp_path)) < 20:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(number)
    _, messages = running.communicate(timeout=60)
    assert running.returncode == (-9 if number == signal.SIGKILL else 130)
    if number == signal.SIGINT:
        assert "p.jsonl keeps them, and the same command goes on" in messages
    time.sleep(0.5)  # workers end with their parent
    done = len(calls(tmp_path))
    assert done < 66
    again = start(tmp_path, "--jobs", jobs)
    out, messages = again.communicate(timeout=60)
    assert again.returncode == 0, messages
    assert len(set(calls(tmp_path))) == 66
    assert len(calls(tmp_path)) - 66 <= 8 * int(jobs)
    assert "12 columns" in out


@pytest.mark.slow
def test_two_commands_at_once_share_a_store(tmp_path):
    write_table(tmp_path)
    both = [start(tmp_path), start(tmp_path)]
    outputs = [running.communicate(timeout=60) for running in both]
    assert [running.returncode for running in both] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    count = len(calls(tmp_path))
    third = start(tmp_path)
    assert third.communicate(timeout=60)[0] == outputs[0][0]
    assert len(calls(tmp_path)) == count


def test_wide_tables_do_not_fill_a_batch_with_slow_pairs():
    size = pair_batches.BatchSize(32)
    sizes = []
    for seconds in (0.1, 0.1, 0.1, 0.5, 2.0, 3.0, 2.0, 2.0, 0.1):
        sizes.append(size.pairs)
        size.took(size.pairs, seconds)
    assert sizes == [1, 2, 4, 8, 8, 4, 2, 1, 1]
    assert size.pairs == 2
    for _ in range(9):
        size.took(size.pairs, 0.01)
    assert size.pairs == 32
