"""The contract that all registered estimators must meet, built in or from another package.

Each test runs for each entry point of the group "mibench.estimators", with default parameters;
those that fit models or train networks have smaller ones.
Estimators that have a parameter without a default are not run. An estimator may decline a kind of
data (labels, few rows) with an InputError; all estimates that it returns must meet the contract.
"""

import dataclasses
import math
import multiprocessing
import pickle
import random
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pandas as pd
import pytest

from mibench import InputError
from mibench.contract.parameters import parameter_fields

from .contract_points import EACH, POINTS, is_neural, is_slow, made

# In nats. Another order of rows, or of the sides, changes the order of summation.
REORDERED = 1e-10


@pytest.fixture(params=EACH)
def name(request):
    return request.param


@pytest.fixture
def kind(name):
    return POINTS[name].load()


@pytest.fixture
def estimator(name):
    return made(name)


def sample(n=200, dx=1, dy=1, seed=0):
    """Normals whose first dimensions depend on each other."""
    rng = np.random.default_rng([seed, n, dx, dy])
    x, y = rng.normal(size=(n, dx)), rng.normal(size=(n, dy))
    y[:, 0] += x[:, 0]
    return x, y


CODE = np.arange(200) % 4

CONTINUOUS = {
    "1+1": sample(),
    "2+3": sample(dx=2, dy=3),
    "600 rows": sample(600),
    "far from 0": tuple(1e6 + side for side in sample()),
    "small": tuple(1e-12 * side for side in sample()),
    "skewed": tuple(np.exp(3 * side) for side in sample()),
    "integers": tuple(np.rint(3 * side).astype(int) for side in sample(dx=2)),
    "two rows": (np.array([0.0, 1.0]), np.array([1.0, 3.0])),
}

LABELLED = {
    "labels of y": (sample()[0] + CODE[:, np.newaxis], CODE, {"discrete_y": True}),
    "labels of x": (CODE, sample()[1] + CODE[:, np.newaxis], {"discrete_x": True}),
    "labels of both": (CODE, CODE // 2, {"discrete_x": True, "discrete_y": True}),
    "text": (sample()[0], np.array(list("abcd"))[CODE], {"discrete_y": True}),
    "vectors of labels": (sample()[0], np.c_[CODE, CODE[::-1]], {"discrete_y": True}),
}

SAMPLES = {**{name: (x, y, {}) for name, (x, y) in CONTINUOUS.items()}, **LABELLED}


def estimated(estimator, x, y, **labels):
    """The estimate; None if this estimator declines labels or so few rows."""
    may_decline = bool(labels) or len(x) < 10
    try:
        return estimator.estimate(x, y, **labels)
    except InputError:
        if may_decline:
            return None
        raise


def answer(estimator, x, y, **labels):
    """The estimate in nats, or None."""
    estimate = estimated(estimator, x, y, **labels)
    return None if estimate is None else estimate.nats


@cache
def first_estimate(estimator, case):
    """The estimate for one of `SAMPLES`, or None: computed once, and equal to that of any call."""
    x, y, labels = SAMPLES[case]
    return estimated(estimator, x, y, **labels)


def first_answer(estimator, case):
    """What the answers of other calls equal."""
    estimate = first_estimate(estimator, case)
    return None if estimate is None else estimate.nats


def close(nats):
    return None if nats is None else pytest.approx(nats, abs=REORDERED)


# -- estimates ---------------------------------------------------------------------------------


def test_the_registry_holds_the_built_in_estimators():
    assert {"uniform", "adaptive", "canonical", "kde", "knn"} <= POINTS.keys()


@pytest.mark.parametrize("name", ["uniform", "adaptive", "canonical", "kde", "knn"])
@pytest.mark.parametrize("case", SAMPLES)
def test_built_in_estimators_decline_nothing(name, case):
    if name == "knn" and case == "two rows":
        with pytest.raises(InputError, match=r"more than k=3 rows, got 2.*lower k or add rows"):
            POINTS[name].load()().estimate(*SAMPLES[case][:2])
        return
    if name == "canonical" and case == "two rows":
        with pytest.raises(InputError, match=r"at least 10 rows, got 2: add rows, or use knn"):
            POINTS[name].load()().estimate(*SAMPLES[case][:2])
        return
    x, y, labels = SAMPLES[case]
    assert answer(POINTS[name].load()(), x, y, **labels) is not None


@pytest.mark.parametrize("case", SAMPLES)
def test_finite_deterministic_and_inputs_are_unchanged(estimator, name, case):
    x, y, labels = SAMPLES[case]
    nats = first_answer(estimator, case)
    assert nats is None or (type(nats) is float and math.isfinite(nats))
    np.random.seed(1)  # noqa: NPY002  the user's generator must not matter
    random.seed(1)
    assert answer(made(name), x, y, **labels) == nats
    np.random.seed(2)  # noqa: NPY002
    copies = x.copy(), y.copy()
    assert answer(estimator, *copies, **labels) == nats
    assert np.array_equal(copies[0], x)
    assert np.array_equal(copies[1], y)


@cache
def from_another_process(slow):
    """The estimates of all slow estimators, or of all others, by name, from one new process."""
    code = (
        "import pickle, sys\n"
        "estimators, x, y = pickle.loads(sys.stdin.buffer.read())\n"
        "nats = {name: made.estimate(x, y).nats for name, made in estimators.items()}\n"
        "sys.stdout.buffer.write(pickle.dumps(nats))\n"
    )
    estimators = {name: made(name) for name in POINTS if is_slow(name) is slow}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        input=pickle.dumps((estimators, *CONTINUOUS["2+3"])),
        capture_output=True,
        timeout=300,
        check=True,
    )
    return pickle.loads(done.stdout)


