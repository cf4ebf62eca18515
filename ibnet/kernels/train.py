"""Trains one network for some epochs, and evaluates it after each."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._jit import kernel
from .elementary import NEGLIGIBLE, ONE, ZERO
from .network import SLOPE, TILE, add_gradient, forward, softmax
from .quantised import (
    NEW_SHARE,
    forget,
    forward_quantised,
    move_range,
    parameter_count,
    quantise_weights,
    set_ranges,
    to_grid,
)
from .random_numbers import shuffle
from .with_slopes import Disturbance, forward_with_slopes

Row: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.float32]
Int: TypeAlias = NDArray[np.int64]

SGD, ADAM = 0, 1
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # of Adam, as in its paper
MIN_SQUARE = np.float32(1e-30)  # smaller moments count as 0; its root is 1e-7 of epsilon


@kernel
def adam(parameters: Row, gradient: Row, mean: Row, square: Row, step: int, rate: float) -> None:
    """One step of Adam (Kingma & Ba 2015, arXiv:1412.6980), number `step` from 1, in place."""
    b1, b2 = np.float32(BETA_1), np.float32(BETA_2)
    c1, c2 = np.float32(1 - BETA_1), np.float32(1 - BETA_2)
    size = np.float32(rate / (1 - BETA_1**step))
    root = np.float32(1 / np.sqrt(1 - BETA_2**step))
    epsilon = np.float32(EPSILON)
    for p in range(parameters.shape[0]):
        g = ZERO if abs(gradient[p]) <= NEGLIGIBLE else gradient[p]
        m = b1 * mean[p] + c1 * g
        v = b2 * square[p] + c2 * (g * g)
        m = ZERO if abs(m) <= NEGLIGIBLE else m
        v = ZERO if v <= MIN_SQUARE else v
        parameters[p] -= size * m / (np.sqrt(v) * root + epsilon)
        mean[p], square[p] = m, v


@kernel
def evaluate(
    widths: Int,
    activation: int,
    levels: int,
    parameters: Row,
    columns: Rows,
    labels: Int,
    is_test: NDArray[np.bool_],
    rows: Rows,
    slopes: Rows,
    lows: Row,
    highs: Row,
) -> tuple[int, int]:
    """Return the number of wrong answers on training and on test inputs.

    levels: see `train_epochs`. columns: (d, n), all inputs. rows, slopes: overwritten. lows, highs:
    (L,), filled with the smallest and the largest activation of each layer. The answer is the class
    of the largest output before outputs are quantised: then several may be equal.
    """
    n = columns.shape[1]
    layers = widths.shape[0] - 1
    size = parameter_count(widths)
    network, ranges = parameters[:size], parameters[size:]
    seen = np.zeros(ranges.shape[0], np.float32)
    used = network
    if levels > 0:
        used = np.empty(size, np.float32)
        quantise_weights(widths, network, levels, used)
    classes = widths[layers]
    top = rows.shape[0] - classes
    best = np.empty(TILE, np.float32)
    answer = np.empty(TILE, np.float32)
    low_rows = np.full((layers, TILE), np.inf, np.float32)
    high_rows = np.full((layers, TILE), -np.inf, np.float32)
    wrong_train, wrong_test = 0, 0
    for start in range(0, n, TILE):
        m = min(TILE, n - start)
        for f in range(widths[0]):
            rows[f, :m] = columns[f, start : start + m]
        if levels > 0:
            forward_quantised(widths, activation, used, levels, ranges, seen, rows, slopes, m)
        else:
            forward(widths, activation, used, rows, m)
        softmax(rows, top, classes, m, best)
        answer[:] = ZERO
        best[:m] = rows[top, :m]
        for c in range(1, classes):
            row, number = rows[top + c, :m], np.float32(c)
            for s in range(m):
                answer[s] = number if row[s] > best[s] else answer[s]
                best[s] = row[s] if row[s] > best[s] else best[s]
        for s in range(m):
            wrong = int(np.int64(answer[s]) != labels[start + s])
            test = int(is_test[start + s])
            wrong_test += wrong & test
            wrong_train += wrong & (1 - test)
        if levels > 0:
            for c in range(classes):
                low_end, high_end = ranges[2 * layers - 2], ranges[2 * layers - 1]
                to_grid(rows[top + c], np.float64(low_end), np.float64(high_end), levels)
        first = widths[0]
        for layer in range(layers):
            low, high = low_rows[layer, :m], high_rows[layer, :m]
            for r in range(first, first + widths[layer + 1]):
                row = rows[r, :m]
                for s in range(m):
                    low[s] = row[s] if row[s] < low[s] else low[s]
                    high[s] = row[s] if row[s] > high[s] else high[s]
            first += widths[layer + 1]
    for layer in range(layers):
        lows[layer] = low_rows[layer].min()
        highs[layer] = high_rows[layer].max()
    return wrong_train, wrong_test


@kernel
def train_epochs(
    widths: Int,
    activation: int,
    levels: int,
    optimizer: int,
    rate: float,
    momentum: float,
    weight_decay: float,
    disturbance: Disturbance | None,
    batch: int,
    columns: Rows,
    labels: Int,
    taught: Int,
    train: Int,
    is_test: NDArray[np.bool_],
    key: np.uint64,
    first_epoch: int,
    parameters: Row,
    mean: Row,
    square: Row,
    weights: Rows,
    wrong: Int,
    lows: Rows,
    highs: Rows,
) -> None:
    """Train one network for E = weights.shape[0] epochs and record its state after each.

    levels: the number of values of a quantised network's grids, 0 for any value. The parameters of
    a quantised network end with the ranges of its layers (2 L), which are set in epoch 0.
    columns: (d, n) inputs; labels, taught: (n,), the true class of each, and the one that it is
    taught; train: (n_train,) which of them to train on; batch: inputs per step.
    disturbance: for dropout, noise or a function that is not built in, see `forward_with_slopes`;
    it needs levels=0. None is compiled apart, so that ordinary training does not wait for it.
    Epochs are numbered first_epoch, first_epoch + 1, ...; this decides the number of Adam's step.
    Epoch 0 has no step: it records the network before training.
    Changed in place: parameters (P,) and the moments mean, square; mean is the velocity of "sgd"
    with momentum. Filled, one row per epoch:
    weights (E, P), wrong answers on training and test inputs (E, 2), lows and highs (E, L).
    """
    total = widths.sum()
    rows = np.empty((total, TILE), np.float32)
    deltas = np.empty((total, TILE), np.float32)
    size = parameter_count(widths)
    network, ranges = parameters[:size], parameters[size:]
    used, slopes = network, rows
    seen = np.zeros(ranges.shape[0], np.float32)
    slopes_of = activation
    if disturbance is not None:
        slopes, slopes_of = np.empty((total, TILE), np.float32), SLOPE
    if levels > 0:
        used, slopes = np.empty(size, np.float32), np.empty((total, TILE), np.float32)
        rows[:] = ZERO
    gradient = np.empty(size, np.float32)
    tile_labels = np.empty(TILE, np.int64)
    order = np.empty(train.shape[0], np.int64)
    n = train.shape[0]
    steps = (n + batch - 1) // batch
    for e in range(weights.shape[0]):
        epoch = first_epoch + e
        order[:] = train
        if batch < n:
            shuffle(order, key, epoch)
        if levels > 0 and epoch == 0:
            quantise_weights(widths, network, levels, used)
            set_ranges(widths, activation, used, levels, columns, train, ranges, rows, slopes)
        for b in range(steps if epoch > 0 else 0):
            begin, end = b * batch, min((b + 1) * batch, n)
            gradient[:] = ZERO
            if levels > 0:
                quantise_weights(widths, network, levels, used)
                forget(seen)
            scale = ONE / np.float32(end - begin)
            for start in range(begin, end, TILE):
                m = min(TILE, end - start)
                inputs = order[start : start + m]
                for f in range(widths[0]):
                    row, column = rows[f], columns[f]
                    for s in range(m):
                        row[s] = column[inputs[s]]
                for s in range(m):
                    tile_labels[s] = taught[inputs[s]]
                if levels > 0:
                    forward_quantised(
                        widths, activation, used, levels, ranges, seen, rows, slopes, m
                    )
                elif disturbance is None:
                    forward(widths, activation, used, rows, m)
                else:
                    forward_with_slopes(
                        widths, activation, used, disturbance, epoch, b, inputs, rows, slopes
                    )
                add_gradient(
                    widths, slopes_of, used, rows, slopes, deltas, tile_labels[:m], scale, gradient
                )
            if weight_decay > 0:
                decay = np.float32(rate * weight_decay)
                for p in range(size):
                    network[p] -= decay * network[p]
            if optimizer == ADAM:
                adam(network, gradient, mean, square, (epoch - 1) * steps + b + 1, rate)
            elif momentum > 0:
                for p in range(size):
                    v = np.float32(momentum) * mean[p] + gradient[p]
                    mean[p] = ZERO if abs(v) <= NEGLIGIBLE else v
                    network[p] -= np.float32(rate) * mean[p]
            else:
                for p in range(size):
                    network[p] -= np.float32(rate) * gradient[p]
            if levels > 0:
                for layer in range(widths.shape[0] - 2):
                    move_range(activation, layer, ranges, seen, NEW_SHARE)
        weights[e] = parameters
        wrong[e, 0], wrong[e, 1] = evaluate(
            widths,
            activation,
            levels,
            parameters,
            columns,
            labels,
            is_test,
            rows,
            slopes,
            lows[e],
            highs[e],
        )
