"""knn does not depend on how a processor rounds the last digits, and says what it merges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mibench
from mibench.estimators.neighbours.added_noise import with_noise
from mibench.estimators.shared.columns import without_rounding
from mibench.tasks.catalogue import find_tasks


def rounded_otherwise(values, seed):
    """As another processor might compute them: each value is off by up to two units in its last."""
    steps = np.random.default_rng(seed).integers(-2, 3, np.shape(values))
    return np.asarray(values, float) * (1 + steps * 2.0**-52)


def merged(columns):
    return without_rounding(columns, np.sort(columns, axis=1))


@pytest.mark.parametrize("name", ["layer-tanh-12-2-0.2", "layer-tanh-12-5-0.5"])
@pytest.mark.parametrize("standardize", ["auto", "true", "false"])
def test_ties_that_rounding_breaks_are_ties(name, standardize):
    """The bits of X, off in their last digits: without merging, the estimate is 0.27 nats higher,
    and no flag is raised."""
    task = find_tasks([name], None)[0]
    sample = task.sampler(300, np.random.default_rng(0))
    x, y = np.asarray(sample[0]), np.asarray(sample[1])
    spec = f"knn:standardize={standardize}"
    exact = mibench.estimate(x, y, spec)
    for seed in range(3):
        other = mibench.estimate(rounded_otherwise(x, seed), rounded_otherwise(y, seed), spec)
        assert other.nats == pytest.approx(exact.nats, abs=1e-9)
        assert other.flags.keys() == exact.flags.keys()
        assert "ties" in other.flags


def test_saturated_units_are_ties():
    """tanh at +-1: half of the values are 1, the others of that half are a digit below."""
    rng = np.random.default_rng(1)
    t = np.tanh(rng.normal(0, 30, 400))
    y = np.sign(t) + rng.integers(0, 3, 400)
    exact = mibench.estimate(t, y, "knn")
    other = mibench.estimate(rounded_otherwise(t, 0), y, "knn")
    assert other.nats == pytest.approx(exact.nats, abs=1e-9)
    assert other.flags.keys() == exact.flags.keys()


@pytest.mark.parametrize("labels", [None, np.arange(200) % 3])
def test_added_noise_is_the_same_on_any_processor(labels):
    values = np.random.default_rng(2).normal(size=(3, 200))
    values[0] = values[0].round(1)  # many equal ones
    noise = with_noise(values, 1e-3, 0, labels)
    other = with_noise(rounded_otherwise(values, 3), 1e-3, 0, labels)
    assert np.abs(noise - other).max() < 1e-12
    assert not np.allclose(noise, with_noise(values + values**2, 1e-3, 0, labels), atol=0.2)
    assert not np.allclose(noise, with_noise(values, 1e-3, 1, labels), atol=0.01)


@settings(deadline=None)
@given(st.lists(st.floats(-1e300, 1e300) | st.integers(-9, 9).map(float), min_size=2, max_size=40))
def test_merging_is_stable_and_small(values):
    columns = np.array([values]) + 0.0
    result, ordered = merged(columns)
    assert np.array_equal(ordered, np.sort(result, axis=1))
    assert np.array_equal(merged(result)[0], result)
    width = np.abs(columns).max()
    assert np.abs(result - columns).max() <= len(values) * 2.0**-42 * width
    rows = np.random.default_rng(0).permutation(len(values))
    assert np.array_equal(merged(columns[:, rows])[0], result[:, rows])


@pytest.mark.parametrize("spread", [1, 1e-8, 1e200])
def test_data_without_such_values_stay_as_they_are(spread):
    rng = np.random.default_rng(3)
    columns = spread * np.stack(
        [rng.normal(size=5000), rng.integers(0, 9, 5000), rng.lognormal(0, 3, 5000)]
    )
    assert merged(columns)[0] is columns


def test_a_few_close_values_of_many_stay_as_they_are():
    values = np.random.default_rng(4).normal(size=(1, 1000))
    values[0, :2] = 0.5, np.nextafter(0.5, 1)
    assert np.array_equal(merged(values)[0], values)
