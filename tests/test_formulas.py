"""Activation functions that are formulas: computed right, trained as plain torch does, and safe."""

import math
import string

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.formulas import FUNCTIONS, evaluated, normal_form, values_and_slopes
from mibench.ibnet.kernels.own_function import own_rows
from mibench.ibnet.networks.activation_codes import activation_code
from mibench.ibnet.settings import Setting
from mibench.ibnet.training.cpu import NumbaEngine
from mibench.ibnet.training.gpu import TorchEngine, activated

from .test_ibnet_training import CLOSE, SMALL, by_engine, refuse, small, stop_at, weights
from .torch_reference import FORMULAS, train_reference

properties = settings(deadline=None, derandomize=True, max_examples=200, database=None)
SOFTPLUS = "log(1 + exp(x))"

# Each function that formulas have, with what it is in Python.
EACH = {
    "exp(x / 3)": lambda x: math.exp(x / 3),
    "expm1(x / 3)": lambda x: math.expm1(x / 3),
    "log(x * x + 1)": lambda x: math.log(x * x + 1),
    "log1p(x ** 2)": lambda x: math.log1p(x**2),
    "sqrt(abs(x) + 0.5)": lambda x: math.sqrt(abs(x) + 0.5),
    "sin(x) + cos(2 * x)": lambda x: math.sin(x) + math.cos(2 * x),
    "tan(x / 10) - atan(x)": lambda x: math.tan(x / 10) - math.atan(x),
    "sinh(x / 4) / cosh(x / 4)": lambda x: math.tanh(x / 4),
    "tanh(x) * erf(x)": lambda x: math.tanh(x) * math.erf(x),
    "min(x, 1) + max(-2, x)": lambda x: min(x, 1) + max(-2, x),
    "-x if x <= -1 else pi": lambda x: -x if x <= -1 else math.pi,
    "1 if x >= 2 else +x if x < 0 else 2 ** x": lambda x: 1 if x >= 2 else x if x < 0 else 2**x,
}
POINTS = np.linspace(-6.03, 6.01, 301)


# -- values and slopes ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", EACH)
def test_every_engine_computes_what_python_does(text):
    formula = normal_form(text)
    expected = np.array([float(EACH[text](x)) for x in POINTS])
    assert evaluated(formula, POINTS) == pytest.approx(expected, rel=1e-14, abs=1e-14)
    of_torch = activated(torch.from_numpy(POINTS), formula).numpy()
    assert of_torch == pytest.approx(expected, rel=1e-13, abs=1e-13)
    values = POINTS.astype(np.float32)
    at = values.astype(float)
    slopes = np.empty_like(values)
    own_rows(activation_code(formula), values, slopes, True)
    exact = np.array([float(EACH[text](x)) for x in at])
    assert values == pytest.approx(exact.astype(np.float32), rel=2e-7)
    beside = [[EACH[text](x + side) for x in at] for side in (1e-5, -1e-5)]
    wanted = (np.array(beside[0]) - np.array(beside[1])) / 2e-5  # no point is so near to a kink
    x = torch.from_numpy(at).requires_grad_(True)
    [slope] = torch.autograd.grad(activated(x, formula).sum(), x)
    assert slope.numpy() == pytest.approx(wanted, rel=1e-7, abs=1e-7)
    assert slopes == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert values_and_slopes(formula, at)[1] == pytest.approx(slope.numpy(), rel=1e-13, abs=1e-13)


