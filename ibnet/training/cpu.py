"""Trains networks on a CPU with the numba core, one thread a network."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mibench.estimators.shared.threads import share_rows

from ..data.dataset import Data
from ..kernels import train as kernels
from ..networks.initial import Start
from ..settings import ACTIVATIONS, OPTIMIZERS, Setting
from .engine import Block, State, empty_block


class Core:
    """The numba core: one thread trains one network, whose arrays stay in its cache."""

    def __init__(self, setting: Setting, data: Data, starts: Sequence[Start], state: State) -> None:
        self.setting, self.labels, self.starts, self.state = setting, data.labels, starts, state
        self.columns = np.ascontiguousarray(data.inputs.T)
        self.widths = np.array(setting.layers)
        self.is_test = [np.isin(np.arange(data.n), s.test) for s in starts]

    def advance(self, first: int, count: int, alive: NDArray[np.bool_]) -> Block:
        """See `Engine`."""
        block = empty_block(self.setting, count)

        def work(begin: int, end: int) -> None:
            for run in range(begin, end):
                if alive[run]:
                    self._advance(run, first, block)

        share_rows(work, self.setting.runs, 1)
        return block

    def _advance(self, run: int, first: int, block: Block) -> None:
        setting, start, state = self.setting, self.starts[run], self.state
        batch = len(start.train) if setting.batch == "full" else setting.batch
        kernels.train_epochs(
            self.widths, ACTIVATIONS.index(setting.activation), OPTIMIZERS.index(setting.optimizer),
            setting.learning_rate, min(batch, len(start.train)), self.columns, self.labels,
            start.train, self.is_test[run], start.key, first, state.parameters[run],
            state.mean[run], state.square[run], block.weights[run], block.wrong[run],
            block.low[run], block.high[run],
        )  # fmt: skip
