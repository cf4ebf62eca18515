"""Functions of several columns with noise: Y = f(X) + noise, which no pair of columns shows.

I(X;Y) = h(Y) - h(noise). Where f(X) is normal or uniform this is closed; otherwise the density of Y
is a quadrature over f(X). The columns of X are standard normal, unless stated.
"""

from collections.abc import Callable
from functools import partial
from math import log, pi

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Sampler, Task
from .discrete import channel_information
from .network import directions

Array = NDArray[np.float64]
Function = Callable[[Array], Array]  # rows (n, columns) -> values (n,)

# I(X;Y) in nats. tests/hard_recomputed.py recomputes them: the entropy of Y, a mixture of normal
# distributions over the nodes of a quadrature. With half the step they differ by at most 1e-11.
KNOWN_NATS = {
    "wave-10-4-0.2": 1.154235763040,
    "line_and_wave-5-0.4-4-0.22": 1.314989761909,
    "product-20-2-0.3": 1.127038337260,
    "product-10-3-0.3": 0.938504811472,
    "maximum-20-0.2": 1.019707373657,
    "square-1.0": 0.429872232451,
    "norm_ratio-10-0.11": 1.525871531780,
    "line_and_xor-20-0.4-0.19": 1.750236066567,
    "friedman-10-1.0": 1.599182527940,
    "parity-10-3-noise-0.7": 0.504726051459,
}
ERROR = 1e-11
QUADRATURE = "I = h(Y) - h(noise), the density of Y by quadrature over f(X)"


# --- functions ----------------------------------------------------------------------------------


def wave(x: Array, *, line: float, frequency: float) -> Array:
    """A sine along one oblique direction, and a line along another, orthogonal one."""
    first, second = directions(2, x.shape[1], 4)
    return np.asarray(np.sin(frequency * (x @ first)) + line * (x @ second))


def product(x: Array, *, factors: int) -> Array:
    """The product of the first columns."""
    return np.asarray(x[:, :factors].prod(axis=1))


def maximum(x: Array) -> Array:
    """The largest of all columns."""
    return np.asarray(x.max(axis=1))


def norm_ratio(x: Array) -> Array:
    """The logarithm of the length of the first half of the columns over that of the second."""
    half = x.shape[1] // 2
    squares = x**2
    return np.asarray(np.log(squares[:, :half].sum(axis=1) / squares[:, half:].sum(axis=1)) / 2)


def line_and_xor(x: Array, *, step: float) -> Array:
    """The first column, and a step up or down: whether the signs of two others agree."""
    return x[:, 0] + step * np.sign(x[:, 1] * x[:, 2])


def gate(x: Array) -> Array:
    """The second column if the first is positive, else the third."""
    return np.where(x[:, 0] > 0, x[:, 1], x[:, 2])


