"""Runs a model of torch on inputs, and catches the outputs of its layers by forward hooks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from mibench.errors import InputError, some, unknown

from .._extra import explain_missing_packages
from ..own.given import Layers
from ..own.sides import as_array

with explain_missing_packages("torch", extra="torch"):
    import torch
    from torch import Tensor, nn

Select: TypeAlias = Callable[[Any], Tensor] | None
# The range of these does not depend on a parameter of the module.
FUNCTIONS = {
    "Tanh": "tanh", "ReLU": "relu", "ReLU6": "relu6", "Sigmoid": "sigmoid", "Softmax": "softmax",
}  # fmt: skip


def choose_layers(
    model: Any, layers: Sequence[str] | Mapping[str, Select] | None
) -> dict[str, Select]:
    """The names of modules to watch, each with a function that selects a tensor of its output.

    None: all modules that are activation functions. Raises InputError for unknown names, and if the
    model is no module or has none of these.
    """
    if not isinstance(model, nn.Module):
        raise InputError(
            f"model is a {type(model).__name__}: give a torch.nn.Module, or the activations of "
            "another network to ibnet.from_activations"
        )
    names = [name for name, _ in model.named_modules() if name]
    if isinstance(layers, str):
        raise InputError(f"layers={layers!r} must be a list: give [{layers!r}]")
    if layers is None:
        chosen = [n for n, module in model.named_modules() if _is_activation(module)]
        if not chosen:
            raise InputError(
                "the model has no modules that are activation functions, such as torch.nn.ReLU: "
                f"name the layers to watch, layers=[...]. Its modules: {some(names)}"
            )
        return dict.fromkeys(chosen)
    selects = dict(layers) if isinstance(layers, Mapping) else dict.fromkeys(layers)
    if not selects:
        raise InputError(f"layers={layers!r} is empty: give some of {some(names)}")
    for name, select in selects.items():
        if name not in names and name != "":
            raise InputError(unknown("layer", str(name), names))
        if select is not None and not callable(select):
            raise InputError(f"layers[{name!r}] is {select!r}: give a function of the output")
    return selects


def functions_of(model: nn.Module, layers: Sequence[str]) -> dict[str, str]:
    """The activation functions of the layers that are modules of these."""
    by_layer = {}
    for name in layers:
        module = model.get_submodule(name.partition("#")[0])
        function = FUNCTIONS.get(type(module).__name__)
        if isinstance(module, nn.ELU) and module.alpha == 1:
            function = "elu"
        if function is not None and _is_activation(module):
            by_layer[name] = function
    return by_layer


def _is_activation(module: nn.Module) -> bool:
    is_one = type(module).__module__ == "torch.nn.modules.activation"
    return is_one and not isinstance(module, nn.MultiheadAttention)


def run_layers(model: nn.Module, batches: Iterator[Any], selects: Mapping[str, Select]) -> Layers:
    """The outputs of the layers for the inputs of all batches, as arrays (rows, ...).

    The model is in eval mode meanwhile, without gradients, and then as it was; so are the random
    numbers. A module that is called several times gives layers "name#1", "name#2", ...
    """
    parts: list[Layers] = []
    with _evaluating(model), torch.random.fork_rng(devices=[]), torch.no_grad():
        for batch in batches:
            caught: dict[str, list[Any]] = {name: [] for name in selects}
            with _hooked(model, selects, caught):
                model(_as_model_takes(batch, model))
            parts.append(_by_call(caught, len(batch)))
    if any(list(part) != list(parts[0]) for part in parts):
        raise InputError(
            f"the layers {some(parts[0])} are called a different number of times in each batch: "
            "watch others"
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def check_deterministic(model: nn.Module, batch: Tensor, selects: Mapping[str, Select]) -> None:
    """Raise InputError if the layers differ when the model gets the same inputs twice."""
    twice = run_layers(model, iter([batch, batch]), selects)
    for name, values in twice.items():
        first, second = values[: len(batch)], values[len(batch) :]
        if not np.allclose(first, second, rtol=1e-3, atol=1e-5, equal_nan=True):
            raise InputError(
                f"layer {name!r} gives other values for the same inputs, also in eval mode: I(X;T) "
                "needs a deterministic network. Turn the noise off, for instance a dropout that "
                "ignores eval mode, or watch other layers"
            )


def _as_model_takes(batch: Tensor, model: nn.Module) -> Tensor:
    """The inputs on the device of the model; real numbers in the type of its weights."""
    parameter = next((p for p in model.parameters() if p.is_floating_point()), None)
    if parameter is None:
        return batch
    kind = parameter.dtype if batch.is_floating_point() else batch.dtype
    return batch.to(parameter.device, kind)


def _by_call(caught: Mapping[str, list[Any]], rows: int) -> Layers:
    layers: Layers = {}
    for name, calls in caught.items():
        if not calls:
            raise InputError(
                f"layer {name!r} is never called when the model runs on the inputs: leave it out"
            )
        for number, array in enumerate(calls, 1):
            if array.ndim == 0 or len(array) != rows:
                raise InputError(
                    f"layer {name!r} gives shape {array.shape} for {rows} inputs: watch a layer "
                    "with one row for each input, or give a function of its output, such as "
                    f"layers={{{name!r}: lambda output: output.transpose(0, 1)}}"
                )
            layers[f"{name}#{number}" if len(calls) > 1 else name or "output"] = array
    return layers


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Set all modules to eval mode, and afterwards each to the mode that it had."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def _hooked(
    model: nn.Module, selects: Mapping[str, Select], caught: dict[str, list[Any]]
) -> Iterator[None]:
    handles = []
    try:
        for name, select in selects.items():
            hook = _hook(name, select, caught[name])
            handles.append(model.get_submodule(name).register_forward_hook(hook))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(name: str, select: Select, calls: list[Any]) -> Callable[..., None]:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        chosen = output if select is None else select(output)
        if not isinstance(chosen, Tensor):
            raise InputError(
                f"layer {name!r} gives a {type(chosen).__name__}, not a tensor: give a function "
                f"that selects one, layers={{{name!r}: lambda output: output[0]}}"
            )
        # A copy: a later module may change the output in place.
        calls.append(np.array(as_array(chosen.float(), f"layer {name!r}"), np.float32))

    return hook
