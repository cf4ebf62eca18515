"""Trains networks on a CPU with compiled kernels: one thread trains one network."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mibench.estimators.shared.threads import share_rows

from ..data.dataset import Data
from ..kernels import train as kernels
from ..networks.activation_codes import activation_code
from ..networks.initial import RunStart
from ..settings import ACTIVATIONS, OPTIMIZERS, Setting
from .engine import EpochRecords, TrainingState, empty_records


class NumbaEngine:
    """See `Engine`. One thread trains one network, whose arrays stay in the cache of its core."""

    def __init__(
        self, setting: Setting, data: Data, starts: Sequence[RunStart], state: TrainingState
    ) -> None:
        self.setting, self.labels, self.starts, self.state = setting, data.labels, starts, state
        self.columns = np.ascontiguousarray(data.inputs.T)
        self.widths = np.array(setting.layers)
        self.is_test = [np.isin(np.arange(data.n), s.test) for s in starts]

    def advance(self, first: int, count: int, active: NDArray[np.bool_]) -> EpochRecords:
        """See `Engine`."""
        records = empty_records(self.setting, count)

        def work(begin: int, end: int) -> None:
            for run in range(begin, end):
                if active[run]:
                    self._advance(run, first, records)

        share_rows(work, self.setting.runs, 1)
        return records

    def _advance(self, run: int, first: int, records: EpochRecords) -> None:
        setting, start, state = self.setting, self.starts[run], self.state
        batch = len(start.train) if setting.batch == "full" else setting.batch
        disturbance = None
        if setting.dropout or setting.training_noise or setting.activation not in ACTIVATIONS:
            disturbance = (setting.dropout, setting.training_noise, start.unit_key)
        kernels.train_epochs(
            self.widths, activation_code(setting.activation), setting.levels,
            OPTIMIZERS.index(setting.optimizer), setting.learning_rate, setting.momentum,
            setting.weight_decay, disturbance, min(batch, len(start.train)), self.columns,
            self.labels, start.taught, start.train, self.is_test[run], start.shuffle_key, first,
            state.parameters[run], state.mean[run], state.square[run], records.weights[run],
            records.wrong[run], records.low[run], records.high[run],
        )  # fmt: skip