def friedman(x: Array) -> Array:
    """10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5: doi:10.1214/aos/1176347963."""
    curved = 10 * np.sin(pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
    return curved + 10 * x[:, 3] + 5 * x[:, 4]


def parity(x: Array) -> Array:
    """The product of the signs of the first three columns."""
    return np.asarray(np.sign(x[:, :3].prod(axis=1)))


# --- samplers -----------------------------------------------------------------------------------


def sample_function(
    n: int,
    rng: np.random.Generator,
    *,
    function: Function,
    columns: int,
    noise: float,
    uniform: bool = False,
) -> Sample:
    """Draw x (n, columns), standard normal or uniform on (0, 1), and y (n, 1) with normal noise."""
    x = rng.random((n, columns)) if uniform else rng.standard_normal((n, columns))
    return x, function(x)[:, None] + noise * rng.standard_normal((n, 1))


def sample_rotated_wave(
    n: int, rng: np.random.Generator, *, columns: int, frequency: float, noise: float
) -> Sample:
    """Draw x (n, columns), and y (n, columns): a wave and normal columns of noise, rotated."""
    wave_of = partial(wave, line=0.0, frequency=frequency)
    x, y = sample_function(n, rng, function=wave_of, columns=columns, noise=noise)
    beside = rng.standard_normal((n, columns - 1))
    return x, np.hstack([y, beside]) @ directions(columns, columns, 5)


def sample_squares(n: int, rng: np.random.Generator, *, columns: int, noise: float) -> Sample:
    """Draw x (n, columns) and y (n, columns): the square of each column, with normal noise."""
    x, z = rng.standard_normal((2, n, columns))
    return x, x**2 + noise * z


def sample_parity_label(n: int, rng: np.random.Generator, *, columns: int, error: float) -> Sample:
    """Draw x (n, columns) and the label y (n, 1): 1 if parity is positive, flipped by error."""
    x = rng.standard_normal((n, columns))
    return x, ((parity(x) > 0) ^ (rng.random(n) < error)).astype(np.int64)[:, None]


def sample_sum_modulo(n: int, rng: np.random.Generator, *, columns: int, width: float) -> Sample:
    """Draw x (n, columns) uniform on (0, 1), and y (n, 1): sum + uniform noise, modulo 1."""
    x = rng.random((n, columns))
    return x, (x.sum(axis=1, keepdims=True) + width * rng.random((n, 1))) % 1


# --- tasks --------------------------------------------------------------------------------------


def _known(name: str, columns: int, noise: float, function: Function) -> Task:
    sampler = partial(
        sample_function,
        function=function,
        columns=columns,
        noise=noise,
        uniform=function is friedman,
    )
    return Task(name, columns, 1, KNOWN_NATS[name], sampler, QUADRATURE, mi_error_nats=ERROR)


def _closed(
    name: str, dims: tuple[int, int], nats: float, sampler: Sampler, how: str, label: bool = False
) -> Task:
    return Task(name, *dims, nats, sampler, how, discrete_y=label)


def tasks() -> list[Task]:
    """Waves, products, maxima, gates, parities, sums modulo 1, and many pairs of squares."""
    wave_nats, square_nats = KNOWN_NATS["wave-10-4-0.2"], KNOWN_NATS["square-1.0"]
    return [
        _known("wave-10-4-0.2", 10, 0.2, partial(wave, line=0.0, frequency=4.0)),
        Task(
            name="rotated_wave-6-6-4-0.2",
            dim_x=6,
            dim_y=6,
            mi_nats=wave_nats,
            sampler=partial(sample_rotated_wave, columns=6, frequency=4.0, noise=0.2),
            source=f"{QUADRATURE}; columns of noise and a rotation leave it as it is",
            mi_error_nats=ERROR,
        ),
        _known("line_and_wave-5-0.4-4-0.22", 5, 0.22, partial(wave, line=0.4, frequency=4.0)),
        _known("product-20-2-0.3", 20, 0.3, partial(product, factors=2)),
        _known("product-10-3-0.3", 10, 0.3, partial(product, factors=3)),
        _known("maximum-20-0.2", 20, 0.2, maximum),
        _known("norm_ratio-10-0.11", 10, 0.11, norm_ratio),
        _known("line_and_xor-20-0.4-0.19", 20, 0.19, partial(line_and_xor, step=0.4)),
        _known("friedman-10-1.0", 10, 1.0, friedman),
        _known("parity-10-3-noise-0.7", 10, 0.7, parity),
        *(
            _closed(
                f"parity-10-3-error-{error}", (10, 1),
                channel_information(2, error) if error else log(2),
                partial(sample_parity_label, columns=10, error=error),
                "I = log 2 - H(error)", label=True,
            )
            for error in (0.0, 0.05)
        ),
        _closed(
            "gate-10-0.2", (10, 1), log(1 + 0.2**-2) / 2,
            partial(sample_function, function=gate, columns=10, noise=0.2),
            "I = 1/2 log(1 + 1 / noise^2), since f(X) is standard normal",
        ),
        *(
            _closed(
                f"sum_modulo-{columns}-0.25", (columns, 1), log(4),
                partial(sample_sum_modulo, columns=columns, width=0.25),
                "I = -log(width), since Y is uniform on (0, 1)",
            )
            for columns in (3, 5)
        ),
        *(
            Task(
                name=f"squares-{columns}-{columns}-1.0",
                dim_x=columns,
                dim_y=columns,
                mi_nats=columns * square_nats,
                sampler=partial(sample_squares, columns=columns, noise=1.0),
                source=f"{QUADRATURE}; a sum over independent pairs",
                mi_error_nats=columns * ERROR,
            )
            for columns in (5, 20)
        ),
    ]  # fmt: skip
