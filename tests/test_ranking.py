"""Columns against one target: numbers of single estimates, tests with shared orders, failures."""

import importlib
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import false_discovery_control

import mibench
from mibench import InputError
from mibench.cli.main import cli
from mibench.columns.ranked_columns import AUTO, DEFAULT, InterruptedRanking
from mibench.columns.target_tests import orders_for
from mibench.contract.variables import as_variable
from mibench.estimators import Adaptive, Uniform
from mibench.estimators.independence import Combined

QUICK = "uniform:bins=4"


class Shrug:
    """An estimator of others: it has what `SupportsEstimate` asks for and nothing more."""

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        return mibench.Estimate(0.0)


def mixed(n=300, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    return pd.DataFrame(
        {
            "strong": z + 0.5 * rng.normal(size=n),
            "group": np.where(z + rng.normal(size=n) > 0, "up", "down"),
            "noise": rng.normal(size=n),
            "code": [f"c{code}" for code in rng.integers(0, 30, n)],
            "flat": 1.0,
            "sales": z,
        }
    )


# -- the numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["sales", "group"])
@pytest.mark.parametrize("test", ["adaptive:bins=6", "auto"])
def test_each_number_and_p_value_is_that_of_a_single_estimate(target, test):
    table = mixed()
    ranking = mibench.rank(table, target, permutations=99, test=test, seed=3)
    tester = Combined("bins") if test == "auto" else test
    assert sorted(ranking["feature"]) == sorted(set(table) - {target})
    for row in ranking.itertuples():
        x, y = table[row.feature], table[target]
        assert row.nats == mibench.estimate(x, y, "knn:k=10").nats
        if row.feature == "flat":
            assert (row.nats, row.p_value, row.flags) == (0.0, 1.0, "constant")
            continue
        tested = mibench.estimate(x, y, tester, permutations=99, seed=3)
        assert row.p_value == tested.p_value
        assert row.kind == ("labels" if x.dtype == object or x.dtype == "str" else "numbers")
    q_values = false_discovery_control(ranking["p_value"])
    np.testing.assert_allclose(ranking["q_value"], q_values, rtol=1e-12)
    assert ranking["nats"].is_monotonic_decreasing


def given_table(n=300):
    """y is z and b, with noise; a is z with noise, and tells nothing of y beyond z."""
    rng = np.random.default_rng(8)
    z, b, noise, of_a, of_y = rng.normal(size=(5, n))
    table = {"a": z + 0.3 * of_a, "b": b, "noise": noise, "y": z + b + 0.5 * of_y, "z": z}
    table["group"] = np.where(rng.random(n) < 0.5, "u", "v")
    return pd.DataFrame(table)


@pytest.mark.parametrize("given", ["z", ["group"], ["z", "group"]])
def test_given_columns_each_number_and_p_value_is_that_of_a_single_estimate(given):
    table = given_table()
    table.loc[:9, "b"] = np.nan
    table.loc[20:24, "z"] = np.nan
    names = [given] if isinstance(given, str) else given
    ranking = mibench.rank(table, "y", given=given, permutations=19, seed=3)
    assert sorted(ranking["feature"]) == sorted(set(table) - {"y", *names})
    for row in ranking.itertuples():
        whole = table.dropna(subset=[row.feature, *names])
        single = mibench.estimate(
            whole[row.feature], whole["y"], "knn:k=10", z=whole[names], permutations=19, seed=3
        )
        assert (row.nats, row.p_value, row.rows) == (single.nats, single.p_value, len(whole))
    of_pair = ranking.iloc[1]
    pair = table.dropna(subset=[of_pair["feature"], of_pair["redundant_with"], *names])
    # The order of the two sides may change the last digit.
    shared = mibench.estimate(
        pair[of_pair["redundant_with"]], pair[of_pair["feature"]], "knn:k=10", z=pair[names]
    )
    assert of_pair["redundancy_nats"] == pytest.approx(shared.nats, abs=1e-12)


def test_given_columns_may_have_several_types():
    table = given_table().assign(i=np.arange(300) % 7, f=lambda t: t["noise"].astype("float32"))
    ranking = mibench.rank(table, "y", given=["z", "i", "f"], features=["b"], permutations=None)
    alike = table.astype({"i": float, "f": float})
    wanted = mibench.rank(alike, "y", given=["z", "i", "f"], features=["b"], permutations=None)
    assert ranking["nats"][0] == wanted["nats"][0]


def test_a_copy_of_a_given_column_tells_nothing():
    table = given_table(200)
    table["copy"] = 2 * table["z"] + 1
    ranking = mibench.rank(table, "y", given=["z", "group"], features=["copy"], permutations=99)
    assert (ranking["nats"][0], ranking["p_value"][0]) == (0.0, 1.0)


@pytest.mark.slow
def test_what_a_column_shares_through_those_given_does_not_count():
    table = given_table(600)
    alone = mibench.rank(table, "y", permutations=None).set_index("feature")
    assert alone.loc["a", "nats"] > 0.2
    ranking = mibench.rank(table, "y", given="z").set_index("feature")
    assert ranking.index[0] == "b"
    assert (ranking["q_value"] < 0.05).sum() == 1
    assert abs(ranking.loc["a", "nats"]) < 0.08  # 4 sigma of 600 rows


def test_given_columns_of_labels_go_with_any_estimator_and_test():
    table = given_table()
    arguments = {"given": "group", "permutations": 19, "seed": 1}
    ranking = mibench.rank(table, "y", "kde", test="adaptive:bins=4", **arguments)
    for row in ranking.itertuples():
        sides = table[row.feature], table["y"]
        assert row.nats == mibench.estimate(*sides, "kde", z=table["group"]).nats
        tested = mibench.estimate(
            *sides, "adaptive:bins=4", z=table["group"], permutations=19, seed=1
        )
        assert row.p_value == tested.p_value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"given": "y"}, "column 'y' is the target"),
        ({"given": ["z", "q"]}, "unknown column 'q'"),
        ({"given": "z", "estimator": "kde"}, "no MI given numbers, and column 'z' holds them"),
        ({"given": "z", "test": "kde"}, "use auto, canonical"),
        ({"given": "z", "estimator": Shrug()}, "no conditional MI"),
        ({"given": "gone"}, "0 rows have a value in each of 'gone'"),
        ({"given": "when"}, "convert them to numbers"),
    ],
)
def test_bad_given_columns(change, words):
    table = given_table(60)
    table["gone"] = np.nan
    table["when"] = pd.Timestamp("2020-01-01")
    with pytest.raises(InputError, match=re.escape(words)):
        mibench.rank(table, "y", **change)


