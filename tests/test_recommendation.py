"""The advice rests on the tasks that are like the data, and on the errors recorded for them."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench.contract.sides import Side
from mibench.errors import InputError
from mibench.estimators import Canonical
from mibench.plugins import TASKS, entry_points_of, load
from mibench.recommendation import recommend_for
from mibench.summary import similar

from .conftest import environment

NARROW = {**environment(), "COLUMNS": "80"}
TASK = "1v1-normal-0.75"


def sides_of(name, rows=1000, seed=50):
    task = mibench.get_task(name)
    x, y = task.sample(rows, seed)
    return Side(x, task.discrete_x), Side(y, task.discrete_y)


@pytest.fixture(scope="module")
def reference():
    return mibench.results("reference")


@pytest.fixture(scope="module")
def advice(reference):
    return recommend_for(*sides_of(TASK), reference=reference)


@pytest.fixture(scope="module")
def few(reference):
    """The records of a few tasks."""
    names = [TASK, "1v1-normal-0.0", "label-normal-2", "2v1-additive-0.75", "independent-5-5"]
    return reference[reference["task"].isin(names)]


def test_a_sample_of_a_task_is_like_this_task(advice):
    assert TASK in set(advice.tasks["task"].head(10))
    assert advice.alike
    assert advice.tasks["distance"].is_monotonic_increasing
    # Other tasks of the same dimensions and MI are as near, so it need not be the first.
    assert (advice.tasks["mi_nats"] - mibench.get_task(TASK).mi_nats).abs().median() < 0.3


def test_the_errors_are_those_of_the_reference_results(advice, reference):
    used = reference.merge(advice.tasks[["task", "n"]])
    errors = used.assign(error=(used["nats"] - used["mi_nats"]).abs())
    of_tasks = errors.groupby(["estimator", "task"])["error"].mean()
    for row in advice.estimators.itertuples():
        assert row.error_nats == pytest.approx(of_tasks[row.estimator].mean())
        assert row.error_bits == pytest.approx(row.error_nats / math.log(2))
        table = advice.tasks.set_index("task")[row.estimator]
        assert table[TASK] == pytest.approx(of_tasks[row.estimator, TASK])
        assert abs(row.bias_nats) <= row.error_nats + 1e-12
    assert advice.estimators["error_nats"].is_monotonic_increasing
    assert advice.best == advice.estimators["estimator"].iloc[0]


def test_other_estimators_stand_beside_the_best_one_on_the_same_tasks(advice, reference):
    rows = advice.others.set_index("estimator")
    assert {"auto", "flow", "gmm"} <= set(rows.index)
    assert not set(rows.index) & {*advice.estimators["estimator"], "renyi", "sliced", "soft"}
    assert rows["error_nats"].is_monotonic_increasing
    assert (rows["tasks"] >= len(advice.tasks) / 2).all()
    tasks = advice.tasks["task"].tolist()
    for name, n in (("auto", 1000), ("flow", 1000)):  # 1000 rows are the nearest size of both
        own = mibench.results("reference-all", estimators=name, tasks=tasks, samples=n)
        own = own.assign(error=(own["nats"] - own["mi_nats"]).abs()).groupby("task")["error"].mean()
        assert rows.loc[name, "tasks"] == len(own)
        assert rows.loc[name, "error_nats"] == pytest.approx(own.mean())
        assert rows.loc[name, "error_bits"] == pytest.approx(own.mean() / math.log(2))
        best = reference[(reference["estimator"] == advice.best) & (reference["n"] == n)]
        best = best[best["task"].isin(own.index)]
        errors = (best["nats"] - best["mi_nats"]).abs().groupby(best["task"]).mean()
        assert rows.loc[name, "best_error_nats"] == pytest.approx(errors.mean())


def test_the_estimates_are_those_of_the_estimators(advice):
    x, y = sides_of(TASK)
    for row in advice.estimators.itertuples():
        estimate = mibench.estimate(x.values, y.values, row.estimator)
        assert row.nats == pytest.approx(estimate.nats)
        assert row.flags == ";".join(estimate.flags)


@pytest.mark.parametrize(("rows", "n"), [(150, 200), (400, 200), (500, 1000), (20_000, 5000)])
def test_the_nearest_sample_size_counts(reference, rows, n):
    table = similar.described_tasks(reference, dict.fromkeys(reference["task"], (False,) * 2), rows)
    assert table.loc[TASK, "n"] == n
    assert table.loc["ar1-1-1-0.99", "n"] == min(n, 1000)  # for which there are no more rows


def test_the_sides_may_be_swapped(few):
    x, y = sides_of("label-normal-2", rows=200)
    there, back = recommend_for(x, y, reference=few), recommend_for(y, x, reference=few)
    assert there.tasks["task"].iloc[0] == "label-normal-2"
    pd.testing.assert_frame_equal(there.tasks, back.tasks, atol=1e-6)


@pytest.mark.slow
def test_data_unlike_all_tasks_are_said_to_be_so(few):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 25))
    found = recommend_for(Side(x, False), Side(x + rng.normal(size=x.shape), False), reference=few)
    assert not found.alike
    assert "no task is like these data" in found.sentence()
    assert "no task is like" not in recommend_for(*sides_of(TASK), reference=few).sentence()


def test_distance_grows_with_each_difference():
    def described(dims=(1, 1), labels=(False, False), nats=1.0, flags=()):
        return similar.description(dims, labels, {"knn": nats}, flags)

    def distance(**changes):
        table = pd.DataFrame([{"n": 1, **described()}], index=["a"])
        return similar.distances(table, described(**changes)).iloc[0]

    assert distance() == 0
    assert distance(dims=(1, 3)) == pytest.approx(math.log(3))
    assert distance(nats=2.0) == pytest.approx(math.log(2.05 / 1.05))
    assert distance(nats=math.nan) == 0  # an estimator that failed says nothing
    assert distance(labels=(True, False)) == distance(labels=(False, True)) == similar.OF_LABELS
    assert distance(flags=["knn ties"]) == similar.OF_FLAG
    assert distance(flags=["knn copied_rows"]) == similar.OF_ROWS


@pytest.mark.slow
def test_the_advice_is_as_good_as_the_best_estimator_on_families_left_out(reference):
    """Each task of `quick` at n = 1000 is described by its records, its own family left out.

    An advice that chose at random would have five times the error of the best estimator.
    """
    family = {task.name: p.name for p in entry_points_of(TASKS) for task in load(p)()}
    labels = {name: (t.discrete_x, t.discrete_y)
              for name in reference["task"].unique() for t in [mibench.get_task(name)]}  # fmt: skip
    table = similar.described_tasks(reference, labels, 1000)
    advised, always = [], []
    for name in mibench.summary.by_case(reference[reference["n"] == 1000])["task"].unique()[::6]:
        others = table[[family[task] != family[name] for task in table.index]]
        here = table.loc[name].drop("n")
        near = similar.distances(others, here.to_dict()).nsmallest(20)
        best = similar.ranking(similar.errors_on(reference, others.loc[near.index]))
        true = similar.errors_on(reference, table.loc[[name]]).set_index("estimator")["error_nats"]
        advised.append(true[best["estimator"].iloc[0]])
        always.append(true["canonical"])
    assert np.mean(advised) < 1.3 * np.mean(always)


def out_of_order(*sides):
    raise ValueError("out of order")


def test_an_estimator_that_fails_is_named_and_not_advised(few, monkeypatch):
    monkeypatch.setattr(Canonical, "_estimate", out_of_order)
    found = recommend_for(*sides_of(TASK), reference=few)
    row = found.estimators.set_index("estimator").loc["canonical"]
    assert "out of order" in row["failure"]
    assert math.isnan(row["nats"])
    assert found.estimators["estimator"].iloc[0] == "canonical"
    assert found.best == found.estimators["estimator"].iloc[1]


@pytest.mark.parametrize(
    ("arguments", "options", "part"),
    [
        ((np.ones(100), np.arange(100.0)), {}, "x is constant"),
        ((np.arange(100.0), np.arange(100.0)), {"similar": 0}, "0 similar tasks"),
        ((np.arange(100.0), np.arange(100.0)), {"similar": 101}, "101 similar tasks"),
        ((np.arange(100.0), np.arange(100.0)), {"similar": 2.5}, "2.5 similar tasks"),
        ((np.arange(100.0), np.arange(100.0)), {"similar": "20"}, "'20' similar tasks"),
        ((np.arange(100.0), np.arange(100.0), "knn"), {}, "leave out 'knn'"),
        ((np.arange(100.0), np.arange(99.0)), {}, "100 rows"),
        (({"a": [1.0, 2.0]},), {"x": "a", "y": "b"}, "'b'"),
    ],
)
def test_mistakes_are_named(arguments, options, part):
    with pytest.raises(InputError, match=part):
        mibench.recommend(*arguments, **options)


@pytest.fixture
def file(tmp_path):
    x, y = sides_of(TASK, rows=300)
    pd.DataFrame({"a": x.values[:, 0], "b": y.values[:, 0], "c": 1}).to_csv(
        tmp_path / "data.csv", index=False
    )
    return tmp_path / "data.csv"


def test_the_command_says_it_in_80_columns(mibench, file):
    done = mibench("recommend", file, "--x", "a", "--y", "b", env=NARROW)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "has the smallest error on the 20 most similar tasks" in " ".join(done.stdout.split())
    assert TASK in done.stdout


@pytest.mark.slow
def test_the_command_gives_all_as_json_and_the_ranking_as_csv(mibench, file):
    done = mibench("recommend", file, "--x", "a", "--y", "b", "--similar", 3, "--format", "json")
    document = json.loads(done.stdout)
    assert len(document["tasks"]) == 3
    assert document["best"] == document["estimators"][0]["estimator"]
    assert document["dims"] == [1, 1]
    assert document["alike"] is True
    assert "auto" in {row["estimator"] for row in document["others"]}
    done = mibench("recommend", file, "--x", "a", "--y", "b", "--similar", 3, "--format", "csv")
    assert done.stdout.splitlines()[1].startswith(document["best"])


def test_the_command_refuses_what_cannot_be_ranked(mibench, file):
    done = mibench("recommend", file, "--x", "a", "--y", "c")
    assert done.returncode == 2
    assert "column 'c' is constant" in done.stderr
