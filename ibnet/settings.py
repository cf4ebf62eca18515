"""Settings: which networks to train and how to measure them.

`SETTINGS` holds those of the thesis (see `mibench.ibnet` for author and title).
"""

import json
import math
import os
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from mibench.contract.parameters import check_value
from mibench.digits import whole_number
from mibench.errors import InputError, unknown
from mibench.output.files import check_path, whole_file

from .formulas import normal_form

Activation = Literal["tanh", "relu", "elu", "relu6", "linear"]
Initialisation = Literal["truncated-normal", "he", "glorot"]
Optimizer = Literal["sgd", "adam"]
ACTIVATIONS = get_args(Activation)  # the index is the number used in kernels.network
OPTIMIZERS = get_args(Optimizer)  # the index is the number used in kernels.train
Width = Annotated[int, Field(ge=1, le=1_000_000)]

# Settings that differ only in these fields share their trained networks. The number of epochs is
# among them because a longer training starts with the same epochs as a shorter one.
FIELDS_WITHOUT_EFFECT_ON_WEIGHTS = {"name", "training", "estimators", "epochs"}
MAX_PARAMETERS = 10**9
MAX_EPOCHS = 10**8

# The smallest value that each activation function can take, exactly.
LOWER_BOUNDS = {"tanh": -1.0, "relu": 0.0, "elu": -1.0, "relu6": 0.0}
UPPER_BOUNDS = {"tanh": 1.0, "relu6": 6.0}


def binning_range(activation: str, low: float, high: float) -> tuple[float, float]:
    """The range of uniform bins, as in the thesis, for activations within [low, high].

    tanh [-1, 1]; ReLU [0, high]; ELU [-1, high]; ReLU6 [0, 6]; linear and formulas [low, high].
    """
    bottom = LOWER_BOUNDS.get(activation, low)
    top = UPPER_BOUNDS.get(activation, high)
    return bottom, top if top > bottom else math.nextafter(bottom, math.inf)


