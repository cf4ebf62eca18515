"""Comparisons and their summaries."""

import sys
import types
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench import Estimate, Estimator, Task, api, summary
from mibench.cli.show import show_comparison
from mibench.estimators import KNN, Uniform
from mibench.output import figures, text
from mibench.running import backends

MEASURED = ["seconds", "memory"]
QUICK_TWO = ["1v1-normal-0.75", "multinormal-dense-2-2-0.5"]


@dataclass(frozen=True)
class Fixed(Estimator):
    """Returns 1 nat, but fails on samples whose first value is below a limit."""

    below: float = -np.inf

    def _estimate(self, x, y):
        if x.columns[0, 0] < self.below:
            raise ZeroDivisionError("told to fail")
        return Estimate(1.0, {"ties": "made up"})


def table(**columns):
    base = {"task": "t", "n": 10, "dim_x": 1, "dim_y": 1, "mi_nats": 1.0, "flags": "", "error": "",
            "memory": np.nan}  # fmt: skip
    return pd.DataFrame({**base, "seconds": 1.0, **columns})


def test_compare_returns_one_row_per_estimate_in_a_fixed_order():
    tasks = ["1v1-normal-0.75", "binary-symmetric-0.1"]
    got = mibench.compare(["uniform", KNN(k=4)], tasks=tasks, samples=[50, 60], seeds=2)
    keys = got[["task", "n", "seed", "estimator"]].to_records(index=False).tolist()
    assert keys == [
        (t, n, s, e)
        for t in tasks
        for n in (50, 60)
        for s in (0, 1)
        for e in ("uniform", "knn:k=4")
    ]
    assert got["nats"].notna().all()
    assert (got["seconds"] > 0).all()


@pytest.mark.slow
def test_one_process_per_core_changes_no_number(monkeypatch):
    """This process works alone at first; then, or at once, the others join it."""
    tables = []
    for jobs, seconds in ((1, 3.0), (-1, 0.0), (-1, 0.01)):
        monkeypatch.setattr(backends, "SECONDS_ALONE", seconds)
        tables.append(mibench.compare("uniform,knn", tasks=QUICK_TWO, seeds=3, jobs=jobs))
    for table in tables[1:]:
        assert table["nats"].tolist() == tables[0]["nats"].tolist()


def test_short_work_starts_no_process(monkeypatch):
    monkeypatch.setattr("mibench.running.processes.Worker", None)
    table = mibench.compare("uniform", tasks=QUICK_TWO, samples=50, seeds=2, jobs=-1)
    assert table["nats"].notna().sum() == 4


def test_jobs_do_not_change_the_numbers():
    kwargs = {"suite": "quick", "samples": 100, "seeds": 2}
    in_one_process = mibench.compare("uniform,knn,kde", jobs=1, **kwargs)
    in_two_processes = mibench.compare("uniform,knn,kde", jobs=2, **kwargs)
    pd.testing.assert_frame_equal(
        in_one_process.drop(columns=MEASURED), in_two_processes.drop(columns=MEASURED)
    )


def test_a_row_equals_a_single_estimate():
    got = mibench.compare("knn", tasks="1v1-normal-0.75", samples=200, seeds=[7])
    task = mibench.get_task("1v1-normal-0.75")
    x, y = task.sample(200, seed=7)
    assert got["nats"].tolist() == [mibench.estimate(x, y, "knn").nats]
    assert got["mi_nats"].tolist() == [task.mi_nats]


def test_a_failure_is_a_row_with_its_message():
    got = mibench.compare(
        ["uniform", Fixed(below=0.0)], tasks="1v1-normal-0.75", samples=20, seeds=8
    )
    failed = got[got["nats"].isna()]
    assert 0 < len(failed) < 8
    assert set(failed["estimator"]) == {"Fixed:below=0"}
    assert set(failed["error"]) == {"ZeroDivisionError: told to fail"}
    assert len(got) == 16