@pytest.mark.parametrize("name", EACH)
def test_the_same_in_another_process(name):
    """With another hash seed and memory layout the result is the same to the last bit."""
    there = from_another_process(is_slow(name))[name]
    assert there == made(name).estimate(*CONTINUOUS["2+3"]).nats


def test_the_random_state_of_the_user_is_unchanged(estimator):
    before = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    for case in ("1+1", "integers"):
        estimator.estimate(*CONTINUOUS[case])
    assert np.array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert random.getstate() == before[1]


@pytest.mark.parametrize("case", SAMPLES)
def test_the_order_of_rows_does_not_matter(estimator, case):
    x, y, labels = SAMPLES[case]
    want = first_answer(estimator, case)
    for seed in range(2):
        order = np.random.default_rng(seed).permutation(len(x))
        assert answer(estimator, x[order], y[order], **labels) == close(want)
    assert answer(estimator, x[::-1], y[::-1], **labels) == close(want)


# Not "integers": the noise that breaks ties depends on the columns.
@pytest.mark.parametrize("case", [case for case in SAMPLES if case != "integers"])
def test_symmetric(estimator, case):
    x, y, labels = SAMPLES[case]
    swapped = {
        {"discrete_x": "discrete_y", "discrete_y": "discrete_x"}[key]: True for key in labels
    }
    assert answer(estimator, y, x, **swapped) == close(first_answer(estimator, case))


def test_the_order_of_columns_does_not_matter(estimator):
    x, y = CONTINUOUS["2+3"]
    want = estimator.estimate(x, y).nats
    assert estimator.estimate(x[:, ::-1], y[:, [2, 0, 1]]).nats == close(want)


def test_dependent_sides_have_a_larger_estimate_than_shuffled_ones(name, kind):
    """n = 600: the true difference of 0.35 nats is about ten standard deviations."""
    estimator = kind(steps=140) if is_neural(name) else kind()  # few steps, but more than `made`
    x, y = sample(600)
    shuffled = y[np.random.default_rng(1).permutation(600)]
    assert estimator.estimate(x, y).nats - estimator.estimate(x, shuffled).nats > 0.1


