"""Small networks, one for each part of the rows, as one batched computation."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import silu


def weights(
    count: int, inputs: int, outputs: int, generator: torch.Generator, device: torch.device
) -> Tensor:
    """Random weights (count, inputs, outputs) that keep the size of standard normal inputs."""
    drawn = torch.randn(count, inputs, outputs, generator=generator, dtype=torch.float32)
    return (drawn / math.sqrt(inputs)).to(device).requires_grad_()


def zeros(*shape: int, device: torch.device) -> Tensor:
    """Parameters that begin at 0."""
    return torch.zeros(*shape, dtype=torch.float32, device=device).requires_grad_()


class Perceptrons:
    """Multi-layer perceptrons with SiLU, `count` of them side by side.

    The last layer begins at 0 if `from_zero`, so that all outputs do.
    """

    def __init__(
        self,
        count: int,
        sizes: Sequence[int],
        generator: torch.Generator,
        device: torch.device,
        *,
        from_zero: bool = False,
    ) -> None:
        pairs = list(pairwise(sizes))
        self.weights = [weights(count, i, o, generator, device) for i, o in pairs]
        if from_zero:
            self.weights[-1] = zeros(count, *pairs[-1], device=device)
        self.biases = [zeros(count, 1, o, device=device) for _, o in pairs]

    @property
    def parameters(self) -> list[Tensor]:
        """All of them, each with the networks on its first axis."""
        return [*self.weights, *self.biases]

    def __call__(self, rows: Tensor) -> Tensor:
        """The outputs (count, n, d') of rows (count, n, d)."""
        a = rows
        for i, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            a = torch.baddbmm(b, silu(a) if i else a, w)
        return a


class Critics:
    """Functions f(x, y) of pairs of rows, one for each part: perceptrons of two hidden layers.

    The first layer is a sum of what it makes of x and of y, so that each row passes once, and
    other pairings of the same rows cost only the layers after it.
    """

    def __init__(
        self,
        count: int,
        columns: tuple[int, int],
        hidden: int,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        first = weights(count, sum(columns), hidden, generator, device).detach()
        self.of_x = first[:, : columns[0]].clone().requires_grad_()
        self.of_y = first[:, columns[0] :].clone().requires_grad_()
        self.bias = zeros(count, 1, hidden, device=device)
        sizes = [hidden, hidden, 1]
        self.rest = Perceptrons(count, sizes, generator, device, from_zero=True)

    @property
    def parameters(self) -> list[Tensor]:
        """All of them, each with the networks on its first axis."""
        return [self.of_x, self.of_y, self.bias, *self.rest.parameters]

    def __call__(self, x: Tensor, y: Tensor, shifts: Sequence[int]) -> Tensor:
        """The values f of row i of x and row i + s of y, for each shift s.

        Args:
            x: (count, n, dx).
            y: (count, n, dy).
            shifts: from 0 to n.

        Returns:
            (count, shifts, n).
        """
        a, b = torch.baddbmm(self.bias, x, self.of_x), torch.bmm(y, self.of_y)
        n = x.shape[1]
        twice = torch.cat([b, b], 1)  # of which row i + s needs no wrapping round
        sums = torch.stack([a + twice[:, s : s + n] for s in shifts], 1)
        f = self.rest(silu(sums).flatten(1, 2))
        return f.reshape(len(f), len(shifts), n)