@dataclass(frozen=True)
class Setting:
    """Networks to train, and the estimators to measure them with.

    The default learning rate is 4e-4, as in the published code of the thesis; its text says 1e-4.
    The maximum activations of 40 ReLU networks agree with the published ones at 4e-4
    (Kolmogorov-Smirnov test, p = 0.58), and not at 1e-4 (p = 0.0005).

    Attributes:
        name: the name of the setting.
        layers: widths from the inputs to the classes, for example (12, 10, 7, 5, 4, 3, 2).
        activation: the function on every layer but the last, which is a softmax: tanh, relu, elu,
            relu6, linear, or a formula of x such as "log(1 + exp(x))" (see docs/ibnet.md).
        batch: inputs per step of the optimizer, or "full" for all training inputs.
        estimators: estimator strings such as "uniform:bins=30".
        training: the name of the trained networks, which several settings may share; the default
            is the setting's name.
        runs: number of networks, each with its own weights, train/test split and batches.
        epochs: passes over the training data.
        learning_rate: step size of the optimizer.
        optimizer: "adam" (beta 0.9 and 0.999, epsilon 1e-8) or "sgd" (plain gradient descent).
        init: distribution of the initial weights; biases start at 0. "truncated-normal" has
            standard deviation 1 / sqrt(fan-out), cut at 2 standard deviations; "he" is normal with
            standard deviation sqrt(2 / fan-in); "glorot" is uniform within
            +-sqrt(6 / (fan-in + fan-out)).
        test_fraction: share of the data kept for testing, the same in every class.
        data: the name of a data set, as `load_data` takes it.
        seed: of initial weights, train/test splits, batches, label noise, dropout and noise.
            The seed and the number of a run determine its network, whatever the number of runs.
        momentum: of "sgd": a step goes along the sum of momentum^k times the gradient k steps ago.
        weight_decay: each step first multiplies weights and biases by 1 - learning_rate *
            weight_decay, apart from the gradient (AdamW).
        label_noise: share of the training inputs that are taught another class, drawn at random for
            each run. Errors and I(T;Y) are those of the true labels.
        dropout: share of the outputs of hidden layers that are set to 0, drawn anew for every input
            of every step; the others are divided by 1 - dropout. Networks are evaluated and
            measured without dropout.
        training_noise: standard deviation of normal noise that is added to the outputs of hidden
            layers (after dropout), drawn anew for every input of every step. Networks are evaluated
            and measured without it: the layers that are measured are those of a network whose
            layers all lack noise. The estimator `noisy`, and `--noise` of `mibench ibnet audit`,
            add noise to one layer when they measure; noise of earlier layers takes no part.
        quantize: bits of the weights and activations, 2 to 32; None (default): any float32. Each
            layer's weights and each layer's activations take at most 2^bits evenly spaced values,
            also while training (quantisation-aware training), and `exact` then counts the
            information: see `docs/exact.md`.

    Raises:
        InputError: for a field with an invalid value.

    References:
        N. L. Rasmussen's thesis (see `mibench.ibnet`), after Shwartz-Ziv & Tishby
        (arXiv:1703.00810) and Saxe et al. (doi:10.1088/1742-5468/ab3985).
        weight_decay: Loshchilov & Hutter 2019 (arXiv:1711.05101).
        dropout: Srivastava et al. 2014, JMLR 15, 1929-1958. training_noise: Goldfeld et al. 2019
        (arXiv:1810.05728).
        quantize: Jacob et al. 2018, doi:10.1109/CVPR.2018.00286; Lorenzen, Igel & Nielsen 2022
        (arXiv:2106.12912).
        he: He et al. 2015, doi:10.1109/ICCV.2015.123. glorot: Glorot & Bengio 2010.

    Example:
        >>> Setting("mine", layers=(12, 8, 2), activation="relu").parameters
        122
    """

    name: str
    layers: tuple[Width, ...] = (12, 10, 7, 5, 4, 3, 2)
    activation: str = "tanh"
    batch: Annotated[int, Field(ge=1)] | Literal["full"] = 256
    estimators: tuple[str, ...] = ("uniform:bins=30", "adaptive:bins=30")
    training: str = ""
    runs: Annotated[int, Field(ge=1)] = 40
    epochs: Annotated[int, Field(ge=1, le=MAX_EPOCHS)] = 8000
    learning_rate: Annotated[float, Field(gt=0)] = 4e-4
    optimizer: Optimizer = "adam"
    init: Initialisation = "truncated-normal"
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    data: str = "icosahedron"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    weight_decay: Annotated[float, Field(ge=0, lt=1e9)] = 0.0
    label_noise: Annotated[float, Field(ge=0, le=1)] = 0.0
    quantize: Annotated[int, Field(ge=2, le=32)] | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    training_noise: Annotated[float, Field(ge=0, lt=1e9)] = 0.0

    def __post_init__(self) -> None:
        for f in fields(self):
            checked = check_value(type(self), f.name, getattr(self, f.name), label="setting")
            object.__setattr__(self, f.name, checked)
        if self.activation not in ACTIVATIONS:
            object.__setattr__(self, "activation", _formula(self.activation))
        object.__setattr__(self, "training", self.training or self.name)
        if len(self.layers) < 2:
            raise InputError(
                f"setting: layers={self.layers} has no layer after the inputs: give at least two "
                "widths, inputs and classes"
            )
        if self.momentum and self.optimizer != "sgd":
            raise InputError(
                f"setting: momentum={self.momentum} has no effect on {self.optimizer}, which has "
                "its own: give optimizer=sgd, or leave momentum out"
            )
        self._check_quantize()
        if self.parameters * self.runs > MAX_PARAMETERS:
            raise InputError(
                f"setting: {self.runs} runs of layers={self.layers} have {self.parameters} weights "
                f"each: give at most {MAX_PARAMETERS:.0e} in all"
            )

    def _check_quantize(self) -> None:
        others = {
            "dropout": self.dropout,
            "training_noise": self.training_noise,
            "activation": "" if self.activation in ACTIVATIONS else self.activation,
        }
        for name, value in others.items():
            if value and self.quantize:
                raise InputError(
                    f"setting: quantize={self.quantize} cannot be trained with {name}={value}: "
                    "leave one of them out"
                )

    @property
    def parameters(self) -> int:
        """The number of weights and biases of one network, and of the ends of quantised ranges."""
        ends = 2 * (len(self.layers) - 1) if self.quantize else 0
        return sum(a * b + b for a, b in pairwise(self.layers)) + ends

    @property
    def levels(self) -> int:
        """The number of values that quantised weights and activations take; 0 for any value."""
        return 2**self.quantize if self.quantize else 0

    @property
    def lower_bound(self) -> float | None:
        """The smallest value that the activation can take, exactly; None for others."""
        return LOWER_BOUNDS.get(self.activation)

    def binning_range(self, low: float, high: float) -> tuple[float, float]:
        """The range of uniform bins for activations within [low, high]; see `binning_range`."""
        return binning_range(self.activation, low, high)

    def save(self, path: str | Path) -> None:
        """Write the setting to a .json file, which `get_setting` and every command can read."""
        with whole_file(check_path(Path(path), (".json",), "setting")) as part:
            part.write_text(json.dumps(asdict(self), indent=2) + "\n")

    def networks(self) -> dict[str, Any]:
        """The fields that the weights depend on: all but names, estimators and epochs."""
        return {k: v for k, v in asdict(self).items() if k not in FIELDS_WITHOUT_EFFECT_ON_WEIGHTS}


