"""Inference from the seeds: confidence intervals against theory, and which estimator is better."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mibench import summary
from mibench.summary import inference
from mibench.summary.inference import apart, confidence_intervals, significantly_better


def records(errors, estimator, task="t"):
    """Records of one estimator on one task: true MI 1, one seed for each error."""
    return pd.DataFrame(
        {
            "task": task, "n": 10, "dim_x": 1, "dim_y": 1, "mi_nats": 1.0, "estimator": estimator,
            "seed": np.arange(len(errors)), "nats": 1.0 + np.asarray(errors), "seconds": 1.0,
            "memory": np.nan, "flags": "", "error": "",
        }
    )  # fmt: skip


def ranks(**errors):
    table = pd.concat([records(e, name) for name, e in errors.items()], ignore_index=True)
    return summary.ranking(table).set_index("estimator")


def intervals(*tasks):
    """The intervals of one estimator: (lower, upper) of the bias, and of the RMSE."""
    both = confidence_intervals([np.asarray(errors)[:, np.newaxis] for errors in tasks])
    return both.bias[:, 0], both.rmse[:, 0]


def test_the_interval_of_the_bias_is_the_t_interval():
    errors = np.random.default_rng(0).normal(0.3, 2.0, size=12)
    expected = stats.ttest_1samp(errors, 0).confidence_interval(0.95)
    assert intervals(errors)[0] == pytest.approx([expected.low, expected.high])


def test_the_interval_of_the_rmse_of_unbiased_normal_errors_is_that_of_theory():
    """n m / sigma^2 of a mean square m is chi-square with n degrees of freedom."""
    errors = stats.norm.ppf((np.arange(200) + 0.5) / 200)
    mean_square = np.mean(errors**2)
    expected = np.sqrt(200 * mean_square / stats.chi2.ppf([0.975, 0.025], 200))
    assert intervals(errors)[1] == pytest.approx(expected, rel=0.01)


COVERAGE_REPEATS = 1000


@pytest.mark.parametrize("seeds", [3, 10])
@pytest.mark.parametrize(
    ("biases", "draw", "bias_coverage", "rmse_coverage"),
    [
        # The docstring of `confidence_intervals` states these, but for several tasks.
        ([0.0], "normal", 0.95, 0.95),
        ([1.0], "normal", 0.95, 0.955),
        ([3.0], "normal", 0.95, 0.955),
        ([0.0, 0.5, 2.0], "normal", 0.955, 0.96),
        ([0.0], "exponential", 0.89, 0.88),
    ],
)
def test_intervals_cover_the_truth_as_often_as_stated(
    seeds, biases, draw, bias_coverage, rmse_coverage
):
    rng = np.random.default_rng(1)
    covered = {"bias": 0, "rmse": 0}
    for _ in range(COVERAGE_REPEATS):
        if draw == "normal":
            noise = rng.normal(size=(len(biases), seeds))
        else:
            noise = rng.exponential(size=(len(biases), seeds)) - 1
        of_bias, of_rmse = intervals(*(b + row for b, row in zip(biases, noise, strict=True)))
        truth = np.sqrt(1 + np.mean(np.square(biases)))
        covered["bias"] += of_bias[0] <= np.mean(biases) <= of_bias[1]
        covered["rmse"] += of_rmse[0] <= truth <= of_rmse[1]
    # Standard errors of 0.007 for a coverage of 0.95, and 0.010 for 0.88; 3 of them.
    for name, expected in (("bias", bias_coverage), ("rmse", rmse_coverage)):
        tolerance = 0.022 if expected > 0.9 else 0.032
        assert abs(covered[name] / COVERAGE_REPEATS - expected) < tolerance, name


def test_errors_without_variance_have_intervals_of_one_point():
    for errors in ([[0.0, 0.0]], [[0.1, 0.1], [0.2, 0.2]]):
        of_bias, of_rmse = intervals(*errors)
        assert of_bias == pytest.approx(np.mean(errors))
        assert of_rmse == pytest.approx(np.sqrt(np.mean(np.square(errors))))


def test_one_seed_has_no_interval():
    assert np.isnan(intervals([0.1])).all()
    row = summary.by_case(records([0.1], "a")).iloc[0]
    assert np.isnan([row["bias_low_nats"], row["rmse_high_nats"]]).all()
    got = ranks(a=[0.1], b=[0.2])
    assert got[["rmse_low_nats", "bias_high_nats"]].isna().all(axis=None)
    assert got["rank"].tolist() == [1, 1]  # with one sample no estimator is better


def test_one_seed_of_each_task_takes_the_differences_between_tasks_for_chance():
    """Then the interval of the bias is the t interval over tasks, and one of several seeds fits."""
    errors = np.random.default_rng(12).normal(0.3, 2.0, size=12)
    expected = stats.ttest_1samp(errors, 0).confidence_interval(0.95)
    of_bias, of_rmse = intervals(*errors[:, np.newaxis])
    assert of_bias == pytest.approx([expected.low, expected.high])
    assert of_rmse == pytest.approx(intervals(errors)[1])


@pytest.mark.parametrize("spread", [0.0, 0.5, 2.0])
def test_intervals_of_one_seed_of_each_task_hold_the_truth(spread):
    """The tasks are fixed, and have biases of their own: the intervals may only be too wide."""
    rng = np.random.default_rng(13)
    biases = spread * np.linspace(-1, 1, 20) + 0.3
    truth = np.sqrt(1 + np.mean(biases**2))
    held = np.zeros(2)
    for _ in range(COVERAGE_REPEATS):
        of_bias, of_rmse = intervals(*(biases + rng.normal(size=20))[:, np.newaxis])
        held += [of_bias[0] <= biases.mean() <= of_bias[1], of_rmse[0] <= truth <= of_rmse[1]]
    assert (held / COVERAGE_REPEATS > 0.95 - 0.022).all()  # 3 standard errors


def test_estimators_are_apart_where_intervals_of_one_seed_of_each_task_are():
    rng = np.random.default_rng(14)
    tasks = [rng.normal(size=(1, 3)) * [0.1, 1, 1] for _ in range(30)]
    assert apart(tasks).tolist() == [[False, True, True], [False] * 3, [False] * 3]
    assert not apart(tasks[:3]).any()  # three tasks cannot show it
    assert not apart([0.1 + 1e-12 * np.arange(3)[np.newaxis]] * 30).any()
    table = pd.concat(
        [
            records([error], name, f"task-{place}")
            for place, task in enumerate(tasks)
            for name, error in zip("abc", task[0], strict=True)
        ],
        ignore_index=True,
    )
    ranked = summary.ranking(table).set_index("estimator")
    assert ranked["rank"].to_dict() == {"a": 1, "b": 2, "c": 2}


@pytest.mark.slow
@pytest.mark.parametrize(("spread", "most"), [(0.0, 0.01), (0.7, 0.01)])
def test_equal_estimators_are_apart_as_rarely_as_stated(spread, most):
    """Eight of them on 20 tasks, whose errors have scales of their own."""
    rng = np.random.default_rng(16)
    wrong = 0
    for _ in range(300):
        scales = 10 ** rng.normal(-1, spread, size=(20, 1, 1))
        wrong += apart(list(scales * rng.normal(size=(20, 1, 8)))).any()
    assert wrong / 300 < most + 3 * np.sqrt(most * (1 - most) / 300)


def test_tasks_of_one_seed_beside_others_count_as_one_task_of_several():
    rng = np.random.default_rng(15)
    repeated, single = rng.normal(size=(10, 2)) * [0.1, 1], rng.normal(size=(8, 2)) * [0.1, 1]
    mixed = confidence_intervals([repeated, *single[:, np.newaxis]])
    pooled = confidence_intervals([repeated, single])
    np.testing.assert_allclose(mixed.bias, pooled.bias)
    np.testing.assert_allclose(mixed.rmse, pooled.rmse)
    assert significantly_better([repeated, *single[:, np.newaxis]])[0, 1]


def test_the_ranking_is_over_all_samples_and_the_rmse_lies_in_its_interval():
    rng = np.random.default_rng(2)
    table = pd.concat(
        [records(rng.normal(size=10), "a", task) for task in "uvw"], ignore_index=True
    )
    row = summary.ranking(table).iloc[0]
    assert row["rmse_low_nats"] < row["rmse_nats"] < row["rmse_high_nats"]
    errors = table["nats"] - 1
    assert row["rmse_nats"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert row["mae_nats"] == pytest.approx(errors.abs().mean())


def test_tasks_have_seeds_of_their_own():
    """The same errors on 100 tasks: the interval of the mean shrinks by about 10."""
    errors = np.random.default_rng(3).normal(size=10)
    (low, high), _ = intervals(errors)
    (low_of_all, high_of_all), _ = intervals(*[errors] * 100)
    narrower = stats.t.ppf(0.975, 9) / stats.t.ppf(0.975, 900) * 10
    assert (high - low) / (high_of_all - low_of_all) == pytest.approx(narrower)


def test_a_task_of_one_seed_adds_no_variance():
    errors = np.random.default_rng(11).normal(size=10)
    alone, joined = intervals(errors)[0], intervals(errors, [0.0])[0]
    assert joined == pytest.approx(alone * 10 / 11)


def test_a_clear_difference_is_significant_and_a_chance_one_is_not():
    rng = np.random.default_rng(4)
    errors = rng.normal(size=10)
    got = ranks(close=0.1 * errors, also=0.1 * rng.normal(size=10), far=2 + errors)
    assert got["rank"].to_dict() == {"close": 1, "also": 1, "far": 3}
    assert got.index[-1] == "far"


def test_the_same_samples_are_compared_sample_by_sample():
    """A small excess in every seed is significant, though it is far below the sd over seeds."""
    errors = np.abs(np.random.default_rng(5).normal(size=20))
    assert ranks(a=errors, b=errors * 1.02)["rank"].tolist() == [1, 2]
    assert ranks(a=errors, b=errors[::-1] * 1.02)["rank"].tolist() == [1, 1]


def test_equal_estimators_share_their_rank():
    got = ranks(a=[0.1, 0.2, 0.3], b=[0.1, 0.2, 0.3], c=[5.0, 5.1, 5.2])
    assert got["rank"].to_dict() == {"a": 1, "b": 1, "c": 3}


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "seeds"), [(1, 10), (1, 3), (60, 1), (20, 3), (20, 10)])
def test_the_level_holds_over_all_pairs(tasks, seeds):
    """Eight equal estimators: in about 5 % of 400 comparisons one of the 28 pairs differs."""
    rng = np.random.default_rng(6)
    wrong = sum(
        significantly_better([rng.normal(size=(seeds, 8)) for _ in range(tasks)]).any()
        for _ in range(400)
    )
    assert wrong < 20 + 4 * np.sqrt(19)  # 4 sigma


def test_real_differences_are_found():
    rng = np.random.default_rng(7)
    tasks = [rng.normal(size=(10, 5)) * np.array([0.1, 0.5, 1.0, 1.05, 3.0]) for _ in range(5)]
    better = significantly_better(tasks)
    assert not (better & better.T).any()
    assert not better.diagonal().any()
    assert better[0, 1:].all()
    assert better[:4, 4].all()


def test_a_task_of_one_seed_does_not_hide_what_the_others_show():
    tasks = [np.random.default_rng(9).normal(size=(10, 2)) * [0.1, 1]] * 5
    assert significantly_better([*tasks, np.array([[0.1, 0.2]])])[0, 1]


def test_rounding_and_overflow_make_no_estimator_better():
    errors = np.random.default_rng(10).normal(size=(10, 1))
    assert not significantly_better([np.hstack([errors, errors * (1 + 1e-15)])]).any()
    with np.errstate(all="ignore"):
        assert not significantly_better([np.array([[1e200, 1e199], [1e200, 2e199]])]).any()


def test_the_p_value_is_that_of_the_paired_t_test_of_squared_errors():
    errors = np.random.default_rng(8).normal(size=(10, 2)) * [1, 1.5]
    got = inference._difference([errors], 0, 1)[1]
    assert got == pytest.approx(stats.ttest_rel(errors[:, 0] ** 2, errors[:, 1] ** 2).pvalue)


def test_failures_do_not_count_and_who_only_fails_ranks_last():
    got = ranks(a=[0.1, 0.2, 0.3], b=[np.nan, np.nan, np.nan], c=[0.2, np.nan, 0.4])
    assert got["cells"].to_dict() == {"a": 2, "c": 2, "b": 0}
    assert got["failure_rate"].to_dict() == pytest.approx({"a": 0, "c": 1 / 3, "b": 1})
    assert got["rank"]["b"] == 3
    assert got.index[-1] == "b"


def test_relative_error_and_memory():
    table = records([0.3, -0.4], "a").assign(memory=[5.0, 9.0])
    row = summary.by_case(table).iloc[0]
    assert row["relative_error"] == pytest.approx(np.sqrt(0.125))
    assert row["memory"] == 9
    free = summary.by_case(table.assign(mi_nats=0.0)).iloc[0]
    assert np.isnan(free["relative_error"])


def test_quick_failures_do_not_count_as_speed():
    table = pd.concat(
        [
            records([0.1, -0.1, 0.1], "whole").assign(seconds=2.0),
            records([0.2, np.nan, np.nan], "fails").assign(seconds=[3.0, 1e-6, 1e-6]),
        ],
        ignore_index=True,
    )
    got = summary.ranking(table).set_index("estimator")
    assert got["efficient"].to_dict() == {"whole": True, "fails": False}
    assert got["seconds"].to_dict() == {"whole": 2.0, "fails": 3.0}
    assert summary.by_case(table)["seconds"].tolist() == [2.0, 3.0]


def test_efficient_estimators_are_not_beaten_in_both_error_and_time():
    rows = [("exact", 0.1, 3.0), ("slow", 0.2, 9.0), ("quick", 0.3, 1.0), ("neither", 0.4, 2.0)]
    table = pd.concat(
        [records([e, e, -e], name).assign(seconds=t) for name, e, t in rows], ignore_index=True
    )
    got = summary.ranking(table).set_index("estimator")
    assert got["efficient"].to_dict() == {
        "exact": True, "slow": False, "quick": True, "neither": False,
    }  # fmt: skip
