"""The rows in parts: each network is trained on the other parts, and measured on its own."""

import numpy as np
import torch
from torch import Tensor

from ..shared.mean_ratio import OTHER_ROWS, log_of_mean_ratio, other_rows
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


class MismatchedPairs:
    """Pairs of x of one row and y of another of the same part.

    Attributes:
        of_x: the rows of x, (parts, pairs).
        of_y: those of y.
    """

    def __init__(self, rows: Tensor) -> None:
        """Pairs of rows (parts, n), each row with at most OTHER_ROWS others."""
        parts, n = rows.shape
        self.others = other_rows(n, OTHER_ROWS)  # (shifts, n)
        self.of_x = rows.repeat(1, len(self.others))
        self.of_y = rows[:, torch.from_numpy(self.others).flatten().to(rows.device)]
        self.first = n * np.arange(parts)  # of each part, if all rows are counted through

    def log_of_mean_ratio(self, logs: Tensor) -> float:
        """As `shared.mean_ratio`, of the log ratios (parts, pairs)."""
        of_parts = logs.double().cpu().numpy().reshape(len(logs), *self.others.shape)
        others = [self.others + first for first in self.first]
        return log_of_mean_ratio(np.hstack(list(of_parts)), np.hstack(others))
