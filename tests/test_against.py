"""Earlier results beside new ones: joined cell by cell, and held against them."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench import summary
from mibench.records.files import read_records
from mibench.records.store import Store
from mibench.summary import inference

SMALL = {"tasks": ["1v1-normal-0.75", "binary-symmetric-0.1"], "samples": [50, 80], "seeds": 3}


@pytest.fixture
def earlier(tmp_path):
    path = tmp_path / "old.jsonl"
    mibench.compare(["uniform", "knn", "knn:k=70"], store=path, **SMALL)
    return path


def test_the_same_cells_join_and_no_others(earlier):
    table = mibench.compare("kde", against=earlier, **{**SMALL, "samples": 80, "seeds": 2})
    assert set(table["estimator"]) == {"kde", "uniform", "knn", "knn:k=70"}
    assert set(table["n"]) == {80}
    assert table.groupby("estimator").size().tolist() == [4] * 4
    kept = mibench.results(earlier, samples=80)
    joined = table[table["estimator"] == "knn"].merge(kept, on=["estimator", "task", "seed"])
    assert (joined["nats_x"] == joined["nats_y"]).all()


def test_an_estimator_that_is_run_anew_stands_beside_itself(earlier):
    table = mibench.compare("knn", against=earlier, **SMALL)
    new, old = (table[table["estimator"] == e] for e in ("knn", "knn (old)"))
    assert len(new) == len(old) == 12
    np.testing.assert_array_equal(new["nats"], old["nats"])
    assert summary.worsened(table, {"knn": "knn (old)"}).empty


def test_a_parquet_file_in_either_unit_is_as_good_as_a_store(earlier, mibench, tmp_path):
    of_store = read_records(earlier)
    for units in ("bits", "nats"):
        path = tmp_path / f"{units}.parquet"
        done = mibench("results", earlier, "--units", units, "-o", path)
        assert done.returncode == 0, done.stderr
        found = {(r.estimator, r.task, r.n, r.seed): r for r in read_records(path)}
        assert len(found) == len(of_store)
        for record in of_store:
            again = found[record.estimator, record.task, record.n, record.seed]
            assert (again.nats is None) == (record.nats is None)
            if record.nats is not None:
                assert again.nats == pytest.approx(record.nats, rel=1e-15, abs=1e-15)
            assert (again.error, again.info, again.memory) == (
                record.error, record.info, record.memory,
            )  # fmt: skip


def test_of_several_versions_the_last_one_stands_beside(tmp_path):
    mine, path = tmp_path / "mine.py", tmp_path / "old.jsonl"
    for nats in (0.5, 0.7):
        mine.write_text(f"def fixed(x, y): return {nats}")
        mibench.compare(f"function:call={mine}:fixed", store=path, **SMALL)
    assert len(list(Store(path))) == 2 * 12
    table = mibench.compare("knn", against=path, **SMALL)
    assert table[table["estimator"] != "knn"]["nats"].tolist() == [0.7] * 12


def test_of_several_defaults_the_last_one_counts(tmp_path):
    path = tmp_path / "old.jsonl"
    mibench.compare("knn", store=path, **SMALL)
    store = Store(path)
    store.add([replace(r, version="next", parameters='{"k": 9}', nats=0.7) for r in store])
    assert mibench.results(path)["nats"].tolist() == [0.7] * 12


def test_results_of_another_truth_do_not_stand_beside(tmp_path):
    def task(nats):
        return mibench.Task("mine", 1, 1, nats, lambda n, rng: rng.normal(size=(2, n)), "made up")

    options = {"samples": 30, "seeds": 2, "store": tmp_path / "old.jsonl"}
    mibench.compare("knn", tasks=[task(0.1)], **options)
    with pytest.raises(mibench.InputError, match="has no result on these samples"):
        mibench.compare("uniform", tasks=[task(0.2)], against=tmp_path / "old.jsonl", samples=30)


def test_the_command_says_so(earlier, mibench):
    options = ("--tasks", "1v1-normal-0.75,binary-symmetric-0.1", "--samples", "80")
    done = mibench("compare", "-e", "kde,knn", *options, "--seeds", 3, "--against", "old.jsonl")
    assert done.returncode == 0, done.stderr
    assert "knn (old)" in done.stdout
    assert "uniform" in done.stdout
    assert "worse than" not in done.stdout
    shown = mibench("compare", "-e", "knn", *options, "--seeds", 3, "--against", "old.jsonl",
                    "--format", "json")  # fmt: skip
    assert json.loads(shown.stdout)["worsened"] == []


def test_earlier_failures_are_shown_but_are_not_ours(earlier, mibench):
    options = ("--tasks", "1v1-normal-0.75", "--samples", "50", "--seeds", 3)
    done = mibench("compare", "-e", "kde", *options, "--against", "old.jsonl")
    assert done.returncode == 0
    assert "failed: knn:k=70" in done.stdout
    own = mibench("compare", "-e", "knn:k=70", *options, "--against", "old.jsonl")
    assert own.returncode == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--samples", "51"], "n = 50, 80 and seeds below 3"),
        (["--against", "gone.jsonl"], "no such file: 'gone.jsonl'"),
    ],
)
def test_nothing_to_stand_beside_is_said_before_the_work(earlier, mibench, options, said):
    done = mibench(
        "compare", "-e", "knn", "--store", "new.jsonl", "--against", "old.jsonl", *options
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (earlier.parent / "new.jsonl").exists()


@pytest.mark.parametrize("content", [b"not parquet", None])
def test_a_parquet_file_without_records(mibench, tmp_path, content):
    path = tmp_path / "other.parquet"
    if content is None:
        pd.DataFrame({"a": [1]}).to_parquet(path)
    else:
        path.write_bytes(content)
    done = mibench("results", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert ("lacks the columns task" if content is None else "is not a parquet file") in done.stderr


# -- worse than before -------------------------------------------------------------------------


def cases(name, errors):
    """Records with these errors (cases, seeds) about truth 1."""
    rows = [
        {"task": f"t{case}", "n": 10, "seed": seed, "mi_nats": 1.0, "nats": 1.0 + error,
         "estimator": name}
        for case, own in enumerate(errors)
        for seed, error in enumerate(own)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def worsened(now, before):
    return summary.worsened(
        pd.concat([cases("a", now), cases("b", before)], ignore_index=True), {"a": "b"}
    )


ERRORS = np.random.default_rng(0).normal(scale=0.1, size=(8, 10))


def test_the_same_errors_are_not_worse_nor_are_others_of_the_same_law():
    assert worsened(ERRORS, ERRORS).empty
    assert worsened(ERRORS + 1e-9, ERRORS).empty
    rng = np.random.default_rng(1)
    found = [len(worsened(rng.normal(scale=0.1, size=(8, 10)), ERRORS)) for _ in range(100)]
    assert np.count_nonzero(found) <= 12  # 5 % at most, one side of it counts: 2.5, sd 1.6; 6 sigma


def test_less_error_is_not_worse():
    assert worsened(ERRORS / 2, ERRORS).empty


def test_one_case_that_got_worse_is_named():
    now = ERRORS.copy()
    now[3] += 0.5
    found = worsened(now, ERRORS).set_index("task")
    assert "t3" in found.index
    assert found.loc["t3", "rmse_nats"] > 0.4 > 0.2 > found.loc["t3", "rmse_before_nats"]
    assert set(found.index) <= {"all", "t3"}


def test_a_little_in_every_case_shows_in_all_of_them_together():
    now = ERRORS + np.sign(ERRORS) * 0.01
    assert "all" in set(worsened(now, ERRORS)["task"])


def test_a_new_failure_is_named():
    now = ERRORS.copy()
    now[2, 4] = np.nan
    found = worsened(now, ERRORS).set_index("task")
    assert found["failures"].to_dict() == {"all": 1, "t2": 1}
    assert worsened(ERRORS, now).empty  # one less is not worse


def test_cases_that_were_not_run_are_no_tests(monkeypatch):
    """Two cases, each at a size of its own, and all: three tests share the 5 %, not five."""
    shared = []
    plain = inference.significantly_better
    monkeypatch.setattr(
        inference,
        "significantly_better",
        lambda tasks, tests: shared.append(tests) or plain(tasks, tests),
    )
    table = pd.concat([cases("a", ERRORS[:2] + 1), cases("b", ERRORS[:2])], ignore_index=True)
    table["n"] = table["task"].map({"t0": 10, "t1": 20})
    assert len(summary.worsened(table, {"a": "b"})) == 3
    assert shared == [3, 3, 3]


def test_estimators_without_earlier_results_are_left_out():
    assert summary.worsened(cases("a", ERRORS), {"a": "gone"}).empty


def test_a_store_keeps_its_own_cells_alone(earlier, tmp_path):
    mibench.compare("kde", store=tmp_path / "new.jsonl", against=earlier, **SMALL)
    assert {r.estimator for r in Store(tmp_path / "new.jsonl")} == {"kde"}