def test_given_columns_are_no_features():
    table = given_table(60)
    ranking = mibench.rank(table, "y", QUICK, given="z", features=["a", "z"], permutations=None)
    assert ranking["feature"].tolist() == ["a", "z"]
    assert "column 'z' is given" in ranking["error"][1]


def test_the_column_that_shares_most_is_among_the_better_ones():
    table = mixed()
    table["copy"] = table["strong"] + 0.01 * table["noise"]
    ranking = mibench.rank(table, "sales", QUICK, permutations=None, top=4)
    done = ranking[ranking["redundant_with"] != ""]
    assert list(done.index) == [1, 2, 3]
    order = list(ranking["feature"])
    for place, row in done.iterrows():
        pairs = {
            other: mibench.estimate(*(table[name] for name in sorted((other, row["feature"]),
                                    key=list(table).index)), QUICK).nats
            for other in order[:place]
        }  # fmt: skip
        assert row["redundant_with"] == max(pairs, key=pairs.get)
        assert row["redundancy_nats"] == max(pairs.values())
        assert row["redundancy_bits"] == row["redundancy_nats"] / math.log(2)
    second = ranking.iloc[1]
    assert {second["feature"], second["redundant_with"]} == {"strong", "copy"}
    assert "p_value" not in ranking


@pytest.mark.slow
def test_of_columns_of_noise_few_are_discovered():
    """Benjamini and Hochberg: of 40 tables of noise alone, one in twenty has a discovery at 0.05.

    With 12 columns each and a probability of 0.05, more than 8 of 40 has probability 5e-4.
    """
    discovered = 0
    for seed in range(40):
        x = np.random.default_rng(seed).normal(size=(60, 12))
        y = np.random.default_rng(1000 + seed).normal(size=60)
        ranking = mibench.rank(x, y, QUICK, permutations=299, top=1, seed=seed)
        discovered += bool((ranking["q_value"] <= 0.05).any())
    assert discovered <= 8


