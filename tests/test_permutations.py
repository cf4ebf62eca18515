"""p-values by permutation: exact under independence, right in cases that can be counted."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench.cli.uncertainty import add_p_values, say_if_permutations_are_few, verdict
from mibench.columns.files import ColumnSet
from mibench.columns.pair_tests import q_values
from mibench.contract.resolve import resolve_estimators
from mibench.contract.variables import as_variable
from mibench.errors import InputError
from mibench.estimators import KDE, KNN, Uniform
from mibench.estimators.independence import Combined
from mibench.estimators.shared import threads
from mibench.running.permutations import STOP_AFTER, null_distribution

estimate_of = mibench.estimate  # a fixture of the tests has the name of the package
RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(2, 120))
LABELS = np.repeat(["a", "b", "c"], 40)


@pytest.mark.parametrize(
    "estimator",
    [KNN(), KNN(k=10), KNN(variant=2, k=5), KDE(), Uniform(), Combined()],
    ids=repr,
)
@pytest.mark.parametrize("name", ["1+1", "2+1", "tied", "labels-x", "labels-y", "both-labels"])
def test_permuted_estimates_are_those_of_permuted_rows(estimator, name):
    wide = np.column_stack([X, Y**2])
    x, y, dx, dy = {
        "1+1": (X, Y, False, False), "2+1": (wide, Y, False, False),
        "tied": (np.round(X), Y, False, False), "labels-x": (LABELS, wide, True, False),
        "labels-y": (X, LABELS, False, True), "both-labels": (LABELS, np.round(Y), True, True),
    }[name]  # fmt: skip
    orders = [RNG.permutation(120) for _ in range(3)]
    sides = as_variable(x, "x", dx), as_variable(y, "y", dy)
    want = [estimator.estimate(x, y[o], discrete_x=dx, discrete_y=dy).nats for o in orders]
    assert estimator.estimate_permuted(*sides, orders) == pytest.approx(want, abs=1e-12)


def test_the_p_value_of_labels_is_the_share_of_orders_that_can_be_counted():
    """Of the 8!/(4! 4!) = 70 ways to place two labels, 2 give the same MI as equal sides."""
    labels = [0, 0, 0, 0, 1, 1, 1, 1]
    estimate = mibench.estimate(
        labels, labels, "uniform", discrete_x=True, discrete_y=True, permutations=1000
    )
    assert estimate.info["permutations"] == 1000
    share = 2 / 70
    assert abs(estimate.p_value - share) < 4 * math.sqrt(share / 1000)


def test_a_strong_dependence_has_the_smallest_p_value_and_chance_is_shown():
    estimate = mibench.estimate(X, X + Y, permutations=199)
    assert estimate.p_value == 1 / 200
    info = estimate.info
    assert info["null_quantiles_nats"]["0.05"] < info["null_mean_nats"] < 0.1 < estimate.nats
    assert info["permuted"] == "rows"
    assert mibench.estimate(X, X + Y).p_value is None


def test_it_stops_early_and_is_deterministic():
    first, second = (mibench.estimate(X, Y, permutations=10_000, seed=3) for _ in range(2))
    assert first == second
    assert first.info["permutations"] < 500
    assert first.p_value == STOP_AFTER / first.info["permutations"]
    assert mibench.estimate(X, Y, permutations=10_000, seed=4).p_value != first.p_value


def own(x, y):
    return abs(float(np.corrcoef(x.T, y.T)[0, 1]))


@pytest.mark.parametrize("estimator", [own, "canonical"])
def test_any_estimator_has_p_values(estimator):
    assert mibench.estimate(X, X + Y, estimator, permutations=19).p_value == 0.05
    assert mibench.estimate(X, Y, estimator, permutations=19).p_value > 0.05


def series(rng, n, memory):
    noise, values = rng.normal(size=n), np.empty(n)
    values[0] = noise[0] / math.sqrt(1 - memory**2)
    for i in range(1, n):
        values[i] = memory * values[i - 1] + noise[i]
    return values


def test_series_are_shifted():
    rng = np.random.default_rng(0)
    x, y = series(rng, 300, 0.9), series(rng, 300, 0.9)
    estimate = mibench.estimate(x, y, permutations=99)
    assert estimate.info["permuted"] == "shifts in time"
    assert estimate.p_value > 0.05
    assert mibench.estimate(x, y, permutations=99, shifts=False).info["permuted"] == "rows"
    assert mibench.estimate(x, x + rng.normal(size=300), permutations=99).p_value == 0.01


DRAWS = {
    "normal": lambda rng: rng.normal(size=40),
    "heavy tails": lambda rng: rng.standard_t(1, size=40),
    "tied": lambda rng: np.round(rng.normal(size=40)),
    "labels": lambda rng: rng.integers(0, 4, 40),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize(
    "estimator", [KNN(), Uniform(), Combined()], ids=["knn", "uniform", "combined"]
)
def test_p_values_under_independence_have_their_level(name, estimator, monkeypatch):
    """P(p <= a) is a, if a (B + 1) is whole. Where estimates are equal, p is larger."""
    monkeypatch.setattr(threads, "thread_count", lambda: 1)  # more cost more than they save here
    p_values = []
    for seed in range(500):
        rng = np.random.default_rng([seed, 77])
        discrete = name == "labels"
        x, y = DRAWS[name](rng), DRAWS[name](rng)
        kinds = {"discrete_x": discrete, "discrete_y": discrete}
        if len(set(x)) > 1 < len(set(y)):
            p_values.append(
                mibench.estimate(x, y, estimator, permutations=19, seed=seed, **kinds).p_value
            )
    p = np.array(p_values)
    for level in (0.05, 0.1, 0.25, 0.5):
        error = math.sqrt(level * (1 - level) / len(p))
        assert (p <= level).mean() < level + 4 * error, level
        if not isinstance(estimator, Uniform) and name in ("normal", "heavy tails"):
            assert (p <= level).mean() > level - 4 * error, level


@pytest.mark.slow
def test_p_values_of_independent_series_have_their_level():
    """Shifts of series are exact but for the one place where end and beginning meet."""
    p = []
    for seed in range(300):
        rng = np.random.default_rng([seed, 78])
        x, y = series(rng, 200, 0.9), series(rng, 200, 0.9)
        p.append(mibench.estimate(x, y, "knn", permutations=19, shifts=True, seed=seed).p_value)
    for level in (0.05, 0.1, 0.25, 0.5):
        error = math.sqrt(level * (1 - level) / len(p))
        assert abs(np.mean(np.array(p) <= level) - level) < 4 * error, level


def test_the_test_of_auto_is_quick_and_says_what_it_compares():
    """It takes little longer than that of k-NN, where one estimate of auto takes a second."""
    auto = mibench.estimate(X, Y, "auto", permutations=39, seed=3)
    assert auto.nats == mibench.estimate(X, Y, "auto").nats
    assert auto.info["permuted_estimator"] == "combined"
    assert abs(auto.info["null_mean_nats"]) < 0.05  # 4 standard errors of 39 estimates
    assert "permuted_estimator" not in mibench.estimate(X, Y, "knn", permutations=19).info


def test_few_rows_have_as_many_permutations_as_many_rows(tmp_path, mibench):
    """A near copy of 20 rows has p = 0.001; only series have no more orders than rows."""
    x = np.random.default_rng(0).normal(size=20)
    pd.DataFrame({"a": x, "b": x + 0.1 * Y[:20]}).to_csv(tmp_path / "few.csv", index=False)
    done = mibench("estimate", "few.csv", "--x", "a", "--y", "b")
    assert "not by chance (p = 0.001)" in done.stdout


@pytest.mark.parametrize(
    ("nats", "p_value", "words"),
    [
        (0.2, 0.049, "0.2 nats; not by chance (p = 0.049)"),
        (0.2, 0.05, "0.2 nats; consistent with independence (p = 0.05)"),
        (0.0, 0.01, "0 nats; but a test finds dependence, so this is too low (p = 0.01)"),
        (0.0, 0.5, "0 nats; consistent with independence (p = 0.5)"),
        (0.2, None, "0.2 nats"),
    ],
)
def test_the_verdict_says_what_the_test_finds(nats, p_value, words):
    assert verdict(mibench.Estimate(nats, p_value=p_value), "nats") == words


@pytest.mark.parametrize("code", ["copied_rows", "near_copies"])
def test_the_verdict_does_not_rule_out_copies(code):
    """Copies of independent rows have a small p-value too: a random order parts them."""
    estimate = mibench.Estimate(0.2, {code: "Copies."}, p_value=0.01)
    wanted = "0.2 nats; copies among the rows may be the reason (p = 0.01)"
    assert verdict(estimate, "nats") == wanted
    assert "independence" in verdict(mibench.Estimate(0.2, {code: ""}, p_value=0.5), "nats")


def test_the_verdict_has_three_digits_where_two_look_the_same():
    near, apart = (
        mibench.Estimate(1.628, interval=(low, 3.003), interval_info={"level": 0.95})
        for low in (1.591, 1.42)
    )
    assert verdict(near, "nats").startswith("1.63 nats, between 1.59 and 3 with")
    assert verdict(apart, "nats").startswith("1.6 nats, between 1.4 and 3 with")


def test_estimators_with_the_same_test_share_its_permutations(monkeypatch):
    made = []

    def counted(estimator, *sides, **options):
        made.append(estimator)
        return null_distribution(estimator, *sides, **options)

    monkeypatch.setattr("mibench.running.permutations.null_distribution", counted)
    resolved = resolve_estimators(["auto", "knn", "infonce:steps=1"])
    results = [(e.spec, mibench.estimate(X, Y, e.spec), 0.0) for e in resolved]
    x, y = (ColumnSet(["a"], "a", side[:, np.newaxis], False) for side in (X, Y))
    add_p_values(results, resolved, x, y, 39)
    auto, knn, network = (estimate for _, estimate, _ in results)
    assert [type(estimator).__name__ for estimator in made] == ["Auto", "KNN"]
    assert knn.p_value == mibench.estimate(X, Y, "knn", permutations=39).p_value
    for tested in (auto, network):
        assert tested.p_value == mibench.estimate(X, Y, "auto", permutations=39).p_value
        assert tested.info["permuted_estimator"] == "combined"
    assert auto.info["null_mean_nats"] == network.info["null_mean_nats"]
    assert "permuted_estimator" not in knn.info


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"x": X, "y": np.ones(120), "permutations": 99}, "y is constant"),
        ({"x": X, "y": Y, "permutations": 5}, "permutations is 5"),
        ({"x": X, "y": Y, "permutations": 500, "shifts": True}, "119 shifts"),
    ],
)
def test_what_cannot_be_tested_is_refused(options, part):
    with pytest.raises(InputError, match=part):
        mibench.estimate(**options)


def test_the_null_distribution_holds_what_it_rests_on():
    null = null_distribution(KNN(), X, Y, math.inf, 19)
    assert null.nats.shape == (19,)
    assert null.p_value == 1 / 20


def test_the_command_shows_p_values(mibench, tmp_path):
    rows = "\n".join(f"{a},{b},{a + b}" for a, b in zip(X, Y, strict=True))
    (tmp_path / "t.csv").write_text(f"a,b,sum\n{rows}\n")
    command = ["estimate", "t.csv", "--x", "a", "-e", "knn,uniform", "--permutations", 99]
    done = mibench(*command, "--y", "sum")
    assert done.returncode == 0, done.stderr
    assert "p-value" in done.stdout
    assert done.stdout.count("0.01") >= 2
    entries = json.loads(mibench(*command, "--y", "b", "--format", "json").stdout)["estimates"]
    for entry in entries:
        expected = estimate_of(X, Y, entry["estimator"], permutations=99)
        assert entry["p_value"] == expected.p_value
        assert entry["info"]["null_mean_nats"] == pytest.approx(expected.info["null_mean_nats"])
    refused = mibench("estimate", "t.csv", "--x", "a", "--y", "b", "--permutations", 3)
    assert refused.returncode == 2
    assert "give 19 or more" in refused.stderr


# --- all pairs of a table ------------------------------------------------------------------------


def related_and_unrelated(seed, n=60):
    """Three pairs that are related, in a table of nine columns."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 9))
    x[:, 1:6:2] = x[:, 0:6:2] + 0.5 * rng.standard_normal((n, 3))
    return {f"c{i}": column for i, column in enumerate(x.T)}


