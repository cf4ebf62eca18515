"""An endless source of distributions whose MI is known: the tasks `random-judge-0`, `-1`, ...

Three streams (train, calibrate, judge) share no family of distributions. What is fitted on one can
be tried on another, and an estimator cannot be tuned to data that it will meet.
"""

import re
from functools import lru_cache, partial

import numpy as np

from ...types import Sample, Task
from .streams import STREAMS, draw

__all__ = ["STREAMS", "family_of", "is_random", "random_task"]

_NAME = re.compile(rf"random-({'|'.join(STREAMS)})-(0|[1-9]\d{{0,8}})")


def is_random(name: str) -> bool:
    """Whether a task of this name is drawn at random: `random-<stream>-<seed>`."""
    return _NAME.fullmatch(name) is not None


def family_of(name: str) -> str:
    """The family of a random task, such as "plackett_vine"."""
    return draw(*_parts(name)).family


@lru_cache(maxsize=4096)
def random_task(name: str) -> Task:
    """The task of a name such as `random-judge-17`, with its MI. It may take a second."""
    stream, seed = _parts(name)
    drawn = draw(stream, seed)
    distribution = drawn.distribution
    nats, error = distribution.information()
    return Task(
        name=name,
        dim_x=distribution.dim_x,
        dim_y=distribution.dim_y,
        mi_nats=nats,
        mi_error_nats=error,
        sampler=partial(_sample, stream=stream, seed=seed),
        source=f"family {drawn.family} of the stream {stream}; see docs/intervals.md",
        discrete_x=distribution.discrete_x,
        discrete_y=distribution.discrete_y,
        version=STREAMS[stream].version,
    )


def _parts(name: str) -> tuple[str, int]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no random task: write random-<stream>-<seed>")
    return match[1], int(match[2])


def _sample(n: int, rng: np.random.Generator, *, stream: str, seed: int) -> Sample:
    return draw(stream, seed).distribution.sampler(n, rng)
