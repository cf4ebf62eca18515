"""Signal and noise of the gradients, by run, epoch and layer."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

from .._extra import explain_missing_packages
from ..networks.archive import explain_read_errors, stored_array
from ..networks.initial import make_run_start
from ..networks.trained import Trained
from ..schedule import positions_of
from .layers import batch_gradients, layer_weights

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr

EPOCHS = "log:100"
OF_FULL_BATCH = 256  # inputs per batch, where the training has a single one
MIN_BATCHES = 2


def gradient_noise(
    trained: Trained,
    epochs: str = EPOCHS,
    *,
    batch: int | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Signal and noise of the gradients of stored networks.

    The training inputs are split into batches at random. The gradient of the weights of a layer in
    batch b is g_b. With the mean m and the variances s^2 of the elements over B batches,

        noise = sqrt(sum s^2),    signal = sqrt(max(0, |m|^2 - sum s^2 / B)),

    since |m|^2 alone holds the noise of B batches. Both are divided by the norm of the layer's
    weights. A layer drifts while signal > noise, and diffuses after. Gradients are those without
    dropout and training noise, also if the networks were trained with them.

    Args:
        trained: from `ibnet.train` or `ibnet.load`.
        epochs: among those whose weights are kept: "every", "log:100", or a list "0,10,100".
        batch: inputs per batch; None: that of the setting, and 256 for full batches.
        on_progress: called as on_progress(done, total); both count networks at single epochs.

    Returns:
        signal and noise (run, epoch, layer); NaN where a run has diverged. Attributes: batch and
        batches, how large they are and how many.

    Raises:
        InputError: for quantised networks, whose gradients need not be those of their error; for
            fewer than two batches; for epochs that are not kept.

    References:
        Shwartz-Ziv & Tishby 2017, arXiv:1703.00810, section 3.4.

    Example:
        >>> from mibench import ibnet
        >>> gradients = ibnet.gradient_noise(ibnet.train("2.1", runs=2, epochs=3))
        >>> dict(gradients.signal.sizes)
        {'run': 2, 'epoch': 4, 'layer': 6}
    """
    setting, data = trained.setting, trained.data
    if setting.quantize:
        raise InputError(
            f"gradients of networks with quantize={setting.quantize} are not those of their error: "
            "train without quantize"
        )
    if batch is None:
        batch = OF_FULL_BATCH if setting.batch == "full" else setting.batch
    kept = trained.kept
    chosen = kept[positions_of(epochs, kept)]
    starts = [make_run_start(setting, data, run) for run in range(setting.runs)]
    train_size = len(starts[0].train)
    if batch < 1 or train_size // batch < MIN_BATCHES:
        raise InputError(
            f"batch={batch} makes {train_size // max(batch, 1)} batches of {train_size} training "
            f"inputs: give 1 to {train_size // MIN_BATCHES}"
        )
    shape = (setting.runs, len(chosen), len(setting.layers) - 1)
    signal, noise = np.full(shape, np.nan), np.full(shape, np.nan)
    diverged = trained.is_diverged
    with explain_read_errors(trained.directory):
        weights = stored_array(trained.group, "weights")
    inputs = data.inputs.astype(np.float64)
    for place, epoch in enumerate(chosen.tolist()):
        with explain_read_errors(trained.directory):
            of_epoch = weights[epoch].astype(np.float64)
        for run, start in enumerate(starts):
            if not diverged[epoch, run]:
                # The same batches for all epochs, so that epochs differ by their weights alone.
                order = np.random.default_rng(run).permutation(start.train)
                gradients = batch_gradients(
                    setting, of_epoch[run], inputs[order], start.taught[order], batch
                )
                sizes = [np.linalg.norm(w) for w, _ in layer_weights(setting, of_epoch[run])]
                signal[run, place], noise[run, place] = _signal_and_noise(gradients, sizes)
            if on_progress is not None:
                on_progress(place * setting.runs + run + 1, len(chosen) * setting.runs)
    dims = ("run", "epoch", "layer")
    return xr.Dataset(
        {"signal": (dims, signal), "noise": (dims, noise)},
        coords={
            "run": np.arange(shape[0]), "epoch": chosen, "layer": np.arange(1, shape[2] + 1),
        },
        attrs={"training": setting.training, "batch": batch, "batches": train_size // batch},
    )  # fmt: skip


def _signal_and_noise(
    gradients: list[NDArray[np.float64]], sizes: list[np.floating]
) -> tuple[list[float], list[float]]:
    signal, noise = [], []
    for by_batch, size in zip(gradients, sizes, strict=True):
        variance = float(by_batch.var(axis=0, ddof=1).sum())
        mean = float((by_batch.mean(axis=0) ** 2).sum())
        norm = float(size) or np.nan
        signal.append(np.sqrt(max(0.0, mean - variance / len(by_batch))) / norm)
        noise.append(np.sqrt(variance) / norm)
    return signal, noise