@pytest.mark.parametrize("side", ["x", "y", "both"])
def test_a_constant_side_has_no_information(estimator, side):
    x, y = CONTINUOUS["2+3"]
    constant = np.full((200, 2), 0.1)
    x, y = (constant if side in (name, "both") else v for name, v in (("x", x), ("y", y)))
    estimate = estimator.estimate(x, y)
    assert estimate.nats == 0
    assert estimate.flags.keys() == {"constant"}
    for label in (7, "seven", "7"):
        labels = np.full(200, label)
        estimate = estimator.estimate(x, labels, discrete_y=True)
        assert estimate.nats == 0
        assert estimate.flags.keys() == {"constant"}


@pytest.mark.parametrize("case", SAMPLES)
def test_flags_and_info_are_plain_text_and_values(estimator, case):
    estimate = first_estimate(estimator, case)
    if estimate is None:
        return
    assert all(isinstance(code, str) and code.isidentifier() for code in estimate.flags)
    assert all(sentence.endswith(".") for sentence in estimate.flags.values())
    assert estimate.info["n"] == len(SAMPLES[case][0])
    assert estimate.info["method"]
    assert pickle.loads(pickle.dumps(estimate)) == estimate


# -- data --------------------------------------------------------------------------------------


def containers(x, y):
    """Name -> the same numbers in another container or layout."""
    frozen = x.copy(), y.copy()
    for side in frozen:
        side.flags.writeable = False
    padded = np.zeros((2 * len(x), 3 * x.shape[1])), np.zeros((2 * len(y), 3 * y.shape[1]))
    strided = padded[0][::2, ::3], padded[1][::2, ::3]
    strided[0][:], strided[1][:] = x, y
    return {
        "lists": (x.tolist(), y.tolist()),
        "tuples": (tuple(map(tuple, x)), tuple(map(tuple, y))),
        "read-only": frozen,
        "Fortran order": (np.asfortranarray(x), np.asfortranarray(y)),
        "strided": strided,
        "reversed twice": (x[::-1].copy()[::-1], y[:, ::-1].copy()[:, ::-1]),
        "big-endian": (x.astype(">f8"), y.astype(">f8")),
        "data frames": (pd.DataFrame(x), pd.DataFrame(y, index=range(5, 5 + len(y)))),
    }


@pytest.mark.parametrize("container", containers(*sample()))
def test_containers_and_layouts(estimator, container):
    for case in ("1+1", "2+3"):
        x, y = containers(*CONTINUOUS[case])[container]
        assert estimator.estimate(x, y).nats == first_answer(estimator, case)


def test_one_column_may_be_flat(estimator):
    x, y = CONTINUOUS["1+1"]
    want = first_answer(estimator, "1+1")
    for flat in (
        (x[:, 0], y),
        (x, y[:, 0]),
        (x[:, 0].tolist(), y[:, 0].tolist()),
        (pd.Series(x[:, 0]), pd.Series(y[:, 0], index=range(200, 0, -1))),
    ):
        assert estimator.estimate(*flat).nats == want


@cache
def answer_for_doubles(estimator, values):
    """The estimate of float64, computed once for all dtypes that hold the same values."""
    return estimator.estimate(*(np.array(side) for side in values)).nats


