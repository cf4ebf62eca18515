"""The tasks of `images`, read back from their pixels, and their MI by quadrature.

Nothing here comes from mibench, so that an error there is not repeated here.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .hard_recomputed import pair_information

Array = NDArray[np.float64]

COUNTS = {"blobs": 2, "rectangles": 4}
NAMES = [
    *(f"images-{shape}-{shape}-16-{nats}" for shape in COUNTS for nats in (0.0, 1.0, 3.0)),
    *(f"images-{shape}-{shape}-28-{nats}" for shape in COUNTS for nats in (1.0, 3.0)),
    *(f"images-blobs-rectangles-{size}-1.0" for size in (16, 28)),
]


def _parts(name: str) -> tuple[str, str, int, float, int]:
    """Shapes, pixels a side, correlation, and the number of correlated parameters."""
    _, x, y, size, nats = name.split("-")
    shared = min(COUNTS[x], COUNTS[y])
    return x, y, int(size), float(np.sqrt(-np.expm1(-2 * float(nats) / shared))), shared


def blob_parameters(pictures: Array, size: int) -> Array:
    """The middle of each blob: the log of a Gaussian falls by a linear function of its middle."""
    images = np.log(pictures.reshape(-1, size, size))
    pixel = (np.arange(size) + 0.5) / size
    half = size // 2
    middles = []
    for fall in (images[:, half, half] - images[:, half, half + 1],
                 images[:, half, half] - images[:, half + 1, half]):  # fmt: skip
        step = pixel[half + 1] - pixel[half]
        middles.append((pixel[half] + pixel[half + 1]) / 2 - fall * 0.12**2 / step)
    return (np.stack(middles, axis=1) - 0.25) / 0.5


def rectangle_parameters(pictures: Array, size: int) -> Array:
    """The edges and lengths: a row inside the rectangle shows how much of each column it covers."""
    images = pictures.reshape(-1, size, size)
    edges, lengths = [], []
    for covered in (images.max(axis=1), images.max(axis=2)):
        first = (covered > 0).argmax(axis=1)
        edges.append(first + 1 - covered[np.arange(len(covered)), first])
        lengths.append(covered.sum(axis=1))
    left_top, width_height = (np.stack(v, axis=1) / size for v in (edges, lengths))
    return np.hstack([left_top / 0.4, (width_height - 0.2) / 0.35])


READ: dict[str, Callable[[Array, int], Array]] = {
    "blobs": blob_parameters, "rectangles": rectangle_parameters,
}  # fmt: skip


def parameters_of(name: str, x: Array, y: Array) -> tuple[Array, Array]:
    """The parameters of both pictures, each uniform on (0, 1)."""
    of_x, of_y, size, _, _ = _parts(name)
    return READ[of_x](x, size), READ[of_y](y, size)


def _information(name: str) -> float:
    *_, r, shared = _parts(name)
    return shared * pair_information(r)


# 1e-10: the rule of Gauss and Hermite for each normal pair, as for the other tasks.
EXACT: dict[str, tuple[Callable[[], float], float]] = {
    name: (lambda name=name: _information(name), 1e-10) for name in NAMES
}


def log_ratio(name: str, x: Array, y: Array) -> Array:
    """The log density ratio of the parameters that the pixels show, (n,)."""
    *_, r, shared = _parts(name)
    a, b = (
        special.ndtri(np.clip(side[:, :shared], 1e-12, 1 - 1e-12))
        for side in parameters_of(name, x, y)
    )
    quadratic = (r**2 * (a**2 + b**2) - 2 * r * a * b) / (2 * (1 - r**2))
    return np.asarray(-(quadratic + 0.5 * np.log(1 - r**2)).sum(axis=1))