def test_a_single_column_of_many_is_discovered():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 60))
    ranking = mibench.rank(x, x[:, 17] + rng.normal(size=200), QUICK, top=1)
    assert orders_for(60) == 1199
    assert list(ranking.loc[ranking["q_value"] <= 0.05, "feature"]) == [17]


@pytest.mark.parametrize("correction", ["auto", None, "miller-madow"])
@pytest.mark.parametrize("kind", [Uniform, Adaptive])
def test_estimates_of_orders_of_small_data_are_those_of_reordered_sides(kind, correction):
    rng = np.random.default_rng(1)
    n = 150
    values = {
        "numbers": (rng.normal(size=n), False), "rounded": (rng.integers(0, 9, n) / 2, False),
        "labels": (rng.integers(0, 4, n), True), "ids": (np.arange(n), True),
        "many": (rng.integers(0, 90, n), True), "flat": (np.zeros(n), False),
    }  # fmt: skip
    sides = {name: as_variable(v, name, label) for name, (v, label) in values.items()}
    orders = [rng.permutation(n) for _ in range(3)]
    for bins in ("auto", 3, 40):
        estimator = kind(bins=bins, correction=correction)
        for x in sides.values():
            for y in sides.values():
                wanted = [estimator.estimate_variables(x, y.reordered(o)).nats for o in orders]
                assert estimator.estimate_permuted(x, y, orders) == wanted  # to the last bit


def test_rows_of_a_series_are_shifted():
    rng = np.random.default_rng(0)
    walks = rng.normal(size=(400, 3)).cumsum(axis=0)
    ranking = mibench.rank(walks, 0, QUICK)
    for row in ranking.itertuples():
        tested = mibench.estimate(
            walks[:, row.feature], walks[:, 0], Combined("bins"), permutations=399
        )
        assert tested.info["permuted"] == "shifts in time"
        assert row.p_value == tested.p_value
    told = mibench.rank(walks, 0, QUICK, permutations=500)
    assert told["p_value"].isna().all()
    assert told["flags"].str.contains("no_p_value").all()


# -- targets and features ------------------------------------------------------------------------


def test_targets_beside_the_table():
    table = mixed()
    x = table.drop(columns="sales")
    wanted = mibench.rank(table, "sales", QUICK, permutations=None)
    for y in (table["sales"], table["sales"].to_numpy(), table["sales"].tolist(), table[["sales"]]):
        pd.testing.assert_frame_equal(mibench.rank(x, y, QUICK, permutations=None), wanted)
    one = mibench.rank(x[["strong"]], table["group"].tolist(), QUICK, permutations=None)
    assert one["nats"][0] == mibench.estimate(x["strong"], table["group"], QUICK).nats
    codes = (table["group"] == "up").astype(int)
    declared = mibench.rank(x[["strong", "noise"]], codes, "knn", discrete=True, permutations=None)
    numbers = mibench.rank(x[["strong", "noise"]], codes, "knn", permutations=None)
    assert set(declared["kind"]) == {"labels"}
    assert set(numbers["kind"]) == {"numbers"}


