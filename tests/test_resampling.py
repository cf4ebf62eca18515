"""What the seeds tell: bootstrap intervals against theory, and who is called better."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mibench import summary
from mibench.summary import resampling


def cells(errors, estimator, task="t"):
    """Records of one estimator on one case: truth 1, one seed for each error."""
    return pd.DataFrame(
        {
            "task": task, "n": 10, "dim_x": 1, "dim_y": 1, "mi_nats": 1.0, "estimator": estimator,
            "seed": np.arange(len(errors)), "nats": 1.0 + np.asarray(errors), "seconds": 1.0,
            "memory": np.nan, "flags": "", "error": "",
        }
    )  # fmt: skip


def ranks(**errors):
    table = pd.concat([cells(e, name) for name, e in errors.items()], ignore_index=True)
    return summary.ranking(table).set_index("estimator")


def test_resamples_are_of_the_same_size_and_even():
    counts = resampling.resamples(7)
    assert counts.shape == (resampling.REPEATS, 7)
    assert (counts.sum(axis=1) == 7).all()
    # Each count is binomial(7, 1/7): variance 6/7, so a mean's sd is 0.93 / sqrt(4000); 5 sigma.
    assert (np.abs(counts.mean(axis=0) - 1) < 5 * np.sqrt(6 / 7 / resampling.REPEATS)).all()


def test_an_interval_of_the_mean_is_that_of_theory():
    errors = np.random.default_rng(0).normal(0.3, 2.0, size=400)
    low, high = resampling.intervals(errors)["bias"]
    half = 1.96 * errors.std() / np.sqrt(400)
    # A quantile of 4000 resamples at 2.5 % has a standard error of 0.042 sd; 4 sigma.
    assert abs(low - (errors.mean() - half)) < 0.17 * half
    assert abs(high - (errors.mean() + half)) < 0.17 * half


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """Ten seeds, 400 times: percentile intervals of so few are narrow."""
    rng = np.random.default_rng(1)
    inside = {"bias": 0, "rmse": 0}
    for _ in range(400):
        found = resampling.intervals(rng.normal(size=10))
        for name, truth in (("bias", 0), ("rmse", 1)):
            low, high = found[name]
            inside[name] += low <= truth <= high
    # As the documentation says, 0.89 and 0.84, with standard errors of 0.016 and 0.018; 3 sigma.
    assert abs(inside["bias"] / 400 - 0.89) < 0.05
    assert abs(inside["rmse"] / 400 - 0.84) < 0.055


def test_one_seed_has_no_interval():
    assert np.isnan(list(resampling.intervals(np.array([0.1])).values())).all()
    row = summary.by_case(cells([0.1], "a")).iloc[0]
    assert np.isnan([row["bias_low_nats"], row["rmse_high_nats"]]).all()
    got = ranks(a=[0.1], b=[0.2])
    assert got[["rmse_low_nats", "bias_high_nats"]].isna().all(axis=None)
    assert got["rank"].tolist() == [1, 1]  # one seed calls nobody better


def test_the_rmse_lies_in_its_interval_and_the_whole_is_of_its_parts():
    rng = np.random.default_rng(2)
    table = pd.concat([cells(rng.normal(size=10), "a", task) for task in "uvw"], ignore_index=True)
    row = summary.ranking(table).iloc[0]
    assert row["rmse_low_nats"] < row["rmse_nats"] < row["rmse_high_nats"]
    errors = table["nats"] - 1
    assert row["rmse_nats"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert row["mae_nats"] == pytest.approx(errors.abs().mean())


def test_cases_are_resampled_each_by_itself():
    """The same errors in 100 cases: if all used one resample the interval would not shrink."""
    errors = np.random.default_rng(3).normal(size=(10, 1))
    one, _ = resampling.overall([errors])
    many, _ = resampling.overall([errors] * 100)
    assert many.std() == pytest.approx(one.std() / 10, rel=0.15)  # 1.1 % noise in each


def test_a_clear_difference_is_told_and_a_ranking_by_chance_is_not():
    rng = np.random.default_rng(4)
    errors = rng.normal(size=10)
    got = ranks(close=0.1 * errors, also=0.1 * rng.normal(size=10), far=2 + errors)
    assert got["rank"].to_dict() == {"close": 1, "also": 1, "far": 3}
    assert got.index[-1] == "far"


def test_the_same_samples_are_compared_sample_by_sample():
    """A small excess in every seed is told, though it is far below the spread over the seeds."""
    errors = np.abs(np.random.default_rng(5).normal(size=20))
    assert ranks(a=errors, b=errors * 1.02)["rank"].tolist() == [1, 2]
    assert ranks(a=errors, b=errors[::-1] * 1.02)["rank"].tolist() == [1, 1]


def test_equal_estimators_share_their_rank():
    got = ranks(a=[0.1, 0.2, 0.3], b=[0.1, 0.2, 0.3], c=[5.0, 5.1, 5.2])
    assert got["rank"].to_dict() == {"a": 1, "b": 1, "c": 3}


@pytest.mark.parametrize(("cases", "seeds"), [(1, 10), (1, 3), (20, 3), (20, 10)])
def test_better_holds_its_level_over_all_pairs(cases, seeds):
    """Eight estimators of one law: in about 5 % of 400 comparisons any of the 28 pairs differs."""
    rng = np.random.default_rng(6)
    wrong = sum(
        resampling.better([rng.normal(size=(seeds, 8)) for _ in range(cases)]).any()
        for _ in range(400)
    )
    assert wrong < 20 + 4 * np.sqrt(19)  # 4 sigma; a bootstrap of ten seeds had 146


def test_better_sees_what_is_there():
    rng = np.random.default_rng(7)
    cases = [rng.normal(size=(10, 5)) * np.array([0.1, 0.5, 1.0, 1.05, 3.0]) for _ in range(5)]
    found = resampling.better(cases)
    assert not (found & found.T).any()
    assert not found.diagonal().any()
    assert found[0, 1:].all()
    assert found[:4, 4].all()


def test_a_case_of_one_seed_does_not_hide_what_the_others_tell():
    cases = [np.random.default_rng(9).normal(size=(10, 2)) * [0.1, 1]] * 5
    assert resampling.better([*cases, np.array([[0.1, 0.2]])])[0, 1]


def test_rounding_makes_nobody_better_nor_does_what_overflows():
    errors = np.random.default_rng(10).normal(size=(10, 1))
    assert not resampling.better([np.hstack([errors, errors * (1 + 1e-15)])]).any()
    with np.errstate(all="ignore"):
        assert not resampling.better([np.array([[1e200, 1e199], [1e200, 2e199]])]).any()


def test_better_is_the_paired_t_test_of_squared_errors():
    errors = np.random.default_rng(8).normal(size=(10, 2)) * [1, 1.5]
    got = resampling._difference([errors], 0, 1)[1]
    assert got == pytest.approx(stats.ttest_rel(errors[:, 0] ** 2, errors[:, 1] ** 2).pvalue)


def test_failures_do_not_count_and_a_lone_failure_ranks_last():
    got = ranks(a=[0.1, 0.2, 0.3], b=[np.nan, np.nan, np.nan], c=[0.2, np.nan, 0.4])
    assert got["cells"].to_dict() == {"a": 2, "c": 2, "b": 0}
    assert got["failure_rate"].to_dict() == pytest.approx({"a": 0, "c": 1 / 3, "b": 1})
    assert got["rank"]["b"] == 3
    assert got.index[-1] == "b"


def test_relative_error_and_memory():
    table = cells([0.3, -0.4], "a").assign(memory=[5.0, 9.0])
    row = summary.by_case(table).iloc[0]
    assert row["relative_error"] == pytest.approx(np.sqrt(0.125))
    assert row["memory"] == 9
    free = summary.by_case(table.assign(mi_nats=0.0)).iloc[0]
    assert np.isnan(free["relative_error"])


def test_who_fails_soon_is_not_quick():
    table = pd.concat(
        [
            cells([0.1, -0.1, 0.1], "whole").assign(seconds=2.0),
            cells([0.2, np.nan, np.nan], "fails").assign(seconds=[3.0, 1e-6, 1e-6]),
        ],
        ignore_index=True,
    )
    got = summary.ranking(table).set_index("estimator")
    assert got["efficient"].to_dict() == {"whole": True, "fails": False}
    assert got["seconds"].to_dict() == {"whole": 2.0, "fails": 3.0}
    assert summary.by_case(table)["seconds"].tolist() == [2.0, 3.0]


def test_efficient_is_who_nobody_beats_in_both():
    rows = [("exact", 0.1, 3.0), ("slow", 0.2, 9.0), ("quick", 0.3, 1.0), ("neither", 0.4, 2.0)]
    table = pd.concat(
        [cells([e, e, -e], name).assign(seconds=t) for name, e, t in rows], ignore_index=True
    )
    got = summary.ranking(table).set_index("estimator")
    assert got["efficient"].to_dict() == {
        "exact": True, "slow": False, "quick": True, "neither": False,
    }  # fmt: skip
