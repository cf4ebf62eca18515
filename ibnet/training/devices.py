"""Chooses the training engine of a device."""

from collections.abc import Sequence

from mibench.errors import InputError, unknown

from ..data.dataset import Data
from ..networks.initial import RunStart
from ..settings import Setting
from .cpu import NumbaEngine
from .engine import Engine, TrainingState

DEVICES = ("cpu", "cuda")


def make_engine(
    device: str, setting: Setting, data: Data, starts: Sequence[RunStart], state: TrainingState
) -> Engine:
    """The engine of a device; call `check_device` first."""
    if device == "cpu":
        return NumbaEngine(setting, data, starts, state)
    from .gpu import TorchEngine, cuda

    return TorchEngine(setting, data, starts, state, cuda())


def check_device(device: str, setting: Setting) -> None:
    """Raise InputError for an unknown device, or one that cannot train the setting here."""
    if device not in DEVICES:
        raise InputError(unknown("device", device, DEVICES))
    if device == "cuda":
        if setting.quantize:
            raise InputError(
                f"device 'cuda' trains no quantised networks (quantize={setting.quantize}): use "
                "device cpu"
            )
        from .gpu import cuda

        cuda()
