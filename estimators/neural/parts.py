"""The rows in parts: each network is trained on the other parts, and measured on its own."""

import torch
from torch import Tensor

from .sides import Columns


class Parts:
    """Both sides as tensors, their rows shuffled by the seed and cut into parts.

    n % parts rows are left out, so that all parts have as many.

    Attributes:
        trained: rows that train each network.
        held: rows of each part.
    """

    def __init__(
        self, columns: Columns, parts: int, generator: torch.Generator, device: torch.device
    ) -> None:
        n = columns.a.shape[1]
        self.held = n // parts
        self.trained = self.held * (parts - 1)
        order = torch.randperm(n, generator=generator)[: self.held * parts].reshape(parts, -1)
        self.of_part = order.to(device)  # (parts, held)
        others = [torch.cat([order[j] for j in range(parts) if j != i]) for i in range(parts)]
        self.of_others = torch.stack(others).to(device)  # (parts, trained)
        # from_numpy shares memory, whose alignment decides the last digits of some sums
        self.a, self.b = (torch.from_numpy(c).T.clone(memory_format=torch.contiguous_format)
                          .to(device) for c in (columns.a, columns.b))  # fmt: skip

    def training(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Both sides (parts, batch, d) of rows (batch,) among those that train each network."""
        rows = self.of_others[:, chosen]
        return self.a[rows], self.b[rows]

    def held_out(self, most: int | None = None) -> tuple[Tensor, Tensor]:
        """Both sides (parts, held, d) of the rows of each part, at most so many."""
        rows = self.of_part[:, :most]
        return self.a[rows], self.b[rows]