def test_p_values_of_pairs_are_those_of_each_pair():
    table = dict(list(related_and_unrelated(0).items())[:5])
    pairs = mibench.pairwise(table, permutations=39, seed=3).table
    assert list(pairs)[:7] == ["x", "y", "nats", "bits", "p_value", "q_value", "rows"]
    for row in pairs.itertuples():
        alone = mibench.estimate(table[row.x], table[row.y], "knn", permutations=39, seed=3)
        assert (row.nats, row.p_value) == (alone.nats, alone.p_value)
    again = mibench.pairwise(table, permutations=39, seed=3, jobs=2).table
    assert again.equals(pairs)
    assert "p_value" not in mibench.pairwise(table).table


def test_q_values_are_those_of_benjamini_and_hochberg():
    """By their definition: q of the k-th smallest p is the smallest m p_j / j for j >= k."""
    pairs = mibench.pairwise(related_and_unrelated(1), permutations=99).table
    p = np.sort(pairs["p_value"].to_numpy())
    steps = len(p) * p / np.arange(1, len(p) + 1)
    expected = np.minimum.accumulate(steps[::-1])[::-1]
    assert np.sort(pairs["q_value"].to_numpy()) == pytest.approx(np.minimum(expected, 1))


@pytest.mark.slow
def test_the_share_of_false_discoveries_is_controlled():
    """With q <= 0.2, at most 20% of the discoveries are false on average over 5 tables."""
    true = {("c0", "c1"), ("c2", "c3"), ("c4", "c5")}
    shares, found = [], 0
    for seed in range(5):
        pairs = mibench.pairwise(related_and_unrelated(seed), permutations=99)
        chosen = pairs.table[pairs.table["q_value"] <= 0.2]
        hits = sum(pair in true for pair in zip(chosen["x"], chosen["y"], strict=True))
        found += hits
        shares.append(1 - hits / len(chosen) if len(chosen) else 0.0)
    # A share has a standard deviation of about 0.2 in one table, and 0.09 in the mean of 5. With
    # p <= 0.2 in place of q, 6.6 of the 33 others would be chosen beside the 3: a share of 0.69.
    assert np.mean(shares) < 0.2 + 3 * 0.09
    assert found >= 12  # of 15 related pairs


