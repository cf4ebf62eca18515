"""The engine of each device."""

from collections.abc import Sequence

from mibench.errors import InputError, unknown

from ..data.dataset import Data
from ..networks.initial import Start
from ..settings import Setting
from .cpu import Core
from .engine import Engine, State

DEVICES = ("cpu", "cuda")


def make_engine(
    device: str, setting: Setting, data: Data, starts: Sequence[Start], state: State
) -> Engine:
    """The engine of a device that `check_device` has passed."""
    if device == "cpu":
        return Core(setting, data, starts, state)
    from .gpu import TorchEngine, cuda

    return TorchEngine(setting, data, starts, state, cuda())


def check_device(device: str) -> None:
    """Raise InputError for an unknown device, or one that is not there."""
    if device not in DEVICES:
        raise InputError(unknown("device", device, DEVICES))
    if device == "cuda":
        from .gpu import cuda

        cuda()
