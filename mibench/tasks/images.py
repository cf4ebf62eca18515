"""Pictures of a blob or of a rectangle, whose place and size are the only things that vary.

A picture shows d parameters, each uniform on (0, 1): the place of a blob (d = 2), or the left edge,
the top edge, the width and the height of a rectangle (d = 4). The parameters can be read from the
pixels, so a picture carries the same information as its parameters. Parameter k of X and parameter
k of Y come from a pair of normals of correlation r; all other pairs are independent. There is no
noise on the pixels. So

    I(X;Y) = -(d / 2) log(1 - r^2),    d the smaller number of parameters.

Butakov et al. 2024, arXiv:2305.08013, and their package mutinfo test estimators with such pictures.
"""

from collections.abc import Callable
from functools import partial
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task
from .transformed import to_uniform

Array = NDArray[np.float64]

SPREAD = 0.12  # standard deviation of a blob, in widths of the picture
BLOB_REACH = 0.25, 0.75  # where the middle of a blob may be
EDGE_REACH = 0.0, 0.4  # where a rectangle may begin
LENGTH_REACH = 0.2, 0.55  # its width and height: 3 pixels at least, of 16


def within(reach: tuple[float, float], parameter: Array) -> Array:
    """A parameter on (0, 1), mapped to a range."""
    return reach[0] + (reach[1] - reach[0]) * parameter


def blob(parameters: Array, size: int) -> Array:
    """Pictures (n, size^2) of a round blob, brightest at its middle; parameters (n, 2)."""
    pixel = (np.arange(size) + 0.5) / size
    middle = within(BLOB_REACH, parameters)
    across, down = (
        np.exp(-0.5 * ((pixel - middle[:, [k]]) / SPREAD) ** 2) for k in range(2)
    )  # (n, size) each
    return (down[:, :, None] * across[:, None, :]).reshape(len(parameters), -1)


def rectangle(parameters: Array, size: int) -> Array:
    """Pictures (n, size^2) of a rectangle: the share of each pixel that it covers.

    parameters (n, 4): left, top, width, height.
    """
    pixel = np.arange(size)

    def covered(edge: Array, length: Array) -> Array:  # (n, 1) each, in pixels
        overlap = np.minimum(edge + length, pixel + 1) - np.maximum(edge, pixel)
        return np.asarray(np.clip(overlap, 0, 1))

    edges = size * within(EDGE_REACH, parameters[:, :2])
    lengths = size * within(LENGTH_REACH, parameters[:, 2:])
    across, down = (covered(edges[:, [k]], lengths[:, [k]]) for k in range(2))
    return (down[:, :, None] * across[:, None, :]).reshape(len(parameters), -1)


SHAPES: dict[str, tuple[int, Callable[[Array, int], Array]]] = {
    "blobs": (2, blob),
    "rectangles": (4, rectangle),
}
# Shape of X, shape of Y, pixels a side, MI in nats.
PICTURES = (
    ("blobs", "blobs", 16, 0.0),
    ("blobs", "blobs", 16, 1.0),
    ("blobs", "blobs", 16, 3.0),
    ("blobs", "blobs", 28, 1.0),
    ("blobs", "blobs", 28, 3.0),
    ("rectangles", "rectangles", 16, 0.0),
    ("rectangles", "rectangles", 16, 1.0),
    ("rectangles", "rectangles", 16, 3.0),
    ("rectangles", "rectangles", 28, 1.0),
    ("rectangles", "rectangles", 28, 3.0),
    ("blobs", "rectangles", 16, 1.0),
    ("blobs", "rectangles", 28, 1.0),
)


def sample_pictures(
    n: int, rng: np.random.Generator, *, x: str, y: str, size: int, correlation: float
) -> Sample:
    """Draw pictures x and y (n, size^2), whose first parameters are correlated pairwise."""
    (count_x, draw_x), (count_y, draw_y) = SHAPES[x], SHAPES[y]
    of_x, of_y = rng.standard_normal((n, count_x)), rng.standard_normal((n, count_y))
    shared = min(count_x, count_y)
    of_y[:, :shared] *= sqrt(1 - correlation**2)
    of_y[:, :shared] += correlation * of_x[:, :shared]
    return draw_x(to_uniform(of_x), size), draw_y(to_uniform(of_y), size)


def name_of(x: str, y: str, size: int, nats: float) -> str:
    """The name of a task, such as "images-blobs-rectangles-16-1.0"."""
    return f"images-{x}-{y}-{size}-{nats}"


def tasks() -> list[Task]:
    """Pairs of pictures of 16 x 16 and 28 x 28 pixels, with 0 to 3 nats."""
    return [
        Task(
            name=name_of(x, y, size, nats),
            dim_x=size**2,
            dim_y=size**2,
            mi_nats=nats,
            sampler=partial(
                sample_pictures, x=x, y=y, size=size,
                correlation=sqrt(1 - exp(-2 * nats / min(SHAPES[x][0], SHAPES[y][0]))),
            ),
            source="I = -(d / 2) log(1 - r^2) of the parameters, which the pixels show exactly",
        )
        for x, y, size, nats in PICTURES
    ]  # fmt: skip
