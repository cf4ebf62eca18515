"""Waves along oblique directions: frequencies w at which a target shares a wave with the columns.

The power of a frequency w is the sum over targets r of |E r exp(i w'x)|^2. About the frequency of a
wave it falls as exp(-|w - w0|^2) for white x, so half of the gradient of its logarithm leads to the
top in one step (a mean shift of frequencies). Many random frequencies start, and the weaker half of
them is dropped after each round.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from .tuning_learned import LeftOverTuning

Float = NDArray[np.float64]
Single = NDArray[np.float32]


def spaces(z: Float) -> tuple[Float, Float]:
    """Columns z (d, n) in which a wave may be linear: normal scores, and ranks of unit variance."""
    return z, (ndtr(z) - 0.5) * np.sqrt(12)


def frequencies(columns: Float, targets: Float, count: int, tuning: LeftOverTuning) -> Float:
    """The frequencies (count, d) of the largest power among columns (d, n), targets (m, n)."""
    rows = slice(tuning.wave_rows)
    x, r = columns[:, rows].astype(np.float32), targets[:, rows].astype(np.float32)
    r = r - r.mean(axis=1, keepdims=True)
    w = _starts(len(x), tuning)
    for i in range(tuning.wave_rounds):
        power, gradient = _power(w, x, r)
        if i < tuning.wave_halvings:
            best = np.argsort(-power, kind="stable")[: max(len(w) // 2, 4 * count)]
            w, power, gradient = w[best], power[best], gradient[best]
        step = gradient / (2 * np.maximum(power, 1e-12))[:, np.newaxis]
        length = np.linalg.norm(step, axis=1, keepdims=True)
        w = w + step * np.minimum(1, tuning.wave_step / np.maximum(length, 1e-12))
    power, _ = _power(w, x, r)
    order = np.argsort(-power, kind="stable").tolist()
    chosen = [order[0]]
    for j in order[1:]:  # a wave has two frequencies, w and -w
        nearest = min(min(abs(w[j] - w[i]).max(), abs(w[j] + w[i]).max()) for i in chosen)
        if nearest > tuning.wave_step and len(chosen) < count:
            chosen.append(j)
    chosen += [order[0]] * (count - len(chosen))
    return w[chosen].astype(np.float64)


def polished(w: Float, columns: Float, target: Float, tuning: LeftOverTuning, count: int) -> Float:
    """The best frequencies (count, d) of w (k, d), improved in columns (d, n), target (n,).

    Gauss-Newton steps of a cosine, a sine and the frequency. What the best explains is removed
    before the next is chosen.
    """
    target, chosen = target - target.mean(), []
    for _ in range(count):
        found = [_polished(start, columns, target, tuning.wave_polish) for start in w]
        best, _ = min(found, key=lambda result: result[1])
        chosen.append(best)
        waves = np.stack([np.cos(best @ columns), np.sin(best @ columns)])
        target = target - np.linalg.lstsq(waves.T, target, rcond=None)[0] @ waves
    return np.stack(chosen)


def _polished(w: Float, columns: Float, target: Float, steps: int) -> tuple[Float, float]:
    """A better frequency (d,), and the squares that a wave of this frequency leaves."""
    best, least, d = w, np.inf, len(w)
    for _ in range(steps):
        phases = w @ columns
        waves = np.stack([np.cos(phases), np.sin(phases)])
        a = np.linalg.solve(waves @ waves.T + 1e-9 * np.eye(2), waves @ target)
        rest = target - a @ waves
        if not rest @ rest < least:
            break
        best, least = w, float(rest @ rest)
        design = np.concatenate([waves, (a[1] * waves[0] - a[0] * waves[1]) * columns])
        moments = design @ design.T
        moments += 1e-6 * np.trace(moments) / (d + 2) * np.eye(d + 2)
        w = w + np.linalg.solve(moments, design @ rest)[2:]
    return best, least


def _starts(d: int, tuning: LeftOverTuning) -> Single:
    rng = np.random.default_rng(d)
    least, most = tuning.wave_starts
    count = int(np.clip(tuning.wave_starts_per_cube * d**3, least, most))
    directions = rng.standard_normal((count, d))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    low, high = tuning.wave_frequencies
    lengths = low + (high - low) * rng.random((count, 1))
    return (lengths * directions).astype(np.float32)


def _power(w: Single, x: Single, r: Single) -> tuple[Single, Single]:
    """The power (q,) of frequencies w (q, d), and its gradient (q, d)."""
    n, (m, d) = x.shape[1], (len(r), len(x))
    phases = w @ x
    weights = np.concatenate([r, (r[:, np.newaxis] * x[np.newaxis]).reshape(m * d, n)]).T / n
    cosines, sines = np.cos(phases) @ weights, np.sin(phases) @ weights
    c, s = cosines[:, :m], sines[:, :m]
    cx, sx = (part[:, m:].reshape(-1, m, d) for part in (cosines, sines))
    power = (c**2 + s**2).sum(axis=1)
    gradient = 2 * (s[:, :, np.newaxis] * cx - c[:, :, np.newaxis] * sx).sum(axis=1)
    return power, gradient
