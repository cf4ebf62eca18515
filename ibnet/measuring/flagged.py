"""The flags of trajectories in words: reasons to distrust the estimates."""

import numpy as np

from mibench.contract.flags import FLAGS
from mibench.errors import some

from .._extra import explain_missing_packages
from .estimates import CEILING_OF_I_XT, FLAG_BITS
from .trajectories import layer_label

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr

# Stored by one bit together.
OTHER = "one of {}, or a flag of the estimator's own".format(
    ", ".join(code for code in FLAGS if code not in FLAG_BITS)
)


def flag_lines(trajectories: xr.Dataset) -> list[str]:
    """One line for each estimator and flag: how many estimates raised it, and of which layers.

    An estimate is that of one run, epoch and layer, and its flags are those of I(X;T) and I(T;Y);
    for the flag of a ceiling, the line tells of which: of I(T;Y) only where I(X;T) has none.

    Args:
        trajectories: from `ibnet.measure`.

    Returns:
        The lines; `mibench ibnet measure` and `run` print them.

    Example:
        >>> import numpy as np
        >>> from mibench import ibnet
        >>> layers = {"all apart": np.arange(8.0), "parity": np.arange(8.0) % 2}
        >>> own = ibnet.from_activations(layers, np.arange(8) % 2)
        >>> for line in ibnet.flag_lines(ibnet.measure(own, "kde")):
        ...     print(line.partition(": the")[0])
        kde: ceiling of I(X;T)
    """
    lines = []
    for spec in trajectories.estimator.values:
        data = trajectories[["i_xt", "flags"]].sel(estimator=spec)
        data = data.transpose("run", "epoch", "layer")
        is_measured = data.i_xt.notnull().values
        flags = np.where(is_measured, data.flags.values, 0)
        of_x = (flags & FLAG_BITS[CEILING_OF_I_XT]) > 0
        for code, bit in FLAG_BITS.items():
            raised = (flags & bit) > 0
            name, meaning = code, FLAGS.get(code, OTHER)
            if code == "ceiling":
                raised, name = raised & ~of_x, "ceiling of I(T;Y)"
            elif code == CEILING_OF_I_XT:
                name, meaning = "ceiling of I(X;T)", FLAGS["ceiling"]
            if not raised.any():
                continue
            layers = trajectories.layer.values[raised.any(axis=(0, 1))].tolist()
            names = some((str(layer_label(trajectories, layer)) for layer in layers), most=4)
            lines.append(
                f"{spec}: {name}: {meaning} ({raised.sum()} of {is_measured.sum()} estimates, "
                f"layers {names})"
            )
    return lines
