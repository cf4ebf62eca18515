"""Earlier results next to new ones on the same samples, and compared with them."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench import summary
from mibench.records.files import read_table
from mibench.records.store import Store
from mibench.records.table import records_of
from mibench.summary import inference

SMALL = {"tasks": ["1v1-normal-0.75", "binary-symmetric-0.1"], "samples": [50, 80], "seeds": 3}


@pytest.fixture
def earlier(tmp_path):
    path = tmp_path / "old.jsonl"
    mibench.compare(["uniform", "knn", "knn:k=70"], store=path, **SMALL)
    return path


def test_results_on_the_same_samples_join_and_no_others(earlier):
    table = mibench.compare("kde", against=earlier, **{**SMALL, "samples": 80, "seeds": 2})
    assert set(table["estimator"]) == {"kde", "uniform", "knn", "knn:k=70"}
    assert set(table["n"]) == {80}
    assert table.groupby("estimator").size().tolist() == [4] * 4
    stored = mibench.results(earlier, samples=80)
    joined = table[table["estimator"] == "knn"].merge(stored, on=["estimator", "task", "seed"])
    assert (joined["nats_x"] == joined["nats_y"]).all()


def test_an_estimator_that_is_run_again_keeps_its_earlier_results(earlier):
    table = mibench.compare("knn", against=earlier, **SMALL)
    new, old = (table[table["estimator"] == e] for e in ("knn", "knn (old)"))
    assert len(new) == len(old) == 12
    np.testing.assert_array_equal(new["nats"], old["nats"])
    assert summary.worsened(table, {"knn": "knn (old)"}).empty


@pytest.mark.slow
def test_a_parquet_file_in_either_unit_holds_the_same_records(earlier, mibench, tmp_path):
    of_store = records_of(read_table(earlier))
    for units in ("bits", "nats"):
        path = tmp_path / f"{units}.parquet"
        done = mibench("results", earlier, "--units", units, "-o", path)
        assert done.returncode == 0, done.stderr
        of_file = {(r.estimator, r.task, r.n, r.seed): r for r in records_of(read_table(path))}
        assert len(of_file) == len(of_store)
        for record in of_store:
            again = of_file[record.estimator, record.task, record.n, record.seed]
            assert (again.nats is None) == (record.nats is None)
            if record.nats is not None:
                assert again.nats == pytest.approx(record.nats, rel=1e-15, abs=1e-15)
            assert (again.error, again.info, again.memory) == (
                record.error, record.info, record.memory,
            )  # fmt: skip


def test_of_several_versions_the_last_one_is_shown(tmp_path):
    module, path = tmp_path / "mine.py", tmp_path / "old.jsonl"
    for nats in (0.5, 0.7):
        module.write_text(f"def fixed(x, y): return {nats}")
        mibench.compare(f"function:call={module}:fixed", store=path, **SMALL)
    assert len(list(Store(path))) == 2 * 12
    table = mibench.compare("knn", against=path, **SMALL)
    assert table[table["estimator"] != "knn"]["nats"].tolist() == [0.7] * 12


def test_of_several_defaults_the_last_one_counts(tmp_path):
    path = tmp_path / "old.jsonl"
    mibench.compare("knn", store=path, **SMALL)
    store = Store(path)
    store.add([replace(r, version="next", parameters='{"k": 9}', nats=0.7) for r in store])
    assert mibench.results(path)["nats"].tolist() == [0.7] * 12


def test_results_with_another_true_mi_are_not_shown(tmp_path):
    def task(nats):
        return mibench.Task("mine", 1, 1, nats, lambda n, rng: rng.normal(size=(2, n)), "made up")

    options = {"samples": 30, "seeds": 2, "store": tmp_path / "old.jsonl"}
    mibench.compare("knn", tasks=[task(0.1)], **options)
    with pytest.raises(mibench.InputError, match="has no result on these samples"):
        mibench.compare("uniform", tasks=[task(0.2)], against=tmp_path / "old.jsonl", samples=30)


@pytest.mark.slow
def test_the_command_shows_earlier_results(earlier, mibench):
    options = ("--tasks", "1v1-normal-0.75,binary-symmetric-0.1", "--samples", "80")
    done = mibench("compare", "-e", "kde,knn", *options, "--seeds", 3, "--against", "old.jsonl")
    assert done.returncode == 0, done.stderr
    assert "knn (old)" in done.stdout
    assert "uniform" in done.stdout
    assert "worse than" not in done.stdout
    shown = mibench("compare", "-e", "knn", *options, "--seeds", 3, "--against", "old.jsonl",
                    "--format", "json")  # fmt: skip
    assert json.loads(shown.stdout)["worsened"] == []


@pytest.mark.slow
def test_earlier_failures_are_shown_but_do_not_set_the_exit_code(earlier, mibench):
    options = ("--tasks", "1v1-normal-0.75", "--samples", "50", "--seeds", 3)
    done = mibench("compare", "-e", "kde", *options, "--against", "old.jsonl")
    assert done.returncode == 0
    assert "failed: knn:k=70" in done.stdout
    of_task = mibench("compare", "-e", "knn:k=70", *options, "--against", "old.jsonl")
    assert of_task.returncode == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--samples", "51"], "n = 50, 80 and seeds below 3"),
        (["--against", "gone.jsonl"], "no such file: 'gone.jsonl'"),
    ],
)
def test_missing_earlier_results_are_reported_before_the_work(earlier, mibench, options, message):
    done = mibench(
        "compare", "-e", "knn", "--store", "new.jsonl", "--against", "old.jsonl", *options
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
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


def records(name, errors):
    """Records with these errors (tasks, seeds); the true MI is 1."""
    rows = [
        {"task": f"t{task}", "n": 10, "seed": seed, "mi_nats": 1.0, "nats": 1.0 + error,
         "estimator": name}
        for task, of_task in enumerate(errors)
        for seed, error in enumerate(of_task)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def worsened(now, before):
    return summary.worsened(
        pd.concat([records("a", now), records("b", before)], ignore_index=True), {"a": "b"}
    )


ERRORS = np.random.default_rng(0).normal(scale=0.1, size=(8, 10))  # (tasks, seeds)


@pytest.mark.slow
def test_errors_of_the_same_distribution_are_not_worse():
    assert worsened(ERRORS, ERRORS).empty
    assert worsened(ERRORS + 1e-9, ERRORS).empty
    rng = np.random.default_rng(1)
    rows = [len(worsened(rng.normal(scale=0.1, size=(8, 10)), ERRORS)) for _ in range(100)]
    # At most 5 % in both directions, of which one counts: 2.5 expected, sd 1.6; 6 sigma.
    assert np.count_nonzero(rows) <= 12


def test_less_error_is_not_worse():
    assert worsened(ERRORS / 2, ERRORS).empty


def test_a_task_with_a_larger_error_is_named():
    now = ERRORS.copy()
    now[3] += 0.5
    table = worsened(now, ERRORS).set_index("task")
    assert "t3" in table.index
    assert table.loc["t3", "rmse_nats"] > 0.4 > 0.2 > table.loc["t3", "rmse_before_nats"]
    assert set(table.index) <= {"all", "t3"}


def test_a_small_increase_on_every_task_shows_over_all_of_them():
    now = ERRORS + np.sign(ERRORS) * 0.01
    assert "all" in set(worsened(now, ERRORS)["task"])


def test_a_new_failure_is_named():
    now = ERRORS.copy()
    now[2, 4] = np.nan
    table = worsened(now, ERRORS).set_index("task")
    assert table["failures"].to_dict() == {"all": 1, "t2": 1}
    assert worsened(ERRORS, now).empty  # one failure less is not worse


def test_only_tasks_that_were_run_share_the_level(monkeypatch):
    """Two tasks with different n, and both together: three tests share the 5 %, not five."""
    shared = []
    original = inference.significantly_better
    monkeypatch.setattr(
        inference,
        "significantly_better",
        lambda tasks, tests: shared.append(tests) or original(tasks, tests),
    )
    table = pd.concat([records("a", ERRORS[:2] + 1), records("b", ERRORS[:2])], ignore_index=True)
    table["n"] = table["task"].map({"t0": 10, "t1": 20})
    assert len(summary.worsened(table, {"a": "b"})) == 3
    assert shared == [3, 3, 3]


def test_estimators_without_earlier_results_are_left_out():
    assert summary.worsened(records("a", ERRORS), {"a": "gone"}).empty


def test_a_store_does_not_take_the_earlier_results(earlier, tmp_path):
    mibench.compare("kde", store=tmp_path / "new.jsonl", against=earlier, **SMALL)
    assert {r.estimator for r in Store(tmp_path / "new.jsonl")} == {"kde"}