def test_bad_columns_fail_alone():
    table = mixed()
    table["none"] = np.nan
    table["id"] = [f"p{i}" for i in range(len(table))]
    table["infinite"] = np.where(np.arange(len(table)) == 5, np.inf, table["noise"])
    table["dates"] = pd.Timestamp("2024-01-01")
    table.loc[:9, "strong"] = np.nan
    names = ["strong", "sales", "none", "id", "infinite", "dates", "group"]
    ranking = mibench.rank(table, "sales", features=names, permutations=99).set_index("feature")
    assert list(ranking.index[:2]) == ["strong", "group"]
    assert ranking.loc["strong", "rows"] == len(table) - 10
    assert ranking.loc["strong", "error"] == ranking.loc["group", "error"] == ""
    for name, words in {
        "sales": "is the target", "none": "no value in any row", "id": "labels differ",
        "infinite": "holds inf in row 5", "dates": "discrete=['dates']",
    }.items():  # fmt: skip
        assert words in ranking.loc[name, "error"]
        assert math.isnan(ranking.loc[name, "nats"])
    whole = mibench.rank(table, "sales", features=["strong", "none"], missing="complete")
    assert list(whole["rows"]) == [len(table) - 10, 0]
    strict = mibench.rank(table, "sales", features=["strong", "group"], missing="error")
    assert "holds nan in row 0" in strict["error"][1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": "sale"}, "target: unknown column 'sale'; did you mean 'sales'"),
        ({"features": ["strung"]}, "features: unknown column 'strung'; did you mean 'strong'"),
        ({"target": "flat"}, "'flat' is constant"),
        ({"permutations": 5}, "permutations is 5"),
        ({"permutations": "many"}, "permutations is 'many'"),
        ({"top": 0}, "top is 0"),
        ({"missing": "drop"}, "missing is 'drop'"),
        ({"estimator": "knm"}, "knm"),
        ({"features": ["sales"]}, "no column beside the target"),
        ({"target": np.zeros(3)}, "target has 3 rows and the table has 300"),
        ({"target": np.zeros((300, 2))}, "target has shape (300, 2)"),
    ],
)
def test_bad_arguments(change, words):
    with pytest.raises(InputError, match=re.escape(words)):
        mibench.rank(mixed(), **{"target": "sales", "estimator": QUICK, **change})


def test_an_interruption_keeps_what_is_done():
    def stop(done, total):
        if done >= 5:
            raise KeyboardInterrupt

    with pytest.raises(InterruptedRanking) as stopped:
        mibench.rank(mixed(), "sales", QUICK, on_progress=stop)
    assert len(stopped.value.table) == 5


def test_an_interruption_at_once_leaves_an_empty_table(monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Uniform, "estimate_pairs", stop)
    with pytest.raises(InterruptedRanking, match="after 0 of 5 columns"):
        mibench.rank(mixed(), "sales", QUICK)


def test_progress_ends_at_the_total():
    steps = []
    mibench.rank(mixed(), "sales", QUICK, top=3, on_progress=lambda *step: steps.append(step))
    assert steps[-1] == (13, 13)  # 5 estimates, 5 tests, 3 pairs
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


# -- the command -------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    table = mixed()
    table["none"] = ""
    table.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_the_command_has_the_defaults_of_the_library():
    command = importlib.import_module("mibench.cli.rank")  # main.py has the command of this name
    assert (command.ESTIMATOR, command.TEST) == (DEFAULT, AUTO)


def run(*arguments):
    return CliRunner().invoke(
        cli, ["rank", *map(str, arguments), "-e", QUICK], standalone_mode=False
    )


