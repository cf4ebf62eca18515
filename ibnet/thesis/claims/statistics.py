"""The statistics of the claims: window means (run, window, layer) -> a number per run (and layer).

All information is in bits. `windows` explains windows, "start", "end" and "peak", and why the other
half of the runs chooses the peak. In the formulas x_l[w] is I(X;T_l) and y_l[w] is I(T_l;Y) in
window w, and w* is the peak of x_l.
"""

import numpy as np

from .windows import Floats, Ints, held_out_peak, mean_of_other_half, values_at


def compression(i_xt: Floats) -> Floats:
    """Bits that I(X;T) loses from its peak to the end, x_l[w*] - x_l[end]: (run, layer)."""
    return values_at(i_xt, held_out_peak(i_xt)) - i_xt[:, -1]


def drops(i_xt: Floats) -> Floats:
    """Bits that I(X;T) loses from each window to the end, x_l[w] - x_l[end]: same shape."""
    return i_xt - i_xt[:, -1:]


def fitting(i_xt: Floats, i_ty: Floats) -> Floats:
    """Bits that I(T;Y) gains before I(X;T) starts to fall, y_l[w*] - y_l[start]: (run, layer)."""
    return values_at(i_ty, held_out_peak(i_xt)) - i_ty[:, 0]


def net_change(information: Floats) -> Floats:
    """Bits gained from the start to the end: (run, layer)."""
    return information[:, -1] - information[:, 0]


def dip(i_xt: Floats) -> tuple[Ints, Ints]:
    """The trough u and the later peak v of the largest rise of I(X;T): each (run, layer).

    Of all windows u <= v, those with the largest x_l[v] - x_l[u] in the mean of the other half.
    """
    others = mean_of_other_half(i_xt)
    peaks = (others - np.minimum.accumulate(others, axis=1)).argmax(axis=1)
    after = np.arange(i_xt.shape[1])[None, :, None] > peaks[:, None]
    troughs: Ints = np.where(after, np.inf, others).argmin(axis=1)
    return troughs, peaks


def dipping_layer(i_xt: Floats) -> Ints:
    """The layer whose I(X;T) rises most after a trough, in the mean of the other half: (run,)."""
    others = mean_of_other_half(i_xt)
    layers: Ints = (others - np.minimum.accumulate(others, axis=1)).max(axis=1).argmax(axis=1)
    return layers


def excess(information: Floats) -> Floats:
    """Bits by which a layer exceeds the one before it: (run, window, layer) -> one layer fewer.

    A value above 0 breaks the data-processing inequality, I(X;T_{l+1}) <= I(X;T_l), and likewise
    for Y.
    """
    return np.diff(information, axis=-1)


def excess_over_earlier(information: Floats) -> Floats:
    """Bits by which a layer exceeds the lowest of all layers before it: one layer fewer.

    A value above 0 breaks the data-processing inequality between some pair of layers, which need
    not be neighbours.
    """
    lowest_before = np.minimum.accumulate(information, axis=-1)[..., :-1]
    above: Floats = information[..., 1:] - lowest_before
    return above


def violations(i_xt: Floats, i_ty: Floats, tolerance: float) -> Floats:
    """Share of windows in which two neighbouring layers break the inequality: (run, layer - 1).

    In I(X;T) or in I(T;Y), by more than `tolerance` bits.
    """
    broken = (excess(i_xt) > tolerance) | (excess(i_ty) > tolerance)
    shares: Floats = broken.mean(axis=1)
    return shares


def starts_in_corner(plane: Floats) -> Floats:
    """Whether a layer of the initial network is in the plane's lower left quarter: (run, layer).

    plane: (run, window, layer, 2) from `CompleteRuns.plane`, coordinates from 0 to 1. 1 or 0.
    """
    return np.asarray((plane[:, 0] < 0.5).all(axis=-1), np.float64)


def first_below(error: Floats, limit: float, epochs: Ints) -> Floats:
    """The last epoch of the first window with an error of at most `limit`: (run,); else inf."""
    below = error <= limit
    return np.where(below.any(axis=1), epochs[below.argmax(axis=1)], np.inf)


def fast_phase(error: Floats) -> int | None:
    """The window in which the training error has completed 90 % of its fall; None without a fall.

    error: (run, window), averaged over the runs. The fall is from the start to the end.
    """
    mean = error.mean(axis=0)
    fall = mean[0] - mean[-1]
    if fall <= 0:
        return None
    return int(np.argmax(mean <= mean[0] - 0.9 * fall))


def larger_half(maximum: Floats) -> tuple[Ints, Ints]:
    """Indices of the runs with a maximum activation (run,) above the median, and of the others."""
    above = maximum > np.median(maximum)
    return np.flatnonzero(above), np.flatnonzero(~above)


def distance(first: Floats, second: Floats) -> Floats:
    """Root mean square distance of two planes (..., window, layer, 2), over windows and layers.

    In sides of the plane: 1 is H(X) in the one direction and H(Y) in the other.
    """
    squares = np.square(first - second).sum(axis=-1)
    root: Floats = np.sqrt(squares.mean(axis=(-2, -1)))
    return root


def spread(mean_plane: Floats, mean_square: Floats, runs: int) -> Floats:
    """Standard deviation between runs, divided by that along the mean path.

    mean_plane: (..., window, layer, 2), the mean over the runs. mean_square: (...), the mean of the
    squared coordinates over runs, windows, layers and both axes. The result
    equals the root mean square distance between two runs at one epoch, divided by that between two
    windows of the mean path.
    """
    along = mean_plane.var(axis=-3).mean(axis=(-2, -1))
    between = mean_square - np.square(mean_plane).mean(axis=(-3, -2, -1))
    ratio: Floats = np.sqrt(np.maximum(between, 0) * runs / (runs - 1) / along)
    return ratio