def test_a_failure_in_a_worker_process_is_a_row_too():
    got = mibench.compare("knn:k=30,knn", tasks="1v1-normal-0.75", samples=20, seeds=2, jobs=2)
    assert got["nats"].isna().tolist() == [True, False] * 2
    assert "more than k=30 rows" in got["error"][0]


def test_an_estimator_that_a_worker_cannot_load_is_explained(monkeypatch):
    class Lost(KNN):
        """Pickled by name, which no process can find."""

    monkeypatch.setattr(Lost, "__module__", "no_such_module")
    monkeypatch.setitem(sys.modules, "no_such_module", types.SimpleNamespace(Lost=Lost))
    Lost.__qualname__ = "Lost"
    with pytest.raises(
        mibench.InputError, match="define your own estimators and tasks in a module"
    ):
        mibench.compare([Lost()], tasks="1v1-normal-0.75", samples=20, seeds=2, jobs=2)


def test_a_result_that_is_not_an_estimate_is_a_failure():
    class Bare:
        def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
            return 0.5

    got = mibench.compare([Bare()], tasks="1v1-normal-0.75", samples=20, seeds=1)
    assert "returned a float" in got["error"][0]


def test_an_interruption_keeps_what_is_done():
    progress = []

    def stop_at_three(done, total):
        progress.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(api.Interrupted, match="after 3 of 5 estimates") as stop:
        mibench.compare(
            "uniform", tasks="1v1-normal-0.75", samples=20, seeds=5, on_progress=stop_at_three
        )
    assert progress == [(1, 5), (2, 5), (3, 5)]
    assert len(stop.value.table) == 3


def test_integers_of_numpy_are_accepted():
    got = mibench.compare(
        "uniform", tasks="1v1-normal-0.5", samples=np.int64(20), seeds=np.int64(2)
    )
    assert len(got) == 2


def test_a_task_of_the_user():
    def sampler(n, rng):
        x = rng.integers(0, 2, n)
        return x, x

    task = Task("copy", 1, 1, np.log(2), sampler, "H(X)", discrete_x=True, discrete_y=True)
    got = mibench.compare("uniform", tasks=[task], samples=5000, seeds=1)
    assert got["nats"][0] == pytest.approx(np.log(2), abs=1e-3)


def test_a_task_that_cannot_be_sampled_fails_alone():
    bad = Task("bad", 1, 1, 0.3, lambda n, rng: 1 / 0, "a sampler with a mistake")
    got = mibench.compare("uniform", tasks=["1v1-normal-0.5", bad], samples=20, seeds=1)
    assert got["error"].tolist() == ["", "sampling failed: ZeroDivisionError: division by zero"]


def test_two_estimators_or_tasks_of_one_name_are_refused():
    class Plain:
        def __init__(self, value):
            self.value = value

        def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
            return Estimate(self.value)

    with pytest.raises(mibench.InputError, match="two different estimators are both 'Plain'"):
        mibench.compare([Plain(1.0), Plain(2.0)], samples=20, seeds=1)
    other = Task("1v1-normal-0.5", 1, 1, 9.0, lambda n, rng: rng.normal(size=(2, n)), "none")
    with pytest.raises(mibench.InputError, match="two different tasks are both"):
        mibench.compare("uniform", tasks=["1v1-normal-0.5", other], samples=20, seeds=1)


