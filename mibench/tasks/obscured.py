"""Dependence that the usual coordinates hide.

Linear maps of heavy-tailed columns, many classes in many columns, a few rows with a strong
dependence among independent ones, and noise that takes two values.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task
from .mixtures import Mixture, sample_mixture
from .network import directions
from .normal import equal_covariance, normal_information

Array = NDArray[np.float64]

# I(X;Y) in nats; tests/hard_recomputed.py recomputes them by quadrature. With half the step they
# differ by at most 1e-10.
CLASSES_NATS = {(20, 2.9): 2.4456289883}
RARE_NATS = {(0.05, 0.9995): 0.155043985975}
TWO_VALUED_NATS = {(0.1, 0.001): 6.219583758097}
ERROR = 1e-10


def mixing_matrix(columns: int, seed: int) -> Array:
    """A fixed matrix with normal entries (columns, columns); of seeds 7 and 9: condition 10."""
    return np.random.RandomState(seed).standard_normal((columns, columns))


def sample_mixed(
    n: int,
    rng: np.random.Generator,
    *,
    columns: int,
    correlation: float,
    source: Callable[[Array], Array],
) -> Sample:
    """Draw normal pairs x and y (n, columns), map each value, and mix the columns of each side."""
    u, z = rng.standard_normal((2, n, columns))
    v = correlation * u + (1 - correlation**2) ** 0.5 * z
    return source(u) @ mixing_matrix(columns, 7), source(v) @ mixing_matrix(columns, 9)


def cube(u: Array) -> Array:
    """The third power."""
    return u**3


def sample_classes(n: int, rng: np.random.Generator, *, classes: int, length: float) -> Sample:
    """Draw x (n, classes), normal about one of as many orthogonal centres, and its label y (n, 1).

    The centres have the given length; they are rotated, so that each shows in all columns.
    """
    label = rng.integers(classes, size=n)
    centres = length * directions(classes, classes, 6)
    return centres[label] + rng.standard_normal((n, classes)), label[:, None]


def rare_part(share: float, correlation: float) -> Mixture:
    """Two pairs, correlated in a share of the rows, and independent in the others."""
    pair = np.kron(equal_covariance(2, correlation), np.eye(2))
    return Mixture(np.array([share, 1 - share]), np.zeros((2, 4)), np.array([pair, np.eye(4)]))


def sample_two_valued_noise(
    n: int, rng: np.random.Generator, *, step: float, noise: float
) -> Sample:
    """Draw a normal x and y (n, 1) = x + step or x - step, with a little normal noise."""
    x, z = rng.standard_normal((2, n, 1))
    return x, x + step * rng.choice([-1.0, 1.0], size=(n, 1)) + noise * z


def tasks() -> list[Task]:
    """Mixed sources, classes, a rare part, and noise of two values."""
    pairs = 5 * normal_information(equal_covariance(2, 0.8), 1)
    sources: tuple[tuple[str, Callable[[Array], Array]], ...] = (
        ("cubes", cube),
        ("exponentials", np.exp),
    )
    return [
        *(
            Task(
                name=f"mixed-{kind}-5-5-0.8",
                dim_x=5,
                dim_y=5,
                mi_nats=pairs,
                sampler=partial(sample_mixed, columns=5, correlation=0.8, source=source),
                source="I of five normal pairs: invertible maps leave it as it is",
            )
            for kind, source in sources
        ),
        *(
            Task(
                name=f"classes-{classes}-{classes}-{length}",
                dim_x=classes,
                dim_y=1,
                mi_nats=nats,
                sampler=partial(sample_classes, classes=classes, length=length),
                source="I = log m - E log(sum of density ratios), by its Laplace transform",
                discrete_y=True,
                mi_error_nats=ERROR,
            )
            for (classes, length), nats in CLASSES_NATS.items()
        ),
        *(
            Task(
                name=f"rare_part-2-2-{share}-{correlation}",
                dim_x=2,
                dim_y=2,
                mi_nats=nats,
                sampler=partial(sample_mixture, mixture=rare_part(share, correlation), dim_x=2),
                source="I = E of the log-ratio, whose distribution is known, by quadrature",
                mi_error_nats=ERROR,
            )
            for (share, correlation), nats in RARE_NATS.items()
        ),
        *(
            Task(
                name=f"two_valued_noise-{step}-{noise}",
                dim_x=1,
                dim_y=1,
                mi_nats=nats,
                sampler=partial(sample_two_valued_noise, step=step, noise=noise),
                source="I = h(Y) - h(noise), both of two normal distributions, by quadrature",
                mi_error_nats=ERROR,
            )
            for (step, noise), nats in TWO_VALUED_NATS.items()
        ),
    ]
