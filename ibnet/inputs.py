"""Which inputs are measured: all, or those of the training or of the test data of each run."""

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from mibench.errors import InputError, unknown

if TYPE_CHECKING:
    import xarray as xr

Inputs: TypeAlias = Literal["all", "train", "test"]
INPUTS: tuple[Inputs, ...] = get_args(Inputs)


def check_inputs(inputs: str) -> None:
    """Raise InputError unless the text is "all", "train" or "test"."""
    if inputs not in INPUTS:
        raise InputError(unknown("value of inputs", str(inputs), INPUTS))


def inputs_of(trajectories: "xr.Dataset") -> str:
    """Which inputs were measured; "all" of trajectories that do not say."""
    return str(trajectories.attrs.get("measured_inputs", "all"))


def part_of_inputs(trajectories: "xr.Dataset") -> str:
    """The text "train inputs" or "test inputs" if only these were measured; "" if all were."""
    inputs = inputs_of(trajectories)
    return "" if inputs == "all" else f"{inputs} inputs"


def heading(title: str, trajectories: "xr.Dataset") -> str:
    """A title, with the inputs that were measured if these are not all."""
    return ", ".join(part for part in (title, part_of_inputs(trajectories)) if part)
