"""Three streams of random distributions that share no family: train, calibrate, judge.

A stream draws a family, its parameters, whether several independent copies stand side by side, and
the maps of each side. One distribution in ten is independent.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from ...types import Sample
from . import (
    copulas,
    counts,
    directions,
    functions,
    independent,
    labels,
    linear,
    mixtures,
    observed,
)
from . import maps as m
from .distribution import Distribution, Family, Generator

INDEPENDENT = 0.1  # share
JOINED = 0.25  # share of distributions of few columns that are several copies side by side
MOST_JOINED, MOST_COLUMNS_JOINED = 4, 3


@dataclass(frozen=True)
class Stream:
    """The families and increasing functions that a stream draws from.

    Attributes:
        families: the families of dependent sides.
        independent: the family of independent sides.
        margins: functions that columns are transformed by.
        more_maps: whether a side may be mapped by a random invertible network or wound into a
            spiral, and have columns doubled.
        version: raised when a distribution of the stream changes. Stores then compute it again.
    """

    families: tuple[Family, ...]
    independent: Family
    margins: tuple[m.Margin, ...]
    more_maps: bool = False
    version: int = 1


STREAMS: dict[str, Stream] = {
    "train": Stream(
        families=(
            linear.normal, copulas.clayton_vine, mixtures.normal_mixture, mixtures.clusters,
            functions.curve, functions.wave, functions.products, functions.friedman,
            directions.angles, labels.channel, labels.normal_classes, counts.poisson_sum,
            observed.shared_zeros, linear.common_scale,
        ),
        independent=independent.independent_normal,
        margins=(m.arcsinh, m.softsign),
    ),
    "calibrate": Stream(
        families=(
            linear.student, copulas.frank_vine, functions.uneven_noise, functions.gates,
            functions.modulo, directions.band, labels.confusion, labels.laplace_classes,
            counts.thinned, observed.censored,
        ),
        independent=independent.independent_tails,
        margins=(m.exponential, m.signed_power),
    ),
    "judge": Stream(
        families=(
            linear.common_factor, copulas.plackett_vine, mixtures.two_lines, functions.extremes,
            directions.unit_vectors, directions.ring, labels.split_labels, labels.student_classes,
            counts.common_rate, observed.rounded, functions.bounded_noise,
        ),
        independent=independent.independent_zeros,
        margins=(m.cube, m.steps),
        more_maps=True,
        version=2,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A random distribution, as it is observed, and the name of its family."""

    distribution: Distribution
    family: str


@lru_cache(maxsize=512)
def draw(stream: str, seed: int) -> Drawn:
    """The distribution of a stream and a seed: the same for each version of the stream."""
    kinds = STREAMS[stream]
    rng = np.random.default_rng([kinds.version, list(STREAMS).index(stream), seed])
    if rng.random() < INDEPENDENT:
        family = kinds.independent
    else:
        family = kinds.families[rng.integers(len(kinds.families))]
    distribution = family(rng)
    columns = max(distribution.dim_x, distribution.dim_y)
    labelled = distribution.discrete_x or distribution.discrete_y
    if columns <= MOST_COLUMNS_JOINED and not labelled and rng.random() < JOINED:
        more = [family(rng) for _ in range(rng.integers(1, MOST_JOINED))]
        distribution = _side_by_side([distribution, *more])
    return Drawn(_observed(distribution, kinds, rng), family.__name__)


def _side_by_side(parts: list[Distribution]) -> Distribution:
    """Independent distributions as one, whose MI is the sum."""

    def sample(n: int, rng: Generator) -> Sample:
        drawn = [part.sampler(n, rng) for part in parts]
        return np.hstack([x for x, _ in drawn]), np.hstack([y for _, y in drawn])

    def information() -> tuple[float, float]:
        mi_of_parts = [part.information() for part in parts]
        return sum(nats for nats, _ in mi_of_parts), sqrt(sum(error**2 for _, error in mi_of_parts))

    return Distribution(
        sum(part.dim_x for part in parts), sum(part.dim_y for part in parts), sample, information,
        free_x=all(part.free_x for part in parts), free_y=all(part.free_y for part in parts),
    )  # fmt: skip


def _observed(inner: Distribution, kinds: Stream, rng: Generator) -> Distribution:
    """The distribution after a random map of each side that is not a label."""
    map_x, map_y = (
        None if discrete else m.draw_map(rng, dims, free, kinds.margins, kinds.more_maps)
        for discrete, dims, free in (
            (inner.discrete_x, inner.dim_x, inner.free_x),
            (inner.discrete_y, inner.dim_y, inner.free_y),
        )
    )

    def sample(n: int, rng: Generator) -> Sample:
        x, y = inner.sampler(n, rng)
        return x if map_x is None else map_x(x, rng), y if map_y is None else map_y(y, rng)

    return Distribution(
        inner.dim_x if map_x is None else m.added_columns(map_x, inner.dim_x),
        inner.dim_y if map_y is None else m.added_columns(map_y, inner.dim_y),
        sample, inner.information, inner.discrete_x, inner.discrete_y, inner.free_x, inner.free_y,
    )  # fmt: skip
