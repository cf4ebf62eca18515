"""`adaptive_kde`: its noise and its bounds, what scales do to it, and when it is flagged."""

import math

import numpy as np
import pytest

from mibench import InputError, ibnet
from mibench.contract.variables import as_variable
from mibench.estimators import KDE, AdaptiveKDE

from . import naive
from .samples import normal

N = 200
INPUTS = np.arange(N)
CODE = INPUTS % 4
LAYER = normal(N, 3, 1)[0]
LABELS_X = {"discrete_x": True}


@pytest.mark.parametrize("codes", [INPUTS, CODE], ids=["inputs", "classes"])
@pytest.mark.parametrize(
    ("power", "variant"), [(1, "upper"), (2, "upper"), (1, "lower"), (2, "lower")]
)
def test_it_equals_the_pairwise_bounds_with_its_noise(codes, power, variant):
    """The largest value is negative here: 3 * its absolute value is what counts."""
    layer = 3 * np.minimum(LAYER, 1.0)
    assert -layer.min() > layer.max()
    variance = 0.05 * np.abs(layer).max() ** power
    made = AdaptiveKDE(relative_variance=0.05, power=power, variant=variant)
    estimate = made.estimate(codes, layer, **LABELS_X)
    want = naive.mixture(layer, codes, variance, variant)
    assert estimate.info["noise_variance"] == pytest.approx(variance, rel=1e-12)
    assert estimate.nats == pytest.approx(want, abs=1e-10)


def test_with_power_2_no_scale_changes_the_estimate_and_with_power_1_it_does():
    """power=1: ten times the activations have a hundred times the squares, and ten times s2."""
    for power, same in ((2, True), (1, False)):
        made = AdaptiveKDE(relative_variance=0.1, power=power)
        one, ten = (made.estimate(INPUTS, scale * LAYER, **LABELS_X).nats for scale in (1.0, 10.0))
        assert (abs(ten - one) < 1e-9) is same
        if not same:
            assert ten > one + 0.1


def test_a_largest_activation_of_1_is_kde_with_that_noise():
    saturated = np.tanh(10 * LAYER)
    saturated[0, 0] = -1.0
    of_kde = KDE(noise_variance=1e-3).estimate(INPUTS, saturated, **LABELS_X).nats
    assert AdaptiveKDE().estimate(INPUTS, saturated, **LABELS_X).nats == of_kde


def test_more_noise_leaves_less_information():
    nats = [
        AdaptiveKDE(relative_variance=v).estimate(INPUTS, LAYER, **LABELS_X).nats
        for v in (1e-6, 1e-3, 0.1, 1.0, 100.0)
    ]
    assert nats == sorted(nats, reverse=True)
    assert nats[0] == pytest.approx(math.log(N), abs=1e-3)
    assert nats[-1] < 0.1


def test_two_sides_of_numbers_are_kde_and_two_of_labels_the_plug_in():
    x, y = normal(N)
    assert AdaptiveKDE().estimate(x, y) == KDE().estimate(x, y)
    both = {"discrete_x": True, "discrete_y": True}
    assert AdaptiveKDE().estimate(CODE, CODE // 2, **both) == KDE().estimate(
        CODE, CODE // 2, **both
    )


def test_several_labellings_at_once_are_those_one_by_one():
    made = AdaptiveKDE(relative_variance=0.1)
    t = as_variable(LAYER, "t", False)
    others = [as_variable(codes, "x", True) for codes in (INPUTS, CODE, INPUTS // 2)]
    assert made.estimate_each(t, others) == [made.estimate_variables(o, t) for o in others]


def test_labels_at_random_raise_a_flag_where_rows_have_no_others_near_them():
    rng = np.random.default_rng(0)
    for columns, flagged in ((1, False), (5, True)):
        x, labels = rng.normal(size=(1000, columns)), rng.integers(0, 5, 1000)
        estimate = AdaptiveKDE().estimate(x, labels, discrete_y=True)
        assert ("by_chance" in estimate.flags) is flagged
        assert (estimate.nats > 1) is flagged  # the truth: 0


def test_noise_beyond_the_numbers_is_refused():
    for made, scale in ((AdaptiveKDE(power=2), 1e200), (AdaptiveKDE(power=2), 1e-200)):
        with pytest.raises(InputError, match=r"relative_variance=0\.001.*rescale"):
            made.estimate(INPUTS, scale * LAYER, **LABELS_X)


def test_layers_of_networks_are_measured_with_it_and_with_equally_many_values():
    """A layer of twice the size has another noise; its ranks, and so its bins, are the same."""
    values = np.maximum(LAYER[:64], 0.0)
    own = ibnet.from_activations({"t": values, "twice": 2 * values}, CODE[:64], activation="relu")
    measured = ibnet.measure(own, ["adaptive_kde", "adaptive:bins=5,rule=ebab"])
    kde, ebab = (
        measured.i_xt.sel(estimator=name).values.ravel() for name in measured.estimator.values
    )
    want = AdaptiveKDE().estimate(INPUTS[:64], values.astype(np.float32), **LABELS_X).bits
    assert kde[0] == pytest.approx(want, abs=1e-5)
    assert kde[1] > kde[0]
    assert ebab[0] == ebab[1] > 1
