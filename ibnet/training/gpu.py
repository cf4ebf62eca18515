"""Trains all runs of a setting as one batched torch computation, for GPUs (a CPU works too)."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from .._extra import explain_missing_packages
from ..data.dataset import Data
from ..formulas import CALLED, WIDTH, source
from ..kernels.random_numbers import shuffle
from ..kernels.train import BETA_1, BETA_2, EPSILON
from ..kernels.with_slopes import draw_disturbances
from ..networks.initial import RunStart
from ..settings import Setting
from .engine import EpochRecords, TrainingState, empty_records

with explain_missing_packages("torch", extra="torch"):
    import torch
    from torch import Tensor
    from torch.nn import functional

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh, "relu": torch.relu, "elu": functional.elu, "relu6": functional.relu6,
    "linear": lambda z: z,
}  # fmt: skip


def _where(condition: Any, a: Any, b: Any) -> Any:
    """A number or a tensor; the condition is no tensor if constants are compared."""
    if isinstance(condition, bool):
        return a if condition else b
    return torch.where(condition, a, b)


OF_FORMULAS = {**{name: getattr(torch, name) for name in CALLED}, "where": _where}

Int: TypeAlias = NDArray[np.int64]
# For each hidden layer, what its outputs are multiplied with, and what is then added, both
# (runs, batch, width).
Disturbances: TypeAlias = Sequence[tuple[Tensor, Tensor]]


def cuda() -> torch.device:
    """The GPU as a torch device. Raises InputError if there is none."""
    if not torch.cuda.is_available():
        raise InputError(
            "device 'cuda': torch finds no GPU here. Use --device cpu, which needs no torch, or "
            "install a CUDA build of torch"
        )
    return torch.device("cuda")


class _Formula(torch.autograd.Function):
    """The values of a formula, with its slopes as `formulas.values_and_slopes` gives them."""

    @staticmethod
    def forward(context: Any, z: Tensor, formula: str) -> Tensor:
        """f(z), computed in float64."""
        function, x = _of_tensors(formula), z.detach().double()
        values, slopes = (torch.as_tensor(part, device=z.device) for part in function(x))
        if not (known := slopes.isfinite()).all():
            width = WIDTH * x.abs().clamp(min=1)
            left, right = x - width, x + width
            change = (function(right)[0] - function(left)[0]) / (right - left)
            slopes = torch.where(known, slopes, change)
        context.save_for_backward(slopes.expand(z.shape).to(z.dtype))
        return values.expand(z.shape).to(z.dtype)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Any:
        """The gradient of z, and none of the formula."""
        (slopes,) = context.saved_tensors
        return gradients[0] * slopes, None


@lru_cache
def _of_tensors(formula: str) -> Callable[[Tensor], tuple[Any, Any]]:
    """The function of tensors that returns values and slopes."""
    names: dict[str, Any] = dict(OF_FORMULAS)
    # The source can only compute numbers: see `formulas`.
    exec(compile(source(formula, "function"), "<formula>", "exec"), names)
    function: Callable[[Tensor], tuple[Any, Any]] = names["function"]
    return function


def activated(z: Tensor, activation: str) -> Tensor:
    """f(z) of an activation function: a name or a formula."""
    if activation in FUNCTIONS:
        return FUNCTIONS[activation](z)
    values: Tensor = _Formula.apply(z, activation)  # type: ignore[no-untyped-call]
    return values


class TorchEngine:
    """See `engine.Engine`. The networks are stacked: weights (runs, out, in)."""

    def __init__(
        self,
        setting: Setting,
        data: Data,
        starts: Sequence[RunStart],
        state: TrainingState,
        device: torch.device,
    ) -> None:
        self.setting, self.starts, self.state, self.device = setting, starts, state, device
        self.inputs = torch.from_numpy(data.inputs).to(device)
        self.labels = torch.from_numpy(data.labels).to(device)
        self.taught = torch.from_numpy(np.stack([s.taught for s in starts])).to(device)  # (runs, n)
        is_test = np.stack([np.isin(np.arange(data.n), s.test) for s in starts])
        self.is_test = torch.from_numpy(is_test).to(device)  # (runs, n)

    def advance(self, first: int, count: int, active: NDArray[np.bool_]) -> EpochRecords:
        """See `engine.Engine`."""
        records = empty_records(self.setting, count)
        state = [self.state.parameters, self.state.mean, self.state.square]
        parameters, mean, square = (torch.from_numpy(a).to(self.device) for a in state)
        parameters.requires_grad_(True)
        for e in range(count):
            if first + e > 0:
                self._epoch(first + e, parameters, mean, square)
            with torch.no_grad():
                self._record(parameters, records, e)
        for stored, updated in zip(state, (parameters, mean, square), strict=True):
            stored[active] = updated.detach().cpu().numpy()[active]
        records.weights[~active] = np.nan
        return records

    def _epoch(self, epoch: int, parameters: Tensor, mean: Tensor, square: Tensor) -> None:
        orders_here = self._orders(epoch)
        orders = torch.from_numpy(orders_here).to(self.device)  # (runs, n_train)
        total = orders.shape[1]
        batch = total if self.setting.batch == "full" else min(self.setting.batch, total)
        steps = -(-total // batch)
        for b in range(steps):
            here = slice(b * batch, (b + 1) * batch)
            rows = orders[:, here]  # (runs, batch)
            disturbances = self._disturbances(orders_here[:, here], epoch, b)
            logits = self._layers(parameters, self.inputs[rows], disturbances)[-1]
            losses = functional.cross_entropy(
                logits.transpose(1, 2), self.taught.gather(1, rows), reduction="none"
            )
            loss = losses.mean(dim=1).sum()  # each network has its own mean
            (gradient,) = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                self._step(parameters, gradient, mean, square, (epoch - 1) * steps + b + 1)

    def _orders(self, epoch: int) -> Int:
        """The training inputs of each run in the order of the epoch, (runs, n_train)."""
        orders = np.stack([s.train for s in self.starts])
        if self.setting.batch != "full" and self.setting.batch < orders.shape[1]:
            for order, s in zip(orders, self.starts, strict=True):
                shuffle(order, s.shuffle_key, epoch)
        return orders

    def _disturbances(self, rows: Int, epoch: int, step: int) -> Disturbances | None:
        """What dropout and noise do to the inputs rows (runs, batch) in a step of an epoch."""
        dropout, noise = self.setting.dropout, self.setting.training_noise
        if not (dropout or noise):
            return None
        widths = list(self.setting.layers[1:-1])
        factors, terms = np.empty((2, len(rows), sum(widths), rows.shape[1]), np.float32)
        for run, start in enumerate(self.starts):
            of_run = (dropout, noise, start.unit_key)
            draw_disturbances(of_run, epoch, step, rows[run], factors[run], terms[run])
        on_device = (torch.from_numpy(a).to(self.device).transpose(1, 2) for a in (factors, terms))
        return list(zip(*(torch.split(part, widths, dim=2) for part in on_device), strict=True))

    def _step(
        self, parameters: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, step: int
    ) -> None:
        """One step of the optimizer, number `step` from 1, in place."""
        rate = self.setting.learning_rate
        if self.setting.weight_decay:
            parameters.mul_(1 - rate * self.setting.weight_decay)
        if self.setting.momentum:
            mean.mul_(self.setting.momentum).add_(gradient)
            parameters -= rate * mean
            return
        if self.setting.optimizer == "sgd":
            parameters -= rate * gradient
            return
        mean.mul_(BETA_1).add_(gradient, alpha=1 - BETA_1)
        square.mul_(BETA_2).addcmul_(gradient, gradient, value=1 - BETA_2)
        root = square.sqrt().div_((1 - BETA_2**step) ** 0.5).add_(EPSILON)
        parameters.addcdiv_(mean, root, value=-rate / (1 - BETA_1**step))

    def _layers(
        self, parameters: Tensor, inputs: Tensor, disturbances: Disturbances | None = None
    ) -> list[Tensor]:
        """The activations (runs, batch, width) of every layer; for the last one its logits."""
        layers = self.setting.layers
        outputs, a, offset = [], inputs, 0
        for number, (fan_in, fan_out) in enumerate(pairwise(layers)):
            end = offset + fan_in * fan_out
            weights = parameters[:, offset:end].reshape(-1, fan_out, fan_in)
            biases = parameters[:, end : end + fan_out].unsqueeze(1)
            a = torch.baddbmm(biases, a, weights.transpose(1, 2))
            if number < len(layers) - 2:
                a = activated(a, self.setting.activation)
                if disturbances is not None:
                    factors, terms = disturbances[number]
                    a = a * factors + terms
            outputs.append(a)
            offset = end + fan_out
        return outputs

    def _record(self, parameters: Tensor, records: EpochRecords, e: int) -> None:
        runs = len(self.starts)
        outputs = self._layers(parameters, self.inputs.expand(runs, *self.inputs.shape))
        outputs[-1] = functional.softmax(outputs[-1], dim=2)
        wrong: Tensor = outputs[-1].argmax(dim=2) != self.labels  # (runs, n)
        records.weights[:, e] = parameters.detach().cpu().numpy()
        records.wrong[:, e, 0] = (wrong & ~self.is_test).sum(dim=1).cpu().numpy()
        records.wrong[:, e, 1] = (wrong & self.is_test).sum(dim=1).cpu().numpy()
        for layer, a in enumerate(outputs):
            records.low[:, e, layer] = a.amin(dim=(1, 2)).cpu().numpy()
            records.high[:, e, layer] = a.amax(dim=(1, 2)).cpu().numpy()