def test_the_command_gives_the_same_numbers(file, tmp_path):
    wanted = mibench.rank(mixed(), "sales", QUICK, permutations=99)
    out = tmp_path / "all.csv"
    done = run(file, "--target", "sales", "--exclude", "none", "--permutations", 99,
               "--format", "json", "-o", out)  # fmt: skip
    assert done.return_value == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["feature"] for row in rows] == list(wanted["feature"])
    assert [row["bits"] for row in rows] == list(wanted["bits"])
    assert [row["q_value"] for row in rows] == pytest.approx(list(wanted["q_value"]))
    assert list(pd.read_csv(out)["bits"]) == pytest.approx(list(wanted["bits"]))


def test_the_command_takes_given_columns(tmp_path):
    file = tmp_path / "t.csv"
    table = given_table(80).round(6)
    table.to_csv(file, index=False)
    done = run(file, "--target", "y", "--given", "z,group", "--permutations", 19,
               "--columns", "a,b,z", "--format", "json")  # fmt: skip
    assert done.return_value == 0, done.output
    wanted = mibench.rank(table, "y", QUICK, given=["z", "group"], features=["a", "b"],
                          permutations=19)  # fmt: skip
    rows = json.loads(done.stdout)
    assert [row["feature"] for row in rows] == list(wanted["feature"])
    assert [row["bits"] for row in rows] == pytest.approx(list(wanted["bits"]))
    assert [row["p_value"] for row in rows] == list(wanted["p_value"])
    assert "given columns are not ranked: z" in done.stderr


def test_the_command_shows_the_first_columns_and_the_failures(file):
    shown = run(file, "--target", "sales", "--top", 2, "--permutations", "none", "--units", "nats")
    assert shown.return_value == 1
    assert "nats" in shown.stdout
    assert "p-value" not in shown.stdout
    assert "3 more columns" in shown.stdout
    assert "failed: column 'none' has no value in any row" in shown.stdout
    assert "noise" not in shown.stdout


def test_columns_that_fail_for_one_reason_are_named_in_one_line(tmp_path):
    mixed(n=5).to_csv(tmp_path / "few.csv", index=False)
    done = CliRunner().invoke(
        cli, ["rank", str(tmp_path / "few.csv"), "--target", "sales"], standalone_mode=False
    )
    assert done.return_value == 1
    failures = [line for line in done.stdout.splitlines() if "failed" in line]
    few = "knn needs more than k=10 rows, got 5: lower k or add rows"
    assert failures[0] == f"failed: strong, noise: {few}"
    assert "InputError" not in done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target", "sale"], "did you mean 'sales'"),
        (["--target", "s*"], "means 2 columns"),
        (["--target", "none"], "no value in any row: choose another"),
        (["--target", "flat"], "constant"),
        (["--target", "sales", "--columns", "x"], "unknown column 'x'"),
        (["--target", "sales", "--exclude", "sales"], "both --target and --exclude"),
        (["--target", "sales", "--given", "sales"], "--given: column 'sales' is the target"),
        (["--target", "sales", "--given", "x"], "--given: unknown column 'x'"),
        (["--target", "sales", "--given", "none"], "given: column 'none' has no value"),
        (["--target", "sales", "--given", "code", "--exclude", "code"], "both --given and"),
        (["--target", "sales", "--top", "x"], "--top is 'x'"),
        (["--target", "sales", "--permutations", "x"], "--permutations is 'x'"),
        (["--target", "sales", "--permutations", "3"], "permutations is 3"),
    ],
)
def test_bad_options_are_refused(file, options, words):
    with pytest.raises(InputError) as refused:
        CliRunner().invoke(cli, ["rank", str(file), *options], catch_exceptions=False)
    assert words in str(refused.value)


def test_a_target_among_the_columns_is_left_out_and_said(file):
    done = run(file, "--target", "sales", "--columns", "strong,sales", "--permutations", "none",
               "--format", "csv")  # fmt: skip
    assert done.return_value == 0
    assert "left out, as it is the target: sales" in done.stderr
    assert done.stdout.count("\n") == 2