# A slope at a kink, a jump or far out, as those of the functions that networks have.
AWKWARD = {
    "max(x, 0)": {0.0: 0.0, 1e-9: 1.0}, "max(0, x)": {0.0: 0.0, -1e-9: 0.0},
    "min(max(x, 0), 6)": {0.0: 0.0, 6.0: 0.0, 5.9999: 1.0, 6.0001: 0.0},
    "x if x > 0 else 0.01 * x": {0.0: 0.01, 1e-9: 1.0}, "abs(x)": {0.0: 0.0, -1e-9: -1.0},
    "1 if x > 0 else x": {0.0: 1.0, 1e-9: 0.0}, "sqrt(x) if x > 0 else 0": {0.0: 0.0, -3.0: 0.0},
    "1 / (1 + exp(-x))": {-800.0: 0.0, 800.0: 0.0, 0.0: 0.25}, "sin(100 * x)": {0.0: 100.0},
    "x / (1 + exp(-x))": {-800.0: 0.0, 800.0: 1.0, 0.0: 0.5}, "x ** 2": {0.0: 0.0, -3.0: -6.0},
    "x if x > 0 else exp(x) - 1": {90.0: 1.0, 0.0: 1.0, -90.0: 0.0}, "x * x * x": {-2.0: 12.0},
    "x + 1e6": {0.0: 1.0}, "tanh(1000 * x)": {0.0: 1000.0}, "abs(x) ** 0.5 * x": {0.0: 0.0},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("text", AWKWARD)
def test_every_engine_has_the_same_slope_at_a_kink_and_far_out(text):
    formula = normal_form(text)
    x = np.array([*AWKWARD[text]])
    difference = text.startswith("abs(x) **")  # no rule gives its slope at 0
    slopes_there = np.array([*AWKWARD[text].values()])
    wanted = pytest.approx(slopes_there, rel=1e-6, abs=1e-2 if difference else 1e-9)
    assert values_and_slopes(formula, x)[1] == wanted
    slopes = np.empty(len(x), np.float32)
    own_rows(activation_code(formula), x.astype(np.float32), slopes, True)
    assert slopes == wanted
    z = torch.from_numpy(x.astype(np.float32)).requires_grad_(True)
    [slope] = torch.autograd.grad(activated(z, formula).sum(), z)
    assert slope.numpy() == wanted


def test_every_function_is_among_the_formulas_above():
    assert all(any(f"{name}(" in text for text in EACH) for name in FUNCTIONS)


def test_a_formula_has_one_normal_form():
    for text in ("x*2", " (x)*2 ", "x * (2)", "(\nx*2)"):
        assert normal_form(text) == "x * 2"
        assert small(activation=text) == small(activation="x * 2")
    assert normal_form(normal_form("(x+1)*-x")) == normal_form("(x+1)*-x") == "(x + 1) * -x"


# -- training ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(
    "changes", [{}, {"optimizer": "sgd", "learning_rate": 0.1, "dropout": 0.3}]
)
def test_both_engines_equal_plain_torch(formula, changes):
    setting = small(activation=formula, batch=30, **changes)
    expected = np.stack([train_reference(setting, SMALL, run, 12) for run in range(3)])
    assert np.abs(expected[:, -1] - expected[:, 0]).max() > 1e-2  # it did learn
    compiled, blocks = by_engine(setting, NumbaEngine)
    batched, others = by_engine(setting, TorchEngine, torch.device("cpu"))
    assert compiled == pytest.approx(expected, abs=CLOSE["adam"])
    assert batched == pytest.approx(expected, abs=CLOSE["adam"])
    for block, other in zip(blocks, others, strict=True):
        assert np.abs(block.wrong - other.wrong).max() <= 1
        assert block.low == pytest.approx(other.low, abs=1e-4)
        assert block.high == pytest.approx(other.high, abs=1e-4)


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("x", "linear"),
        ("tanh(x)", "tanh"),
        ("max(x, 0)", "relu"),
        ("max(0, x)", "relu"),
        ("x if x > 0 else expm1(x)", "elu"),
        ("min(max(x, 0), 6)", "relu6"),
    ],
)
def test_a_formula_of_a_built_in_function_trains_the_same_network(formula, name):
    by_formula = ibnet.train(small(activation=formula), data=SMALL)
    built_in = ibnet.train(small(activation=name), data=SMALL)
    assert weights(by_formula) == pytest.approx(weights(built_in), abs=CLOSE["adam"])
    gradients = [ibnet.gradient_noise(t, "every") for t in (by_formula, built_in)]
    assert gradients[0].signal.values == pytest.approx(gradients[1].signal.values, abs=1e-3)
    assert gradients[0].noise.values == pytest.approx(gradients[1].noise.values, abs=1e-3)


