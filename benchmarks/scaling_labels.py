"""Place names next to the ends of lines, where they hide as little as possible."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from numpy.typing import NDArray

Places = NDArray[np.float64]  # (points, 2), in typographic points
Box = tuple[float, float, float, float]  # left, bottom, right, top

GAP = 7.0  # points between the end of a line and its name
MAX_SHIFT = 45  # points by which a name may be moved up or down
MARGIN = 3.0  # points around a name, about half of a marker
STEPS = np.linspace(0, 1, 25)
# What a place costs: each point of a line under the name, a name that stands above a name of a
# higher line, a name under it, a marker under it, and a part of it outside the panel.
ON_LINE, DISORDER, ON_NAME, ON_MARKER, OUTSIDE = 3, 200, 1e3, 2e3, 1e4


def settle(figure: Figure) -> None:
    """Fix the panels where the layout has put them."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def separate(figure: Figure, axes: Axes, labels: list[Annotation]) -> None:
    """Move the names in a panel apart, by their offsets from the ends of lines. After `settle`."""
    if not labels:
        return
    points = 72 / figure.dpi
    data = [np.asarray(line.get_xydata(), float) for line in axes.lines]
    lines = np.concatenate([_along(line, axes) for line in data]) * points
    markers = axes.transData.transform(np.concatenate(data)) * points
    frame = axes.get_window_extent()
    room = (frame.x0 * points, frame.y0 * points, frame.x1 * points, frame.y1 * points + GAP)
    taken: list[Box] = []
    lowest: dict[float, float] = {}  # bottom of the lowest name among lines that end at the same x
    for label in sorted(labels, key=lambda label: (label.xy[0], -label.xy[1])):
        extent = label.get_window_extent()
        wide, high = extent.width * points, extent.height * points
        x, y = axes.transData.transform(label.xy) * points
        options = []
        for effort, dx, dy in _offsets(wide):
            left, bottom = x + dx, y + dy - high / 2
            box = (left, bottom, left + wide, bottom + high)
            cost = effort + ON_LINE * _hidden(lines, box) + ON_MARKER * _hidden(markers, box)
            cost += ON_NAME * sum(_meet(box, t) for t in taken)
            cost += OUTSIDE * (not _inside(box, room)) + DISORDER * (bottom > lowest.get(x, np.inf))
            options.append((cost, (dx, dy), box))
        _, label.xyann, box = min(options)
        taken.append(box)
        lowest[x] = box[1]


def _offsets(wide: float) -> Iterator[tuple[float, float, float]]:
    """Places for a name: cost, and offset of its left end and of its middle from the line."""
    for effort, dx, lowest in (
        (0, GAP, -MAX_SHIFT),
        (1, -wide / 2, 9),
        (3, -GAP - wide, -MAX_SHIFT),
    ):
        for dy in range(lowest, MAX_SHIFT + 1, 3):
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
    """Whether two names touch, or stand so close that they read as one."""
    beside = a[0] < b[2] + MARGIN and b[0] < a[2] + MARGIN
    return beside and a[1] < b[3] and b[1] < a[3]


def _inside(a: Box, b: Box) -> bool:
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]
