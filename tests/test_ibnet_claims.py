"""The claims table: statistics of known trajectories, and verdicts where the truth is known."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr

from mibench.errors import InputError
from mibench.ibnet.thesis import page as page_writer
from mibench.ibnet.thesis.claims import (
    claims_table,
    generalisation_table,
    generalisation_to_markdown,
    to_markdown,
    verdicts,
)
from mibench.ibnet.thesis.claims import statistics as st
from mibench.ibnet.thesis.claims import table as claims_of_thesis
from mibench.ibnet.thesis.claims.bootstrap import (
    RESAMPLES,
    bootstrap,
    resampled_means,
    resampled_rank_correlations,
    share_interval,
)
from mibench.ibnet.thesis.claims.breaks import breaking_runs, note_on_breaks
from mibench.ibnet.thesis.claims.claims_1_to_5 import reached_by_most
from mibench.ibnet.thesis.claims.parts import Criterion
from mibench.ibnet.thesis.claims.ranks import given_third
from mibench.ibnet.thesis.claims.runs import Source, TrajectoryReader
from mibench.ibnet.thesis.claims.table import PARTS_OF_CLAIMS
from mibench.ibnet.thesis.claims.windows import (
    held_out_largest,
    mean_of_other_half,
    values_at,
    window_labels,
    window_means,
)

from . import ibnet_claims_fakes as fakes
from .ibnet_claims_fakes import A30, U30, U100, all_trainings, training
from .statistics_of_seeds import mean_and_error

DOCS = Path(__file__).parents[1] / "docs"

# -- windows and held-out peaks ------------------------------------------------------------------


@pytest.mark.parametrize("last", [8000, 8192, 200, 1])
def test_every_window_spans_a_quarter_octave_back_from_the_last_epoch(last):
    labels = window_labels(np.arange(last + 1))
    assert labels[0] < labels[1] or last == 0  # the initial network is alone
    assert (np.diff(labels) >= 0).all()
    for label in np.unique(labels[1:]):
        members = 1 + np.flatnonzero(labels[1:] == label)
        upper = last / 2 ** (-label / 4)
        assert upper / 2**0.25 < members.min() <= members.max() <= upper * (1 + 1e-12)
    assert (labels == 0).sum() == last - int(last / 2**0.25)


def test_sparse_epochs_fall_into_the_same_windows():
    all_epochs, sparse = np.arange(8001), fakes.log_epochs(8000, 50)
    np.testing.assert_array_equal(window_labels(all_epochs)[sparse], window_labels(sparse))


def test_window_means_are_plain_means():
    labels = window_labels(np.arange(301))
    values = np.random.default_rng(0).normal(size=(3, 301, 2)).astype(np.float32)
    naive = np.stack(
        [values[:, labels == label].astype(float).mean(axis=1) for label in np.unique(labels)], 1
    )
    np.testing.assert_allclose(window_means(values, labels), naive, rtol=0, atol=1e-12)


def test_the_mean_of_the_other_half_excludes_the_run_itself():
    values = np.array([[1.0], [10.0], [3.0], [30.0], [5.0]])
    assert mean_of_other_half(values)[:, 0].tolist() == [20, 3, 20, 3, 20]
    with pytest.raises(InputError, match="at least 2"):
        mean_of_other_half(values[:1])


@pytest.mark.parametrize("walk", [False, True])
def test_flat_noise_does_not_compress(walk):
    """With a peak from its own values, noise alone would show 2 to 5 bits of compression."""
    drops, own_peak_drops = [], []
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(size=(20, 40, 3))
        noise = noise.cumsum(axis=1) if walk else noise
        drops.append(st.compression(noise).mean())
        own_peak_drops.append((noise.max(axis=1) - noise[:, -1]).mean())
    mean, error = mean_and_error(drops)
    assert abs(mean) < 4 * error
    assert error < 0.05
    assert np.mean(own_peak_drops) > 2


# -- statistics ----------------------------------------------------------------------------------


def series(*stages, runs=6, noise=0.0, seed=0):
    """Window means (run, window, layer) of one layer: linear between stages, 10 windows each."""
    positions = np.arange(10 * (len(stages) - 1) + 1) / 10
    line = np.interp(positions, np.arange(len(stages)), stages)
    run_noise = np.random.default_rng(seed).normal(size=(runs, len(line), 1)) * noise
    return line[None, :, None] + run_noise


def test_two_bits_of_compression_are_two_bits():
    np.testing.assert_allclose(st.compression(series(5, 9, 7)), 2)
    np.testing.assert_allclose(st.compression(series(5, 7, 9)), 0)
    np.testing.assert_allclose(st.compression(series(9, 7, 8)), 1)
    noisy = st.compression(series(5, 9, 7, runs=400, noise=0.1))
    mean, error = mean_and_error(noisy)
    # At this noise, the window next to the peak, 0.2 to 0.4 bits lower, is never the maximum.
    assert abs(mean - 2) < 4 * error
    assert error < 0.01


def test_drops_are_from_each_window_to_the_end():
    drops = st.drops(series(5, 9, 7))
    assert drops[0, [0, 10, 20], 0].tolist() == [-2, 2, 0]


def test_fitting_counts_what_comes_before_the_peak_of_i_xt():
    i_ty = series(0.2, 0.7, 0.9)
    np.testing.assert_allclose(st.fitting(series(5, 9, 7), i_ty), 0.5)
    np.testing.assert_allclose(st.fitting(series(9, 7, 5), i_ty), 0)  # falls from the start
    np.testing.assert_allclose(st.net_change(i_ty), 0.7)


@pytest.mark.parametrize(
    ("stages", "trough", "peak"),
    [((9, 5, 8), 10, 20), ((9, 5, 8, 4), 10, 20), ((5, 9, 7), 0, 10), ((9, 8, 6, 7, 2), 20, 30)],
)
def test_a_dip_is_a_trough_and_a_later_peak(stages, trough, peak):
    """(9, 5, 8, 4): the lowest value is at the end, but nothing rises after it."""
    troughs, peaks = st.dip(series(*stages))
    assert (troughs == trough).all()
    assert (peaks == peak).all()


def test_flat_noise_does_not_dip():
    rises = []
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(size=(20, 40, 3))
        troughs, peaks = st.dip(noise)
        rises.append((values_at(noise, peaks) - values_at(noise, troughs)).mean())
    mean, error = mean_and_error(rises)
    assert abs(mean) < 4 * error
    assert error < 0.05


def test_the_layer_that_dips_most_is_chosen():
    i_xt = np.concatenate([series(9, 8, 9), series(9, 5, 8, runs=6), series(5, 5, 4)], axis=2)
    assert (st.dipping_layer(i_xt) == 1).all()


def test_the_first_epoch_with_a_small_error():
    error = np.array([[0.5, 0.1, 0.2, 0.0], [0.5, 0.5, 0.4, 0.1], [0.5, 0.5, 0.5, 0.5]])
    epochs = np.array([0, 3, 7, 12])
    assert st.first_below(error, 0.1, epochs).tolist() == [3, 12, np.inf]


def test_excess_is_over_any_earlier_layer():
    i_ty = np.array([0.9, 0.5, 0.6, 0.7])
    np.testing.assert_allclose(st.excess_over_earlier(i_ty), [-0.4, 0.1, 0.2])


def test_runs_break_where_a_deep_layer_is_ever_above_an_earlier_one():
    i_ty = np.broadcast_to(np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]), (4, 5, 6)).copy()
    i_ty[0, -1, 4] = 0.95  # T5 above T1, and below no neighbour alone
    i_ty[1, -1, 1] = 0.55  # T4 above T2
    i_ty[2, -1, 2] = 0.83  # T3 above T2: T3 is no deep layer, but T4 ... T6 are below all
    i_ty[3, :-1, 5] = 1.0  # not at the end
    assert breaking_runs(i_ty).tolist() == [True, True, False, True]
    assert note_on_breaks(i_ty).startswith("at the end 50% of runs: T4 25% of runs, -0.09 bits, ")


def test_violations_of_known_number_and_size():
    i_xt = np.broadcast_to(np.array([8.0, 7.0, 6.0]), (4, 10, 3)).copy()
    i_ty = np.broadcast_to(np.array([0.9, 0.8, 0.7]), (4, 10, 3)).copy()
    assert (st.violations(i_xt, i_ty, 0.02) == 0).all()
    i_xt[:, :3, 1] = 8.5  # T2 above T1 by 0.5 bits in 3 of 10 windows
    i_ty[:, 2:4, 1] = 0.93  # and by 0.03 bits in one of those and one other
    i_ty[:, 5, 2] = 0.81  # T3 above T2 by 0.01 bits: within the tolerance
    np.testing.assert_allclose(st.violations(i_xt, i_ty, 0.02), [[0.4, 0]] * 4)
    np.testing.assert_allclose(st.violations(i_xt, i_ty, 0.005), [[0.4, 0.1]] * 4)
    np.testing.assert_allclose(held_out_largest(st.excess(i_xt)), 0.5)
    np.testing.assert_allclose(held_out_largest(st.excess(i_ty)), 0.03)


def test_the_corner_needs_both_axes_low_at_the_start():
    plane = np.full((2, 10, 3, 2), 0.9)
    plane[:, 0, 0] = 0.2  # T1 in the corner at the start
    plane[:, 0, 1, 0] = 0.2  # T2 low in I(X;T) alone
    plane[:, 1:, 2] = 0.2  # T3 in the corner later
    assert st.starts_in_corner(plane).tolist() == [[1, 0, 0]] * 2


def test_the_fast_phase_ends_when_the_error_has_fallen():
    assert st.fast_phase(np.array([[0.5, 0.4, 0.1, 0.06, 0.0], [0.5, 0.4, 0.1, 0.02, 0.0]])) == 3
    assert st.fast_phase(np.array([[0.4, 0.3, 0.5]])) is None


def test_halves_by_maximum():
    larger, smaller = st.larger_half(np.array([3.0, 9.0, 1.0, 5.0, 5.0]))
    assert larger.tolist() == [1]
    assert smaller.tolist() == [0, 2, 3, 4]


def test_distance_is_in_sides_of_the_plane():
    first = np.random.default_rng(0).uniform(size=(7, 5, 2))
    assert st.distance(first, first + np.array([0.3, 0.4])) == pytest.approx(0.5)
    half = np.where(np.arange(7)[:, None, None] < 7, first, 0)
    half[:, :1] += [1, 0]  # one layer of five, all windows
    assert st.distance(first, half) == pytest.approx(np.sqrt(1 / 5))


def test_spread_compares_runs_with_the_path():
    """Standard deviation 0.2 between runs in one axis, a path of variance 0.1 in the other."""
    rng = np.random.default_rng(0)
    runs, path = 20_000, np.sqrt(0.1) * np.array([-1.0, 1.0])
    plane = np.zeros((runs, 2, 1, 2))
    plane[..., 0] = path[None, :, None]
    plane[..., 1] = 0.2 * rng.normal(size=(runs, 1, 1))
    ratio = st.spread(plane.mean(axis=0), np.square(plane).mean(), runs)
    error = 0.2 / np.sqrt(2 * runs) / np.sqrt(0.1)
    assert abs(ratio - 0.2 / np.sqrt(0.1)) < 4 * error


def test_most_layers_reach_the_value():
    assert reached_by_most(np.array([[5.0, -1, 2, 3, -4, 1]])).item() == 1  # 4 of 6 reach 1
    assert reached_by_most(np.array([[5.0, -1, 2, 3, -4, -2]])).item() == -1
    assert reached_by_most(np.array([[1.0, 2, 3, 4, 5]])).item() == 3


# -- bootstrap -----------------------------------------------------------------------------------


def test_resampled_means_are_plain_means_of_the_resampled_runs():
    sample = np.random.default_rng(0).normal(size=(5, 3))
    draws = np.array([[0, 0, 3, 4, 4], [0, 1, 2, 3, 4]])
    np.testing.assert_allclose(resampled_means(sample, draws), sample[draws].mean(axis=1))


def test_intervals_have_their_nominal_coverage():
    """92 to 94 % at 30 runs by percentiles; two groups of different means and sizes."""
    trials, covered = 500, 0
    for seed in range(trials):
        rng = np.random.default_rng([1, seed])
        groups = [rng.normal(3, 1, (30, 1)), rng.normal(1, 2, (40, 1))]
        _, low, high = bootstrap(groups, lambda a, b: (a - b)[:, 0], seed=seed)
        covered += low < 2 < high
    assert abs(covered / trials - 0.935) < 4 * np.sqrt(0.935 * 0.065 / trials)


@pytest.mark.parametrize("correlation", [0.8, -0.8])
def test_groups_of_runs_with_the_same_weights_are_resampled_together(correlation):
    """The interval is as wide as that of the mean of the differences."""
    first, own = np.random.default_rng(0).normal(size=(2, 100, 1))
    second = correlation * first + np.sqrt(1 - correlation**2) * own
    _, low, high = bootstrap([first, second], lambda a, b: (a - b)[:, 0], seed=0, paired=True)
    error = (first - second).std() / np.sqrt(100)
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=4 / np.sqrt(RESAMPLES) + 0.02)


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.8, -0.8])
def test_contrasts_of_runs_with_the_same_weights_have_their_nominal_coverage(correlation):
    """Unpaired intervals would cover 100 % and 86 %, since the variance is 2 - 2 * correlation."""
    covered = {True: 0, False: 0}
    trials = 500
    for seed in range(trials):
        rng = np.random.default_rng([2, seed])
        shared, own = rng.normal(size=(2, 40, 1))
        second = correlation * shared + np.sqrt(1 - correlation**2) * own
        for paired in covered:
            _, low, high = bootstrap(
                [shared, second], lambda a, b: (a - b)[:, 0], seed=seed, paired=paired
            )
            covered[paired] += low < 0 < high
    error = np.sqrt(0.94 * 0.06 / trials)
    assert abs(covered[True] / trials - 0.94) < 4 * error
    assert abs(covered[False] / trials - 0.94) > 4 * error


def test_rank_correlations_are_those_of_scipy():
    rng = np.random.default_rng(0)
    sample = np.round(rng.normal(size=(25, 3)), 1)  # with ties
    sample[:, 2] += sample[:, 0]
    draws = rng.integers(0, 25, (20, 25))
    correlations = resampled_rank_correlations(sample, draws).reshape(20, 3, 3)
    for drawn, result in zip(draws, correlations, strict=True):
        np.testing.assert_allclose(result, spearmanr(sample[drawn]).statistic, atol=1e-12)


def test_a_partial_correlation_is_that_of_the_residuals():
    ranks = np.array([rankdata(row) for row in np.random.default_rng(0).normal(size=(3, 60))])
    ranks[:2] += ranks[2]
    x, y, z = ranks - ranks.mean(axis=1, keepdims=True)
    rest = [v - z * (v @ z) / (z @ z) for v in (x, y)]
    r = np.corrcoef([x, y, z])
    expected = np.corrcoef(rest)[0, 1]
    assert given_third(r[0, 1], r[0, 2], r[1, 2]) == pytest.approx(expected, abs=1e-12)


def test_shares_have_wilson_intervals():
    """Table I of Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857): 81 of 263, etc."""
    for count, runs, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605),
                                   (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)):  # fmt: skip
        np.testing.assert_allclose(share_interval(count / runs, runs), (low, high), atol=5e-5)
    assert share_interval(1, 20)[1] == 1


def test_groups_are_resampled_independently():
    """If they were resampled together, the difference of two equal groups would not vary."""
    group = np.random.default_rng(0).normal(size=(100, 1))
    value, low, high = bootstrap([group, group], lambda a, b: (a - b)[:, 0], seed=0)
    error = np.sqrt(2 / 100) * group.std()
    assert value == 0
    assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=4 / np.sqrt(RESAMPLES) + 0.02)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.3, 0.4, "reproduced"),
        (0.1, 0.2, "not reproduced"),
        (0.2, 0.3, "undecided"),
        (1.1, 1.2, "not reproduced"),
        (0.5, 1.5, "undecided"),
        (np.nan, np.nan, "undecided"),
    ],
)
def test_a_verdict_needs_the_whole_interval(low, high, verdict):
    assert Criterion(0.25, 1).verdict(low, high) == verdict


# -- the table -----------------------------------------------------------------------------------

COLUMNS = [
    "claim", "part", "text", "statistic", "value", "low", "high", "unit", "criterion", "runs",
    "verdict", "note",
]  # fmt: skip


@pytest.fixture(scope="module")
def ideal():
    return all_trainings()


@pytest.fixture(scope="module")
def table(ideal):
    return claims_table(ideal)


def verdict_of(table, claim):
    return verdicts(table).set_index("claim").loc[claim, "verdict"]


def test_every_claim_is_reproduced_where_it_holds(table):
    assert list(table.columns) == COLUMNS
    overall = verdicts(table).set_index("claim")["verdict"]
    assert overall.index.tolist() == list(range(1, 22))
    assert overall.pop(20) == "undecided"  # thirty runs leave a correlation open
    assert set(overall) == {"reproduced"}, table[table["verdict"] != "reproduced"]
    assert table["claim"].is_monotonic_increasing
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert not table.duplicated(["claim", "part"]).any()
    of_a = table["part"].str.startswith("A:")
    assert set(table["runs"][of_a]) == {2}
    assert set(table["runs"][~of_a]) == {30}


def test_values_are_those_of_the_fake_trajectories(table):
    """Expected values are computed by hand from the stages: middle or start minus end."""
    expected = {
        (1, "tanh-256: compression after the peak"): np.mean([1.5, 1.5, 1.5, 1.5]),
        (1, "tanh-full against tanh-256: more compression in most layers at full batch"): 1,
        (3, "relu-256: breaking runs in the half with larger maxima"): 1,
        (3, "relu-256: breaking runs, larger half minus smaller half"): 1,
        (2, "relu-full: no compression"): 0,
        (5, "relu-full: spread of the maximum activation"): 4**0.8,
        (8, "relu-256: distance of the end from the start"): 0.1,
        (9, "elu-256: I(X;T) falls first"): 2.5,  # T4, which rises most
        (9, "elu-256: then I(X;T) rises at first"): 1.7,
        (9, "elu-256: and I(T;Y) rises with it"): 0.4,
        (14, "relu-256 minus tanh-256: ReLU's test error above tanh's"): 0.02,
        (13, "B.1: compression in some hidden layer"): 1.6,
    }
    values = table.set_index(["claim", "part"])["value"]
    for row, value in expected.items():
        assert values[row] == pytest.approx(value, abs=0.06), row


# For each claim, changed trainings for which it does not hold.
BROKEN = {
    "1 no compression": (1, {"tanh-full": {"planes": {U30: (fakes.CORNER, fakes.FIT)}}}),
    "1 falls before it fits": (1, {"tanh-256": {"planes": {U30: (fakes.FALL, fakes.FIT)}}}),
    "1 less at full batch": (
        1,
        {
            "tanh-full": {"planes": {U30: (fakes.HUMP, fakes.FIT)}},
            "tanh-256": {"planes": {U30: (fakes.HIGHER_HUMP, fakes.FIT)}},
        },
    ),
    "2 compresses": (2, {"relu-256": {"planes": {U100: (fakes.HUMP, fakes.LATE)}}}),
    "2 does not fit": (
        2,
        {"relu-256": {"planes": {U100: (fakes.CORNER, fakes.LATE[:1] * 3)}, "lifted": None}},
    ),
    "3 unbroken": (3, {"relu-full": {"lifted": None}}),
    "3 broken in the smaller half": (
        3,
        {"relu-full": {"lifted": fakes.LATE, "planes": {U100: (fakes.CORNER, fakes.BROKEN)}}},
    ),
    "3 broken in both halves": (
        3,
        {"relu-full": {"planes": {U100: (fakes.CORNER, fakes.BROKEN)}}},
    ),
    "4 elsewhere": (4, {"relu-full": {"planes": {U100: (fakes.HUMP, fakes.LATE)}}}),
    "4 only later": (
        4,
        {"relu-full": {"planes": {U100: ((fakes.HUMP[0], *fakes.CORNER[:2]), fakes.LATE)}}},
    ),
    "5 much alike": (5, {"relu-256": {"maxima": np.linspace(9, 11, 30)}}),
    "6 broken": (6, {"relu6-256": {"planes": {A30: (fakes.LAST_TWO, fakes.BROKEN)}}}),
    "7 compresses late": (7, {"tanh-256": {"planes": {A30: (fakes.FLAT, fakes.FIT)}}}),
    "8 ends lower": (8, {"relu-256": {"planes": {A30: (fakes.HIGHER_HUMP, fakes.FIT)}}}),
    "9 rises first": (9, {"elu-256": {"planes": {A30: (fakes.HUMP, fakes.FIT)}}}),
    "9 never rises": (9, {"elu-256": {"planes": {A30: (fakes.FALL, fakes.FIT)}}}),
    "9 rises alone": (9, {"elu-256": {"planes": {A30: (fakes.DIP, fakes.FIT[:1] * 3)}}}),
    "10 unlike ReLU": (10, {"relu6-256": {"planes": {U30: (fakes.HUMP, fakes.FIT)}}}),
    "10 all compress": (10, {"relu6-256": {"planes": {A30: (fakes.FALL, fakes.FIT)}}}),
    "10 none compress": (10, {"relu6-256": {"planes": {A30: (fakes.FLAT, fakes.FIT)}}}),
    "11 all alike": (11, {"elu-256": {"spread": 0.05}}),
    "12 much alike": (
        12,
        {"A": {"planes": {U100: (fakes.layers(fakes.HUMP, 5), fakes.layers(fakes.FIT, 5))}}},
    ),
    "13 no compression": (13, {"B.2": {"planes": {A30: (fakes.FLAT, fakes.FIT)}}}),
    "14 large error": (14, {"relu-full": {"errors": (0.1, 0.2)}}),
    "14 much better": (14, {"tanh-256": {"errors": (0.0, 0.0)}}),
    "14 worse": (14, {"relu-256": {"errors": (0.03, 0.03)}}),
    "15 as high": (
        15,
        {"elu-256": {"planes": {U30: (fakes.DIP, fakes.DIP_TY)}, "spread": 0.05}},
    ),
    "16 unbroken": (16, {"elu-256": {"planes": {U30: (fakes.CORNER, fakes.LATE)}}}),
    "17 much alike": (
        17,
        {"relu-256": {"planes": {U30: (fakes.CORNER, fakes.LATE)}, "lifted": None, "spread": 0.1}},
    ),
    "18 as ReLU": (18, {"elu-256": {"planes": {A30: (fakes.RETURN, fakes.FIT)}}}),
    "19 compresses": (19, {"relu6-256": {"planes": {U30: (fakes.HUMP, fakes.LATE)}}}),
    "20 related": (20, {"elu-256": {"related": 0.9}}),
    "21 as fast": (21, {"tanh-full": {"halfway": 0.05}}),
}


@pytest.mark.parametrize(("claim", "changes"), BROKEN.values(), ids=BROKEN)
def test_a_claim_is_not_reproduced_where_it_fails(ideal, claim, changes, monkeypatch):
    # The others, whose rows do not depend on this one's, would take most of the time.
    monkeypatch.setattr(claims_of_thesis, "PARTS_OF_CLAIMS", PARTS_OF_CLAIMS[claim - 1 : claim])
    changed = {name: training(name, **arguments) for name, arguments in changes.items()}
    result = claims_table(ideal | changed)
    assert verdict_of(result, claim) == "not reproduced", result[result["claim"] == claim]


def test_claims_of_other_trainings_stay(ideal):
    result = claims_table(ideal | {"elu-256": training("elu-256", spread=0.05)})
    assert verdicts(result).set_index("claim")["verdict"].drop([11, 20]).eq("reproduced").all()


def test_many_runs_find_compression_unrelated(monkeypatch):
    monkeypatch.setattr(claims_of_thesis, "PARTS_OF_CLAIMS", PARTS_OF_CLAIMS[19:20])
    names = [f"{activation}-256" for activation in ("tanh", "relu", "elu", "relu6")]
    epochs = [0, 1000, 8000]
    trainings = {name: training(name, runs=400, epochs=epochs, seed=5) for name in names}
    result = claims_table(trainings)
    assert set(result["verdict"]) == {"reproduced"}, result


def test_dead_networks_do_not_move_the_medians_of_errors(monkeypatch):
    """Three of thirty ReLU networks that learn nothing move the mean by 4 %, as in the thesis."""
    monkeypatch.setattr(claims_of_thesis, "PARTS_OF_CLAIMS", PARTS_OF_CLAIMS[13:14])
    trainings = {
        name: training(name) for name in ("relu-256", "tanh-256", "relu-full", "tanh-full")
    }
    for name in ("relu-256", "relu-full"):
        for variable in ("train_error", "test_error"):
            trainings[name][variable][:3] = 0.48
    result = claims_table(trainings)
    assert set(result["verdict"]) == {"reproduced"}
    assert "3 of 30 runs end with a training error above 25%" in result["note"][0]


def test_contrasts_between_trainings_use_the_runs_that_both_have(monkeypatch):
    monkeypatch.setattr(claims_of_thesis, "PARTS_OF_CLAIMS", PARTS_OF_CLAIMS[13:14])
    relu, tanh = training("relu-256"), training("tanh-256")
    relu["test_error"][4] = np.nan
    result = claims_table({"relu-256": relu, "tanh-256": tanh.isel(run=slice(20))})
    row = result.set_index("part").loc["relu-256 minus tanh-256: ReLU's test error above tanh's"]
    assert row["runs"] == 19
    assert "1 of 30 runs of relu-256 left out: some values are not finite" in row["note"]
    assert "1 runs of tanh-256 left out: the other training has no run" in row["note"]
    assert "10 runs of relu-256 left out" in row["note"]


def test_the_seed_decides_the_intervals_alone(ideal, table):
    pd.testing.assert_frame_equal(claims_table(ideal), table)
    other = claims_table(ideal, seed=1)
    pd.testing.assert_series_equal(other["value"], table["value"])
    # Shares and medians have few values, and some fakes have no spread.
    has_spread = (table["unit"] == "bits") & (table["low"] < table["high"])
    assert has_spread.sum() > 10
    assert (other["low"] != table["low"])[has_spread].mean() > 0.8


def test_diverged_runs_are_left_out_and_counted():
    """The table is that of the other runs, for any values that the diverged ones had before."""
    complete = training("tanh-256")
    diverged = complete.copy(deep=True)
    for run, variable in ((4, "i_xt"), (5, "i_ty"), (9, "train_error"), (12, "max_activation")):
        values = diverged[variable].transpose("run", "epoch", ...)
        values[run, :50] = 40.0
        values[run, 50:] = np.inf if variable == "max_activation" else np.nan
        diverged[variable] = values
    finite_runs = [run for run in range(30) if run not in (4, 5, 9, 12)]
    result = claims_table({"tanh-256": diverged})
    expected = claims_table({"tanh-256": complete.isel(run=finite_runs)})
    pd.testing.assert_frame_equal(result.drop(columns="note"), expected.drop(columns="note"))
    measured = result[result["runs"] > 0]
    assert set(measured["runs"]) == {26}
    assert measured["note"].str.startswith("4 of 30 runs of tanh-256 left out").all()


def test_runs_are_the_same_networks_under_both_estimators():
    """Claim 15 compares two estimators: a run that failed for one is left out for both."""
    data = training("elu-256")
    data["i_xt"].loc[{"run": 3, "estimator": U30, "epoch": 0}] = np.nan
    data["i_xt"].loc[{"run": 8, "estimator": A30, "epoch": 0}] = np.nan
    result = claims_table({"elu-256": data}).set_index(["claim", "part"])
    assert result.loc[(15, "elu-256: entropy that uniform bins miss"), "runs"] == 28
    assert result.loc[(9, "elu-256: I(X;T) falls first"), "runs"] == 29


def test_epochs_that_an_estimator_did_not_measure_are_no_failures():
    data = training("tanh-256")
    data["i_xt"].loc[{"estimator": A30, "epoch": data["epoch"].values[1:-1:2]}] = np.nan
    data["i_ty"].loc[{"estimator": A30, "epoch": data["epoch"].values[1:-1:2]}] = np.nan
    result = claims_table({"tanh-256": data}).set_index("claim")
    assert result.loc[7, "runs"] == 30
    assert result.loc[7, "verdict"] == "reproduced"


def test_missing_data_are_named_with_the_command_that_makes_them(ideal):
    incomplete = {name: data for name, data in ideal.items() if name != "B.1"}
    incomplete["relu-256"] = ideal["relu-256"].sel(estimator=[U100, U30])
    incomplete["elu-256"] = ideal["elu-256"].isel(epoch=slice(1, None))
    result = claims_table(incomplete).set_index(["claim", "part"])
    notes = {
        (13, "B.1: compression in some hidden layer"): (
            "training B.1 is missing: `mibench ibnet run B.1`"
        ),
        (8, "relu-256: distance of the end from the start"): (
            "adaptive:bins=30 of relu-256 is not measured: `mibench ibnet run 2.2`"
        ),
        (9, "elu-256: I(X;T) falls first"): (
            "adaptive:bins=30 of elu-256 is not measured at epoch 0: `mibench ibnet run 2.3`"
        ),
    }
    for row, note in notes.items():
        assert result.loc[row, "note"] == note
        assert result.loc[row, "verdict"] == "undecided"
        assert result.loc[row, "runs"] == 0
        assert np.isnan(result.loc[row, ["value", "low", "high"]].astype(float)).all()
    overall = verdicts(result.reset_index()).set_index("claim")["verdict"]
    assert overall[[8, 9, 13]].eq("undecided").all()
    assert overall[[1, 7, 12]].eq("reproduced").all()


def test_without_data_all_claims_are_undecided():
    result = claims_table({})
    assert set(result["verdict"]) == {"undecided"}
    assert result["note"].str.contains("mibench ibnet run").all()
    assert len(verdicts(result)) == 21
    to_markdown(result)


@pytest.mark.parametrize("runs", [1, 2])
def test_few_runs_decide_only_parts_about_each_run(runs):
    result = claims_table(all_trainings(runs=runs))
    decided = result[result["verdict"] != "undecided"]
    assert set(decided["part"].str.split(":").str[0]) == {"A"}
    assert set(decided["claim"]) == {12}
    others = result.drop(decided.index)
    assert others["note"].str.contains(f"{runs} runs: at least").all()
    assert others["value"].isna().all()


def test_the_interval_of_network_a_is_its_runs():
    data = training("A", runs=2, spread=0, noise=0)
    data["i_xt"].loc[{"run": 1, "estimator": A30}] += 1.2  # a tenth of the width of the plane
    row = claims_table({"A": data}).set_index("claim").loc[12]
    gaps = data["i_xt"].sel(estimator=A30) - data["i_xt"].sel(estimator=U100)
    assert row["low"] < row["value"] < row["high"]
    assert row["high"] - row["low"] < 0.1 < float(gaps.mean()) / 12
    assert "from the smallest to the largest of 2" in row["note"]


def test_a_short_training_decides_nothing():
    result = claims_table(all_trainings(epochs=np.arange(201)))
    assert set(result["verdict"]) == {"undecided"}
    assert result["note"].str.contains("200 epochs, but the claim is about 8000").all()
    assert result["value"].notna().all()


def test_planes_without_any_difference_have_no_ratio():
    data = training("relu6-256", spread=0, noise=0)
    data["i_xt"][1], data["i_ty"][1] = data["i_xt"][0], data["i_ty"][0]
    row = claims_table({"relu6-256": data, "relu-256": training("relu-256", spread=0, noise=0,
                        lifted=None)}).set_index("claim").loc[10].iloc[0]  # fmt: skip
    assert row["verdict"] == "undecided"
    assert "not defined" in row["note"]


def test_other_data_sets_are_refused():
    data = training("tanh-256")
    with pytest.raises(InputError, match="tanh-256: i_ty with dimensions estimator, run"):
        claims_table({"tanh-256": data.drop_vars("i_ty")})
    with pytest.raises(InputError, match="max_activation"):
        claims_table({"tanh-256": data.assign(max_activation=data["train_error"])})
    with pytest.raises(InputError, match="h_x_bits"):
        claims_table({"tanh-256": data.drop_attrs()})
    with pytest.raises(InputError, match="6 layers where its setting has 5"):
        claims_table({"B.1": data})


# -- compression and generalisation by layer -----------------------------------------------------


def test_correlations_by_layer_are_those_of_scipy():
    data = training("elu-256", related=0.7, noise=0.5)
    data["train_error"][:2, -40:] = 0.4  # dead
    [runs] = TrajectoryReader({"elu-256": data}).get([Source("elu-256", A30)])
    test, train = runs.test_error[:, -1], runs.train_error[:, -1]
    end, start = runs.i_xt[:, -1, 2], runs.i_xt[:, 0, 2]
    table = generalisation_table({"elu-256": data}).set_index(["layer", "quantity"])
    assert set(table["training"]) == {"elu-256"}
    assert set(table.index.levels[0]) == {"all hidden", *(f"T{n}" for n in range(1, 7))}

    def partial(z):
        r = spearmanr(np.column_stack([end, test, z])).statistic
        return given_third(r[0, 1], r[0, 2], r[1, 2])

    expected = {
        "end": spearmanr(end, test).statistic,
        "start": spearmanr(start, test).statistic,
        "given_train_error": partial(train),
        "given_start": partial(start),
        "without_dead": spearmanr(end[2:], test[2:]).statistic,
        "fall": spearmanr(st.compression(runs.i_xt)[:, 2], test).statistic,
    }
    for quantity, rho in expected.items():
        row = table.loc[("T3", quantity)]
        assert row["rho"] == pytest.approx(rho, abs=1e-12), quantity
        assert row["low"] < row["rho"] < row["high"]
        assert row["runs"] == (28 if quantity == "without_dead" else 30)
    total = runs.i_xt[:, -1, :5].sum(axis=1)
    rho = spearmanr(total, test).statistic
    assert table.loc[("all hidden", "end"), "rho"] == pytest.approx(rho, abs=1e-12)
    part = claims_table({"elu-256": data}).set_index("part")
    row = part.loc["elu-256, adaptive:bins=30: rank correlation of I(X;T) with the test error"]
    assert row["value"] == pytest.approx(rho, abs=1e-12)


def test_trainings_that_are_missing_or_too_small_have_no_correlations():
    few = training("tanh-256", runs=2)
    assert generalisation_table({"tanh-256": few}).empty
    text = generalisation_to_markdown(generalisation_table({"relu-256": training("relu-256")}))
    assert text.count("\n| relu-256 | ") == 7
    assert "| n/a |" in text  # rises only: nothing falls in the first layer


# -- Markdown ------------------------------------------------------------------------------------


def tables_in(markdown):
    """Every table as a list of rows, each a list of texts."""
    blocks = [block.splitlines() for block in markdown.split("\n\n") if block.startswith("|")]
    return [
        [[text.strip() for text in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block]
        for block in blocks
    ]


def test_markdown_holds_every_claim_and_part(table):
    text = to_markdown(table)
    claims, parts = tables_in(text)
    assert all(len(row) == 3 for row in claims)
    assert all(len(row) == 7 for row in parts)
    assert [row[0] for row in claims[2:]] == [str(n) for n in range(1, 22)]
    assert [row[1] for row in parts[2:]] == table["part"].tolist()
    assert [row[6] for row in parts[2:]] == table["verdict"].tolist()
    assert set(claims[1] + parts[1]) == {"---"}
    assert all(f"- **{c}** {s}\n" in text for c, s in zip(table["claim"], table["statistic"]))  # noqa: B905


def test_markdown_rounds_and_converts(table):
    rows = {row[1]: row for row in tables_in(to_markdown(table))[1]}
    part = "tanh-256: compression after the peak"
    [value] = table["value"][table["part"] == part]
    assert rows[part][2:6:2] == [f"{value:.2f} bits", "> 0.25"]
    assert rows["relu-256 minus tanh-256: ReLU's test error above tanh's"][4] == "0 % to 5 %"
    assert rows["relu-256: error at the end"][4] == "< 10 %"
    part = "relu-256, adaptive:bins=30: rank correlation of I(X;T) with the test error"
    assert rows[part][4] == "from -0.3 to 0.3"
    assert rows["relu-256: error at the end"][2].endswith(" %")
    odd = table.head(1).assign(value=-0.0002, low=np.nan, note="a | b")
    (row,) = tables_in(to_markdown(odd))[1][2:]
    assert row[2:4] == ["0.000 bits", "n/a"]


def test_the_committed_page_is_what_the_code_makes_of_the_committed_table():
    """Texts, criteria and units are those of the code; the page shows the numbers of the table."""
    committed = pd.read_csv(DOCS / "reproduction" / "claims.csv", keep_default_na=False)
    columns = ["claim", "part", "text", "statistic", "unit", "criterion"]
    pd.testing.assert_frame_equal(committed[columns], claims_table({})[columns])
    page = (DOCS / "reproduction.md").read_text()
    assert to_markdown(committed) in page
    [command] = re.findall(r"^mibench ibnet reproduce .*$", page, flags=re.MULTILINE)
    assert command.startswith("mibench ibnet reproduce --scale full")
    assert page_writer.introduction(command) in page
    generalisation = pd.read_csv(DOCS / "reproduction" / "generalisation.csv")
    assert generalisation_to_markdown(generalisation) in page
    assert f"{page_writer.verdict_counts(committed)} {page_writer.CLAIMS_NOTE}" in page


# -- size ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_study_of_full_size_is_judged():
    """Nine trainings, 8001 epochs each, 40 runs (A: 2); without reading from disk."""
    full = all_trainings(runs=40, epochs=np.arange(8001)) | {
        "A": training("A", epochs=np.arange(8001))
    }
    result = claims_table(full)
    # Rank correlations of 40 independent runs scatter by 0.16: they cannot exclude 0.3.
    unrelated = result["claim"] == 20
    assert set(result["verdict"][~unrelated]) == {"reproduced"}
    assert (result["low"][unrelated] < 0).all()
    assert (result["high"][unrelated] > 0).all()