@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.uint8, np.int32, np.uint64, np.int64, np.float16, np.float32]
)
def test_dtypes_of_numbers(estimator, dtype):
    """Values that all dtypes can hold: the estimate equals that of float64.

    Booleans are labels unless they are declared numbers.
    """
    x, y = (np.abs(np.rint(3 * side)).astype(dtype) for side in sample(dx=2))
    numbers = {"discrete_x": False, "discrete_y": False}
    doubles = tuple(tuple(map(tuple, side.astype(float).tolist())) for side in (x, y))
    want = answer_for_doubles(estimator, doubles)
    assert estimator.estimate(x, y.astype(float), **numbers).nats == want
    assert estimator.estimate(pd.DataFrame(x), pd.Series(y[:, 0]), **numbers).nats == want


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float32, "U1", "S1", object])
def test_dtypes_of_labels(estimator, dtype):
    x = sample()[0]
    labels = (CODE % 2).astype(dtype)
    want = answer(estimator, x, CODE % 2, discrete_y=True)
    for container in (labels, labels.tolist(), labels[:, np.newaxis], pd.Series(labels)):
        assert answer(estimator, x, container, discrete_y=True) == close(want)
    assert answer(estimator, x, pd.Categorical(labels), discrete_y=True) == close(want)


# -- copies and parameters ---------------------------------------------------------------------


def test_repr_makes_the_same_estimator_again(kind, estimator):
    again = eval(repr(estimator), {kind.__name__: kind})
    assert again == estimator
    assert hash(again) == hash(estimator)
    assert repr(again) == repr(estimator)
    assert again.estimate(*CONTINUOUS["1+1"]) == estimator.estimate(*CONTINUOUS["1+1"])


def test_frozen(kind, estimator):
    for field in parameter_fields(kind):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(estimator, field.name, getattr(estimator, field.name))


def test_every_parameter_is_checked(kind):
    """No parameter accepts an object; the error names the parameter and lists all of them."""
    for field in parameter_fields(kind):
        for nonsense in (object(), {"a": 1}, [[]], b"x", 1j, "no such choice", math.nan):
            with pytest.raises(InputError) as caught:
                kind(**{field.name: nonsense})
            for word in (kind.__name__, f"{field.name}=", "Parameters and defaults"):
                assert word in str(caught.value)


def test_an_unknown_parameter_is_a_type_error(kind):
    with pytest.raises(TypeError, match="no_such_parameter"):
        kind(no_such_parameter=1)


def test_copies_and_pickles(kind, estimator):
    again = pickle.loads(pickle.dumps(estimator))
    assert again == estimator
    assert type(again) is kind
    assert dataclasses.replace(estimator) == estimator
    assert again.estimate(*CONTINUOUS["1+1"]) == estimator.estimate(*CONTINUOUS["1+1"])


# -- threads and processes ---------------------------------------------------------------------


@pytest.mark.slow
def test_several_threads_at_once(estimator, name):
    """600 rows are shared among threads within each call as well.

    Three samples in turn keep six threads busy, so that any data that estimates share would be
    those of another. Those that take long surely overlap; the quick ones need more calls for that.
    """
    samples, times = [sample(600, 2, 2, seed) for seed in range(3)], 3 if is_slow(name) else 6
    want = [estimator.estimate(x, y).nats for x, y in samples]
    with ThreadPoolExecutor(6) as pool:
        nats = list(pool.map(lambda s: estimator.estimate(*s).nats, samples * times))
    assert nats == want * times


def _send(pipe, estimator, x, y):
    pipe.send(estimator.estimate(x, y).nats)


def test_a_forked_child_can_estimate_after_its_parent_did(estimator):
    """Threads do not survive a fork: the child must not wait for those of its parent."""
    if "fork" not in multiprocessing.get_all_start_methods():  # Windows has no fork to test
        return
    x, y = sample(3000, 2, 2)
    want = estimator.estimate(x, y).nats
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sender, estimator, x, y))
    with warnings.catch_warnings():  # Python 3.12 warns of every fork with threads
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    try:
        assert receiver.poll(60), "the forked child does not answer"
        assert receiver.recv() == want
        child.join(10)
        assert child.exitcode == 0
    finally:
        child.kill()
    assert estimator.estimate(x, y).nats == want


def test_warming_up_changes_no_estimate(estimator):
    x, y = CONTINUOUS["1+1"]
    before = estimator.estimate(x, y)
    assert estimator.warm_up(x, y) is None
    assert estimator.estimate(x, y) == before