def test_constant_columns_and_failures_have_no_small_p_value():
    table = {**related_and_unrelated(2), "constant": np.ones(60)}
    pairs = mibench.pairwise(table, permutations=19).table
    assert (pairs.loc[pairs["y"] == "constant", "p_value"] == 1).all()

    def fails_on_permuted_rows(x, y):
        if not np.corrcoef(x[:, 0], y[:, 0])[0, 1] > 0.5:
            raise ValueError("no relation")
        return 1.0

    some = {name: table[name] for name in ("c0", "c1")}
    pairs = mibench.pairwise(some, fails_on_permuted_rows, permutations=19).table
    assert pairs["nats"].tolist() == [1.0]
    assert pairs["p_value"].isna().all()
    assert pairs["flags"].tolist() == ["no_p_value"]
    with pytest.raises(InputError, match="19 or more"):
        mibench.pairwise(table, permutations=5)


@pytest.mark.slow
def test_the_command_shows_p_values_of_pairs(tmp_path, mibench):
    pd.DataFrame(related_and_unrelated(3)).to_csv(tmp_path / "t.csv", index=False)
    few = ("--columns", "c0,c1,c2", "--permutations", 19, "--jobs", 1)
    done = mibench("pairwise", "t.csv", *few)
    assert done.returncode == 0, done.stderr
    assert "p-value" in done.stdout
    assert "q-value" in done.stdout
    rows = mibench("pairwise", "t.csv", *few, "--format", "csv").stdout
    assert rows.startswith("x,y,bits,p_value,q_value,rows")


@pytest.mark.parametrize(
    ("p_values", "permutations", "told"),
    [
        ([0.005, *[0.5] * 24], 199, True),  # q = 0.125 for the only link
        ([0.005, *[0.5] * 24], 499, False),  # chance, and not their number, made it so large
        ([0.002, *[0.5] * 24], 499, False),  # q = 0.05
        ([0.005] * 5 + [0.5] * 20, 199, False),  # five together have q = 0.025
        ([0.3] * 25, 199, False),
        ([0.005, *[0.5] * 24], None, False),
    ],
)
def test_it_is_said_if_the_number_of_permutations_hides_links(capsys, p_values, permutations, told):
    table = pd.DataFrame({"p_value": p_values})
    table["q_value"] = q_values(table["p_value"])
    say_if_permutations_are_few(table, permutations)
    message = capsys.readouterr().err
    assert ("give --permutations 500 or more" in message) == told
    assert ("at least 0.12" in message) == told
