"""Names beside the ends of lines, where they hide least of the lines and of each other."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from numpy.typing import NDArray

Places = NDArray[np.float64]  # (points, 2), in typographic points
Box = tuple[float, float, float, float]  # left, bottom, right, top

ASIDE = 7.0  # points between the end of a line and its name
REACH = 27  # points by which a name may be moved up or down
MARGIN = 3.0  # points around a name, about the size of a marker
STEPS = np.concatenate([np.linspace(0, 1, 25), np.zeros(4), np.ones(4)])  # markers weigh more


def settle(figure: Figure) -> None:
    """Let the panels stay where the layout has put them."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def part(figure: Figure, axes: Axes, labels: list[Annotation]) -> None:
    """Move the names of a panel's lines apart, by their offsets from the ends; after `settle`."""
    if not labels:
        return
    points = 72 / figure.dpi
    data = [np.asarray(line.get_xydata(), float) for line in axes.lines]
    lines = np.concatenate([_along(one, axes) for one in data]) * points
    frame = axes.get_window_extent()
    room = (frame.x0 * points, frame.y0 * points, frame.x1 * points, frame.y1 * points + ASIDE)
    taken: list[Box] = []
    lowest: dict[float, float] = {}  # of the names of lines that end at the same x
    for label in sorted(labels, key=lambda one: (one.xy[0], -one.xy[1])):
        extent = label.get_window_extent()
        wide, high = extent.width * points, extent.height * points
        x, y = axes.transData.transform(label.xy) * points
        options = []
        for effort, dx, dy in _offsets(wide):
            left, bottom = x + dx, y + dy - high / 2
            box = (left, bottom, left + wide, bottom + high)
            cost = effort + 3 * _hidden(lines, box) + 1e3 * sum(_meet(box, t) for t in taken)
            cost += 1e4 * (not _within(box, room)) + 200 * (bottom > lowest.get(x, np.inf))
            options.append((cost, (dx, dy), box))
        _, label.xyann, box = min(options)
        taken.append(box)
        lowest[x] = box[1]


def _offsets(wide: float) -> Iterator[tuple[float, float, float]]:
    """Places for a name: what each costs, and its left end and middle from the line's end."""
    for effort, dx, least in ((0, ASIDE, -REACH), (1, -wide / 2, 9), (3, -ASIDE - wide, -REACH)):
        for dy in range(least, REACH + 1, 3):
            yield effort + dy**2 / 30, dx, float(dy)


def _along(data: Places, axes: Axes) -> Places:
    """Places along a line, in pixels."""
    corners = axes.transData.transform(data)
    steps = STEPS[:, None, None]
    return np.asarray((corners[:-1] + steps * (corners[1:] - corners[:-1])).reshape(-1, 2))


def _hidden(places: Places, box: Box) -> int:
    left, bottom, right, top = box
    inside = (places > (left - MARGIN, bottom - MARGIN)) & (places < (right + MARGIN, top + MARGIN))
    return int(inside.all(axis=1).sum())


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _within(a: Box, b: Box) -> bool:
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]
