"""Plug-in estimates for many orders of the rows of one side, whose bins no order changes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..kernels.chance import pair_counts
from ..kernels.orders import joint_entropies
from ..shared.threads import share_rows
from .labels import ChanceTerms, LabelCorrection
from .plug_in import RowSymbols, plug_in

Int = NDArray[np.int64]


def nats_of_orders(
    x: RowSymbols, y: RowSymbols, orders: Sequence[Int], correction: LabelCorrection | None
) -> list[float]:
    """The estimate in nats for each order of the rows of y, (n,). Threads share the orders.

    correction: "auto" adjusts for chance, as two sides of labels are.
    """
    results = [0.0] * len(orders)
    of_chance = ChanceTerms.of(x, y) if correction == "auto" else None
    plain = None if correction == "auto" else correction
    kx, ky = len(x.counts), len(y.counts)
    fits = kx * ky <= 4 * x.n + 1024 and x.n not in (kx, ky)

    def estimate(start: int, stop: int) -> None:
        if of_chance is not None:
            for place in range(start, stop):
                joint = pair_counts(x.symbols, y.symbols[orders[place]], kx, ky)
                results[place] = of_chance.share(joint) * min(x.entropy_nats, y.entropy_nats)
        elif fits:
            entropies, pairs = np.empty(stop - start), np.empty(stop - start, np.int64)
            joint_entropies(
                x.symbols, y.symbols, np.stack(orders[start:stop]), kx, ky, entropies, pairs
            )
            h_x, h_y = x.entropy_nats, y.entropy_nats
            if correction == "miller-madow":
                h_x, h_y = h_x + (kx - 1) / (2 * x.n), h_y + (ky - 1) / (2 * x.n)
                entropies += (pairs - 1) / (2 * x.n)
            results[start:stop] = (h_x + h_y - entropies).tolist()
        else:
            for place in range(start, stop):
                symbols = y.symbols[orders[place]]
                permuted = RowSymbols(y.n, y.counts, y.entropy_nats, symbols)
                results[place] = plug_in(x, permuted, plain).nats

    share_rows(estimate, len(orders), 1)
    return results