def _formula(text: str) -> str:
    """The normal form of an activation function that is no name. Raises InputError."""
    if text.strip().isidentifier() and text.strip() not in ("x", "pi"):
        known = unknown("activation function", text.strip(), ACTIVATIONS)
        raise InputError(f"setting: {known}, or give a formula such as 'log(1 + exp(x))'")
    try:
        return normal_form(text)
    except InputError as error:
        raise InputError(f"setting: {error}, or give {', '.join(ACTIVATIONS)}") from None


UNIFORM, UNIFORM_100, ADAPTIVE = "uniform:bins=30", "uniform:bins=100", "adaptive:bins=30"
_BOTH = (UNIFORM, ADAPTIVE)
_NET_A, _NET_B1 = (12, 12, 12, 12, 12, 2), (12, 12, 12, 10, 8, 2)
_NET_B2 = (12, 12, 12, 10, 8, 7, 2)


def _deep_relu(name: str, layers: tuple[int, ...], runs: int, estimator: str) -> Setting:
    training = name.partition(".")[0] if name.startswith("A") else name
    return Setting(name, layers, "relu", 256, (estimator,), training, runs=runs)


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("1.1-full", batch="full", estimators=(UNIFORM,), training="tanh-full"),
        Setting("1.1-256", estimators=(UNIFORM,), training="tanh-256"),
        Setting("1.2-full", activation="relu", batch="full", estimators=(UNIFORM_100,),
                training="relu-full"),
        Setting("1.2-256", activation="relu", estimators=(UNIFORM_100,), training="relu-256"),
        Setting("2.1", estimators=_BOTH, training="tanh-256"),
        Setting("2.2", activation="relu", estimators=_BOTH, training="relu-256"),
        Setting("2.3", activation="elu", estimators=_BOTH, training="elu-256"),
        Setting("2.4", activation="relu6", estimators=_BOTH, training="relu6-256"),
        _deep_relu("A.1", _NET_A, 2, UNIFORM_100),
        _deep_relu("A.2", _NET_A, 2, ADAPTIVE),
        _deep_relu("B.1", _NET_B1, 30, ADAPTIVE),
        _deep_relu("B.2", _NET_B2, 30, ADAPTIVE),
    )
}  # fmt: skip