@pytest.mark.slow
def test_a_stored_training_is_continued_loaded_and_measured(tmp_path, monkeypatch):
    monkeypatch.setattr("mibench.ibnet.networks.archive.MAX_EPOCHS_PER_CHUNK", 5)
    setting = small(activation=SOFTPLUS)
    straight = ibnet.train(setting, data=SMALL)
    with pytest.raises(KeyboardInterrupt):
        ibnet.train(setting, data=SMALL, directory=tmp_path / "t", on_progress=stop_at(10))
    ibnet.train(small(activation="log(1+exp( x ))"), data=SMALL, directory=tmp_path / "t")
    stored = ibnet.load(tmp_path / "t", SMALL)
    assert stored.setting == setting
    assert np.array_equal(weights(stored), weights(straight))
    a = SMALL.inputs.astype(float) @ weights(stored)[0, 12, :30].reshape(6, 5).T
    layer = np.log1p(np.exp(a + weights(stored)[0, 12, 30:36]))
    assert stored.activations(0, 12)[0] == pytest.approx(layer, abs=1e-5)
    one, two = (ibnet.measure(t, "uniform:bins=5", jobs=n) for t, n in ((stored, 2), (straight, 1)))
    assert one.i_xt.equals(two.i_xt)
    assert one.i_xt.values.max() > 1
    refuse("holds networks with activation=", ibnet.train,
           small(activation="log(2 + exp(x))"), data=SMALL, directory=tmp_path / "t")  # fmt: skip
    setting.save(tmp_path / "s.json")
    assert ibnet.get_setting(str(tmp_path / "s.json")) == setting


def test_uniform_bins_of_a_formula_reach_from_its_smallest_to_its_largest_value():
    setting = small(activation=SOFTPLUS)
    assert setting.binning_range(0.2, 3.5) == (0.2, 3.5)
    assert setting.lower_bound is None


@pytest.mark.slow
def test_the_commands_take_a_formula(mibench, tmp_path):
    done = mibench(
        "ibnet", "run", "2.1", "--activation", "x / (1+exp(-x))", "--runs", 1, "--epochs", 2,
        "-e", "uniform:bins=30", "-o", "d",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "x / (1 + exp(-x)), 2 epochs" in done.stderr
    assert (tmp_path / "d" / "figures" / "plane.png").exists()
    done = mibench("ibnet", "train", "2.1", "--activation", "exit()", "-o", "e")
    assert done.returncode == 2
    assert "unknown function 'exit'" in done.stderr
    assert "Traceback" not in done.stderr


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no formula"), ("x +", "is no formula"), ("(" * 400 + "x" + ")" * 400, "longer"),
        ("(" * 240 + "x" + ")" * 240, "no formula"), ("-" * 400 + "x", "in more than 100 levels"),
        ("y + x", "unknown name 'y'"),
        ("gelu(x)", "unknown function 'gelu'"), ("__import__('os')", "unknown function '__import"),
        ("x.real", "has 'x.real'"), ("[x][0]", "which no formula has"), ("x(x)", "function 'x'"),
        ("(lambda: x)()", "which no formula has"), ("x if x else 1", "which no formula has"),
        ("exp(x, x)", "gives 2 numbers to exp"),
        ("max(x)", "gives 1 numbers to max"), ("exp(x=x)", "which no formula has"),
        ("exp(*x)", "which no formula has"), ("x // 2", "which no formula has"),
        ("True * x", "has 'True'"), ("'a' * x", "which no formula has"), ("1j * x", "has '1j'"),
        ("1", "does not depend on x"), ("0 * x", "does not depend on x"),
        ("log(x)", "is not finite at x=-10"),
        ("1 / x", "is not finite at x=0"), ("(-2) ** x", "a power of -2"),
        ("9 ** 9 ** 9 * x", "is not finite"),
        ("1e999 * x", "number that is too large"), ("1" * 400 + " * x", "too large"),
        ("x\0", "activation=x"), ("\ud800", "activation="), ("x if 0 < x < 1 else 0", "no formula"),
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_with_a_remedy(text, reason):
    with pytest.raises(InputError, match=r"give .*log\(1 \+ exp\(x\)\).*or give tanh") as refused:
        small(activation=text)
    assert reason in str(refused.value)


def test_a_name_that_is_unknown_brings_those_that_there_are():
    refuse("unknown activation function 'Tanh'; did you mean 'tanh'", small, activation=" Tanh")
    refuse("unknown activation function 'softplus'", small, activation="softplus")


@properties
@given(st.text(st.sampled_from("x()+-*/.,<>0123 e" + string.ascii_lowercase), max_size=30))
def test_any_text_is_a_formula_or_refused(text):
    try:
        formula = normal_form(text)
    except InputError:
        return
    assert normal_form(formula) == formula
    assert evaluated(formula, POINTS).shape == POINTS.shape


def test_quantised_networks_have_no_formula():
    refuse("quantize=8 cannot be trained with activation=x", Setting, "q", activation="x",
           quantize=8)  # fmt: skip
