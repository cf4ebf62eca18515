"""Contrasts of mean planes: of trainings that start from the same weights, or of two estimators."""

from collections.abc import Callable

import numpy as np

from .parts import Evidence
from .runs import CompleteRuns
from .windows import Floats


def common_windows(*sources: CompleteRuns) -> list[Floats]:
    """The planes of each source in the windows that all have: (run, window, layer, 2)."""
    common = set.intersection(*(set(runs.labels.tolist()) for runs in sources))
    return [runs.plane[:, np.isin(runs.labels, list(common))] for runs in sources]


def between_planes(
    planes: list[Floats], value_of: Callable[..., Floats], note: str = ""
) -> Evidence:
    """A value of mean planes of the same runs, (resample, window, layer, 2) each."""
    shape = planes[0].shape[1:]
    samples = [plane.reshape(len(plane), -1) for plane in planes]
    return Evidence(
        samples,
        lambda *rows: value_of(*(row.reshape(-1, *shape) for row in rows)),
        note=note,
        paired=True,
    )
