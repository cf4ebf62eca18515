"""The rows of the data that are measured, if they are those of train or test inputs."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from ..data.entropy import entropy_bits
from ..data.limits import information_bits
from ..inputs import Inputs
from ..networks.trained import Trained

Rows: TypeAlias = NDArray[np.int64]


def refuse_part_of_own(inputs: Inputs) -> None:
    """Raise InputError if a part of the inputs of your own network is to be measured."""
    if inputs != "all":
        raise InputError(
            f"inputs={inputs!r}: your own network has no split into train and test inputs that "
            "mibench knows. Make two watches (or two calls of from_activations), one with the "
            "train inputs and one with the test inputs, and measure each"
        )


def rows_of_runs(trained: Trained, inputs: Inputs) -> list[Rows]:
    """The rows of the data that are measured, for each run in ascending order."""
    if inputs == "all":
        return [np.arange(trained.data.n)] * trained.setting.runs
    splits = (trained.split(run) for run in range(trained.setting.runs))
    return [train if inputs == "train" else test for train, test in splits]


def about_inputs(trained: Trained, inputs: Inputs) -> dict[str, str | float]:
    """Attributes of trajectories: which inputs, how many, and H(X) and H(Y) in bits.

    Also I(X;Y), if equal inputs have different labels. All are the largest over runs: they differ
    between runs only if the data hold equal inputs.
    """
    data = trained.data
    if inputs == "all":
        return {"measured_inputs": inputs, "inputs": data.n}
    rows = rows_of_runs(trained, inputs)
    symbols = [np.unique(data.symbols[chosen], return_inverse=True)[1] for chosen in rows]
    labels = [np.unique(data.labels[chosen], return_inverse=True)[1] for chosen in rows]
    h_y = [entropy_bits(values) for values in labels]
    i_xy = [information_bits(*sides) for sides in zip(symbols, labels, strict=True)]
    known = {} if set(i_xy) == {None} else {
        "i_xy_bits": max(h if i is None else i for h, i in zip(h_y, i_xy, strict=True))
    }  # fmt: skip
    return {
        "measured_inputs": inputs,
        "inputs": len(rows[0]),
        "h_x_bits": max(map(entropy_bits, symbols)),
        "h_y_bits": max(h_y),
        **known,
    }
