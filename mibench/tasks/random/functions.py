"""Functions of X with noise: y = f(x) + s(x) e, with standard normal or bounded e."""

from collections.abc import Callable

import numpy as np

from ...types import Sample
from .distribution import Array, Distribution, Generator, draw_dims
from .truth import information_of_noisy_function, mean_log_ratio


def _noisy(
    dim_x: int,
    draw_x: Callable[[int, Generator], Array],
    function: Callable[[Array], Array],
    scale: Callable[[Array], Array],
) -> Distribution:
    def sample(n: int, rng: Generator) -> Sample:
        x = draw_x(n, rng)
        y = function(x) + scale(x) * rng.standard_normal(n)
        return x, y[:, np.newaxis]

    def values(n: int, rng: Generator) -> tuple[Array, Array]:
        x = draw_x(n, rng)
        return function(x), scale(x)

    return Distribution(dim_x, 1, sample, lambda: information_of_noisy_function(values))


def _normal(dims: int) -> Callable[[int, Generator], Array]:
    return lambda n, rng: rng.standard_normal((n, dims))


def _uniform(dims: int) -> Callable[[int, Generator], Array]:
    return lambda n, rng: rng.random((n, dims))


def _even(noise: float) -> Callable[[Array], Array]:
    return lambda x: np.full(len(x), noise)


def _draw_noise(rng: Generator, low: float = 0.05, high: float = 2.0) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def curve(rng: Generator) -> Distribution:
    """A smooth function of one column, rising or with a turn; the noise may be very narrow."""
    bend, turn = rng.uniform(0, 1), rng.uniform(-1.5, 1.5)

    def function(x: Array) -> Array:
        z = x[:, 0]
        return np.asarray(z + bend * z**2 * np.sign(turn) + turn * np.tanh(2 * z))

    return _noisy(1, _normal(1), function, _even(_draw_noise(rng, 0.002)))


def wave(rng: Generator) -> Distribution:
    """A sine along a random direction of X, of one to four periods in most rows."""
    dims = draw_dims(rng, 10)
    direction = rng.standard_normal(dims)
    direction *= rng.uniform(1.0, 8.0) / np.linalg.norm(direction)
    phase = rng.uniform(0, 2 * np.pi)
    return _noisy(
        dims, _normal(dims), lambda x: np.sin(x @ direction + phase), _even(_draw_noise(rng))
    )


def uneven_noise(rng: Generator) -> Distribution:
    """A line, or no relation of the means, with noise whose spread depends on X in four steps."""
    dims = draw_dims(rng, 5)
    slope = float(rng.choice((0.0, 0.5, 2.0)))
    noise = _draw_noise(rng, 0.1, 1.0) * np.exp(rng.uniform(0.5, 1.5) * np.arange(4))

    def scale(x: Array) -> Array:
        steps = np.searchsorted((-0.7, 0.0, 0.7), x[:, -1])
        return np.asarray(noise[steps])

    return _noisy(dims, _normal(dims), lambda x: slope * x[:, 0], scale)


def products(rng: Generator) -> Distribution:
    """A sum of products of two columns of X, among columns without a role."""
    pairs = int(rng.integers(1, 4))
    dims = 2 * pairs + int(rng.integers(0, 8))

    def function(x: Array) -> Array:
        return np.asarray((x[:, :pairs] * x[:, pairs : 2 * pairs]).sum(axis=1))

    return _noisy(dims, _normal(dims), function, _even(_draw_noise(rng)))


def gates(rng: Generator) -> Distribution:
    """The parity of two or three signs, or whether all are positive, among other columns."""
    inputs = int(rng.integers(2, 4))
    dims = inputs + int(rng.integers(0, 6))
    parity = bool(rng.integers(2))

    def function(x: Array) -> Array:
        positive = x[:, :inputs] > 0
        return (positive.sum(axis=1) % 2 if parity else positive.all(axis=1)).astype(float)

    return _noisy(dims, _normal(dims), function, _even(_draw_noise(rng, 0.05, 1.0)))


def friedman(rng: Generator) -> Distribution:
    """Friedman 1991, doi:10.1214/aos/1176347963: five columns of ten, three kinds of effects."""
    weights = np.array([10.0, 20.0, 10.0, 5.0]) * np.exp(rng.uniform(-1, 0.5, size=4))

    def function(x: Array) -> Array:
        effects = np.stack(
            [np.sin(np.pi * x[:, 0] * x[:, 1]), (x[:, 2] - 0.5) ** 2, x[:, 3], x[:, 4]], axis=1
        )
        return np.asarray(effects @ weights)

    return _noisy(10, _uniform(10), function, _even(_draw_noise(rng, 0.3, 4.0)))


def extremes(rng: Generator) -> Distribution:
    """The largest column of a row, or the length of the row."""
    dims = int(rng.integers(2, 9))
    largest = bool(rng.integers(2))

    def function(x: Array) -> Array:
        return np.asarray(x.max(axis=1) if largest else np.sqrt((x**2).sum(axis=1)))

    return _noisy(dims, _normal(dims), function, _even(_draw_noise(rng, 0.05, 1.0)))


def modulo(rng: Generator) -> Distribution:
    """The fractional part of a weighted sum of one to three uniform columns."""
    dims = int(rng.integers(1, 4))
    weights = rng.choice((1.0, 2.0), size=dims)
    return _noisy(
        dims, _uniform(dims), lambda x: np.asarray(x @ weights) % 1.0,
        _even(_draw_noise(rng, 0.02, 0.3)),
    )  # fmt: skip


def bounded_noise(rng: Generator) -> Distribution:
    """A column x, normal or uniform, and y = x + w u, with u uniform between -1/2 and 1/2.

    The noise may be narrow, and its density ends abruptly. p(y|x) = 1/w, and
    p(y) = P(y - w/2 < x < y + w/2) / w.
    """
    width = float(np.exp(rng.uniform(np.log(1e-3), np.log(2.0))))
    uniform = bool(rng.integers(2))

    def sample(n: int, rng: Generator) -> Sample:
        x = (rng.random if uniform else rng.standard_normal)((n, 1))
        return x, x + width * (rng.random((n, 1)) - 0.5)

    def log_ratio(n: int, rng: Generator) -> Array:
        from scipy.special import ndtr

        _, y = sample(n, rng)
        below, above = y[:, 0] - width / 2, y[:, 0] + width / 2
        if uniform:
            return -np.log(np.clip(above, 0, 1) - np.clip(below, 0, 1))
        # The difference of the smaller tails, so that it keeps its digits.
        return -np.log(np.where(below > 0, ndtr(-below) - ndtr(-above), ndtr(above) - ndtr(below)))

    return Distribution(1, 1, sample, lambda: mean_log_ratio(log_ratio))
