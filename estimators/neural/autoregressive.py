"""Networks that describe each column of Y by the columns before it, with X and without."""

import torch
from torch import Tensor
from torch.nn.functional import silu

from .network import weights, zeros


class Autoregressive:
    """Masked perceptrons (MADE; Germain et al. 2015, arXiv:1502.03509), `2 * parts` side by side.

    What column m of Y (d columns) gets depends on the columns before it, and in the first `parts`
    networks also on X. In the others, X is hidden.
    """

    def __init__(
        self,
        parts: int,
        given: int,
        outputs: Tensor,
        hidden: int,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Networks whose outputs begin at `outputs` (d, k), those of each column."""
        count, (columns, self.outputs) = 2 * parts, outputs.shape
        self.columns, width = columns, max(hidden, columns)
        of_hidden = torch.arange(width) % columns  # how many columns of Y a unit may see
        of_inputs = torch.cat([torch.zeros(given), 1 + torch.arange(columns)])
        of_outputs = torch.arange(columns).repeat_interleave(self.outputs)
        self.masks = [
            (before[:, None] <= after[None, :]).to(device, torch.float32)
            for before, after in (
                (of_inputs, of_hidden), (of_hidden, of_hidden), (of_hidden, of_outputs)
            )
        ]  # fmt: skip
        self.shown = torch.ones(count, 1, 1, dtype=torch.float32, device=device)
        self.shown[parts:] = 0.0
        wide = columns * self.outputs
        self.weights = [
            weights(count, given + columns, width, generator, device),
            weights(count, width, width, generator, device),
            zeros(count, width, wide, device=device),
        ]
        last = outputs.to(device, torch.float32).flatten().repeat(count, 1, 1).requires_grad_()
        self.biases = [*(zeros(count, 1, width, device=device) for _ in range(2)), last]

    @property
    def parameters(self) -> list[Tensor]:
        """All of them, each with the networks on its first axis."""
        return [*self.weights, *self.biases]

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """The outputs (2 parts, n, d, k) for rows x (2 parts, n, dx) and y (2 parts, n, d)."""
        a = torch.cat([x * self.shown, y], 2)
        for i, (w, b, mask) in enumerate(zip(self.weights, self.biases, self.masks, strict=True)):
            a = torch.baddbmm(b, silu(a) if i else a, w * mask)
        return a.reshape(*a.shape[:2], self.columns, self.outputs)