@pytest.mark.parametrize("wrong", [None, 3, KNN, [KNN], [3]])
def test_objects_that_are_not_estimators_are_refused(wrong):
    with pytest.raises(mibench.InputError, match=r"is a class|neither a spec"):
        mibench.compare(wrong, samples=20, seeds=1)
    if not isinstance(wrong, list):
        with pytest.raises(mibench.InputError, match=r"is a class|neither a spec"):
            mibench.estimate([0.0, 1.0], [0.0, 1.0], wrong)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"samples": 1e3}, "samples is 1000.0"),
        ({"samples": "100"}, "samples is '100'"),
        ({"seeds": [1.5]}, r"seeds is \[1.5\]"),
        ({"suite": "quick", "tasks": "1v1-normal-0.5"}, "give one of them"),
        ({"samples": []}, "no samples"),
        ({"samples": [1]}, "samples holds 1"),
        ({"seeds": [-1]}, "seeds holds -1"),
        ({"seeds": 0}, "no seeds"),
        ({"jobs": 0}, "jobs is 0"),
        ({"tasks": []}, "no tasks"),
        ({"estimators": []}, "no estimators"),
    ],
)
def test_bad_arguments_are_refused(kwargs, message):
    with pytest.raises(mibench.InputError, match=message):
        mibench.compare(**{"estimators": "uniform", "seeds": 1, "samples": 20, **kwargs})


def test_by_case_by_hand():
    got = summary.by_case(table(estimator="a", seed=[0, 1, 2, 3], nats=[1.0, 1.2, 1.4, np.nan]))
    row = got.iloc[0]
    assert row["mean_nats"] == pytest.approx(1.2)
    assert row["sd_nats"] == pytest.approx(0.2)
    assert row["bias_nats"] == pytest.approx(0.2)
    assert row["rmse_nats"] == pytest.approx(np.sqrt((0 + 0.04 + 0.16) / 3))
    assert (row["seeds"], row["failures"], row["best"]) == (4, 1, False)


def test_the_best_of_a_task_is_so_on_the_same_seeds():
    """Seed 1 is a hard one, which "b" has not seen; "c" failed; on "u" no seed is common."""
    rows = [
        table(estimator="a", seed=[0, 1], nats=[1.1, 3.0]),
        table(estimator="b", seed=[0], nats=[1.2]),
        table(estimator="c", seed=[0, 1], nats=[1.0, np.nan]),
        table(estimator="a", seed=[0, 1], nats=[1.1, 3.0]).assign(task="u"),
        table(estimator="b", seed=[2], nats=[1.2]).assign(task="u"),
        table(estimator="b", seed=[0], nats=[1.3]).assign(task="s"),
        table(estimator="a", seed=[0, 1], nats=[1.5, 1.5]).assign(task="r"),
        table(estimator="b", seed=[2, 1], nats=[1.01, 1.6]).assign(task="r"),
    ]
    cases = summary.by_case(pd.concat(rows, ignore_index=True))
    best = cases[cases["best"]]
    assert sorted(zip(best["task"], best["estimator"], strict=True)) == [
        ("r", "a"), ("s", "b"), ("t", "a"), ("u", "b"),
    ]  # fmt: skip


def test_ranking_compares_all_on_the_same_samples():
    """`b` fails on the seed that is hard for `a`, which must not make `b` look better."""
    rows = pd.concat(
        [
            table(estimator="a", seed=[0, 1], nats=[1.1, 9.0]),
            table(estimator="b", seed=[0, 1], nats=[1.2, np.nan]),
            table(estimator="c", seed=[0, 1], nats=[np.nan, np.nan]),
        ],
        ignore_index=True,
    )
    got = summary.ranking(rows).set_index("estimator")
    assert list(got.index) == ["a", "b", "c"]
    assert got.loc["a", "rmse_nats"] == pytest.approx(0.1)
    assert got.loc["b", "rmse_nats"] == pytest.approx(0.2)
    assert np.isnan(got.loc["c", "rmse_nats"])
    assert got["failures"].tolist() == [0, 1, 2]
    assert got["cells"].tolist() == [1, 1, 0]


def rows_of(estimator, tasks, nats=1.1):
    return pd.concat(
        [table(estimator=estimator, seed=[0, 1], nats=nats).assign(task=t) for t in tasks]
    )