def list_settings() -> list[str]:
    """Return the names of the thesis's settings."""
    return list(SETTINGS)


def settings_by_training() -> dict[str, list[Setting]]:
    """The settings that share each training, by the name of the training."""
    shared: dict[str, list[Setting]] = {}
    for setting in SETTINGS.values():
        shared.setdefault(setting.training, []).append(setting)
    return shared


def settings_listing() -> tuple[str, list[str], list[list[object]]]:
    """Title, headings and rows of `mibench list settings`."""
    rows: list[list[object]] = [
        [
            s.name, s.training, "-".join(map(str, s.layers)), s.activation, s.batch, s.runs,
            s.epochs, s.learning_rate, ", ".join(s.estimators),
        ]
        for s in SETTINGS.values()
    ]  # fmt: skip
    headings = [
        "setting", "networks", "layers", "activation", "batch", "runs", "epochs", "rate",
        "estimators",
    ]  # fmt: skip
    return "Settings of ibnet; settings with the same networks share one training", headings, rows


def get_setting(name: str, **changes: Any) -> Setting:
    """Return a setting of the thesis, or one from a file, with some fields changed.

    Args:
        name: one of `list_settings()`, or the path of a .json file from `Setting.save`.
        **changes: new values of any fields of `Setting`.

    Returns:
        The setting. If a change leads to other networks, its `training` is renamed, for example
        to "tanh-256, changed".

    Raises:
        InputError: for an unknown name, an unknown field, an invalid value, or a file that holds
            no setting.

    Example:
        >>> get_setting("2.2").activation
        'relu'
        >>> get_setting("2.2", runs=2, epochs=200).epochs
        200
    """
    if name in ("1.1", "1.2"):
        raise InputError(
            f"setting {name} has two batch sizes, which are trained separately: choose "
            f"{name}-full or {name}-256"
        )
    if name.endswith(".json"):
        return change_setting(_read_setting(Path(name)), **changes)
    if name not in SETTINGS:
        raise InputError(unknown("setting", name, [*SETTINGS, "FILE.json"]))
    return change_setting(SETTINGS[name], **changes)


def _read_setting(path: Path) -> Setting:
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe would never end
            raise InputError("it is no plain file: write one with Setting.save")
        return setting_from_json(json.loads(path.read_bytes()))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"{path} holds no setting ({reason}): write one with Setting.save"
        ) from None


def setting_from_json(values: Any) -> Setting:
    """Return the setting that parsed JSON describes.

    Raises InputError, TypeError or ValueError if it describes none.
    """
    fields_: dict[str, Any] = dict(values)
    return Setting(**fields_)


def value_from_text(name: str, text: str) -> Any:
    """The value of a field as the command line gives it. Raises InputError for no such value.

    >>> value_from_text("layers", "12-8-2"), value_from_text("batch", "full")
    ((12, 8, 2), 'full')
    """
    if name == "layers":
        widths = tuple(whole_number(part) for part in text.split("-"))
        if None in widths:
            raise InputError(f"layers={text!r}: give widths such as 12-10-7-2")
        return widths
    if name == "batch" and text != "full":
        size = whole_number(text)
        if size is None:
            raise InputError(f"batch={text!r}: give a number of inputs, or full")
        return size
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # also of a number of too many digits
        return text


def change_setting(setting: Setting, **changes: Any) -> Setting:
    """Return the setting with some fields changed.

    If the change leads to other networks, `training` becomes, for example, "tanh-256, changed".
    Another number of runs or epochs keeps the name, because the first networks stay the same.
    """
    known = [f.name for f in fields(setting)]
    for key in changes:
        if key not in known:
            raise InputError(f"{unknown('field', key, known)}")
    changed = replace(setting, **changes)
    before, after = ({**s.networks(), "runs": 0} for s in (setting, changed))
    if before != after and "training" not in changes:
        changed = replace(changed, training=f"{setting.training}, changed")
    return changed