def test_an_estimator_of_few_tasks_excludes_no_samples_and_has_no_rank(capsys):
    """One that takes half of them is ranked; one that takes less would leave little to compare."""
    whole, half, few = rows_of("a", "tuvw"), rows_of("b", "tu", 1.2), rows_of("c", "t", 1.0)
    refused = rows_of("c", "uvw", np.nan)
    for of_c in (few, pd.concat([few, refused])):  # not run on the others, or failed there
        got = summary.ranking(pd.concat([whole, half, of_c], ignore_index=True))
        got = got.set_index("estimator")
        assert got["cells"].to_dict() == {"a": 4, "b": 4, "c": 0}
        assert list(got.index) == ["a", "b", "c"]
        assert got["rmse_nats"].isna().tolist() == [False, False, True]
        assert got["rank"].tolist() == [1, 2, 3]
    show_comparison(pd.concat([whole, half, few], ignore_index=True), "nats", "table", {})
    shown = " ".join(capsys.readouterr().out.split())
    assert "(not ranked, with estimates for less than half of the tasks: c)" in shown
    all_few = pd.concat(
        [rows_of(name, "t" + own) for name, own in zip("abcd", "uvwx", strict=True)]
    )
    assert summary.ranking(all_few)["cells"].tolist() == [2, 2, 2, 2]  # the samples of "t"


def test_a_sample_that_one_estimator_has_not_seen_is_not_common():
    """After an interruption a store can hold more of one estimator than of another."""
    rows = pd.concat(
        [
            table(estimator="a", seed=[0, 1], nats=[1.1, 9.0]),
            table(estimator="b", seed=[0], nats=[1.2]),
        ],
        ignore_index=True,
    )
    got = summary.ranking(rows).set_index("estimator")
    assert got["cells"].tolist() == [1, 1]
    assert got.loc["a", "rmse_nats"] == pytest.approx(0.1)
    other = rows.assign(task="u")[lambda t: t["estimator"] == "a"]
    cases = summary.in_units(summary.by_case(pd.concat([rows, other])), "bits")
    lines = text.render(*text.task_tables(cases, "bits")).splitlines()
    assert [line.endswith(" -") for line in lines if line.startswith(("  t ", "  u "))] == [
        False,
        True,
    ]


def test_the_best_on_a_task_has_no_failure():
    rows = pd.concat(
        [
            table(estimator="a", seed=[0, 1], nats=[1.0, np.nan]),
            table(estimator="b", seed=[0, 1], nats=[1.3, 1.3]),
        ],
        ignore_index=True,
    )
    assert summary.by_case(rows).set_index("estimator")["best"].to_dict() == {"a": False, "b": True}


def test_units_are_converted_and_columns_renamed():
    got = summary.in_units(table(estimator="a", seed=[0], nats=[np.log(2)]), "bits")
    assert got["bits"].tolist() == [1.0]
    assert "mi_bits" in got
    assert not [c for c in got if "nats" in c]


def test_more_bins_have_more_bias_on_independent_data():
    """A plausibility check of the whole comparison."""
    got = mibench.compare(
        [Uniform(), Uniform(bins=30)], tasks="1v1-normal-0.0", samples=1000, seeds=5
    )
    means = got.groupby("estimator")["nats"].mean()
    assert means["uniform:bins=30"] > 2 * means["uniform"] > 0


@pytest.mark.parametrize("samples", [[50], [50, 200]])
def test_the_figure_marks_each_sample_size_as_in_its_legend(samples):
    got = mibench.compare("uniform,knn", tasks="1v1-normal-0.75", samples=samples, seeds=2)
    figure = figures.estimate_against_truth(summary.by_case(got), "nats")
    left, _ = figure.axes
    fills = [bars[0].get_fillstyle() for bars in left.containers]
    assert fills == ["full", "none"][: len(samples)] * 2
    title = figure.legends[0].get_title().get_text()
    assert ("200 (open)" in title) == (len(samples) == 2)
