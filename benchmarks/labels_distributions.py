"""Pairs of labels whose MI is known: what `benchmarks/labels.py` compares corrections on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from mibench.tasks import discrete

Rng = np.random.Generator
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Distribution:
    """A joint distribution of two labels with its MI in nats; draw(n, rng) gives x and y, (n,)."""

    group: str
    name: str
    mi_nats: float
    draw: Callable[[int, Rng], tuple[Labels, Labels]]


def independent(n: int, rng: Rng, kinds: tuple[int, int], zipf: tuple[bool, bool]) -> Any:
    """Independent labels, each side uniform or of Zipf's distribution."""
    return tuple(
        rng.choice(k, n, p=discrete.zipf(k)) if skewed else rng.integers(k, size=n)
        for k, skewed in zip(kinds, zipf, strict=True)
    )


def reduced(n: int, rng: Rng, kinds: tuple[int, int]) -> Any:
    """A uniform x, and its remainder y = x mod the number of kinds of y: a function of x."""
    x = rng.integers(kinds[0], size=n)
    return x, x % kinds[1]


def shared_rate(n: int, rng: Rng, mean: float, shape: float) -> Any:
    """Two Poisson counts that share a rate of the gamma distribution with that mean and shape."""
    rates = mean * rng.gamma(shape, size=n) / shape
    return rng.poisson(rates), rng.poisson(rates)


def shared_part(n: int, rng: Rng, common: float, own: float) -> Any:
    """Two Poisson counts z + a and z + b with means common of z, and own of a and of b."""
    z = rng.poisson(common, n)
    return z + rng.poisson(own, n), z + rng.poisson(own, n)


def of_task(n: int, rng: Rng, sampler: Any) -> Any:
    x, y = sampler(n, rng)
    return x.ravel(), y.ravel()


def mi_of_table(p: NDArray[np.float64]) -> float:
    """The MI in nats of a joint table of probabilities."""
    product = np.outer(p.sum(axis=1), p.sum(axis=0))
    cells = p > 0
    return float((p[cells] * np.log(p[cells] / product[cells])).sum())


def mi_of_shared_rate(mean: float, shape: float) -> float:
    """The joint probabilities are those of the negative multinomial distribution."""
    counts = np.arange(int(40 * mean / shape**0.5 + 60))
    total = counts[:, np.newaxis] + counts
    logs = gammaln(total + shape) - gammaln(shape) + total * log(mean / shape)
    logs -= gammaln(counts + 1)[:, np.newaxis] + gammaln(counts + 1)
    return mi_of_table(np.exp(logs - (total + shape) * log(1 + 2 * mean / shape)))


def mi_of_shared_part(common: float, own: float) -> float:
    counts = np.arange(int(common + own + 12 * (common + own) ** 0.5 + 20))
    shared, alone = (
        np.exp(counts * log(rate) - rate - gammaln(counts + 1)) for rate in (common, own)
    )
    table = np.zeros((len(counts), len(counts)))
    for z, probability in enumerate(shared):
        rest = alone[: len(counts) - z]
        table[z:, z:] += probability * np.outer(rest, rest)
    return mi_of_table(table)


def distributions() -> Iterator[Distribution]:
    """All distributions of the study, by groups."""
    for task in discrete.tasks():
        group = "zipf" if task.name.startswith("zipf") else "few labels"
        yield Distribution(group, task.name, task.mi_nats, partial(of_task, sampler=task.sampler))
    kinds = (2, 5, 26, 100, 300, 1000)
    for a in kinds:
        for b in (k for k in kinds if k >= a):
            for zipf in ((False, False), (False, True), (True, True)):
                name = f"independent-{a}-{b}-" + "".join("uz"[z] for z in zipf)
                draw = partial(independent, kinds=(a, b), zipf=zipf)
                yield Distribution("independent", name, 0.0, draw)
    for k in (26, 100, 300):
        for error in (0.2, 0.5, 0.8):
            mi = discrete.channel_information(k, error)
            sampler = partial(discrete.sample_channel, symbols=k, error=error)
            draw = partial(of_task, sampler=sampler)
            yield Distribution("channel", f"channel-{k}-{error}", mi, draw)
    for k in (100, 300):
        for error in (0.2, 0.8):
            mi = discrete.zipf_information(k, error)
            draw = partial(of_task, sampler=partial(discrete.sample_zipf, symbols=k, error=error))
            yield Distribution("zipf", f"zipf-{k}-{error}", mi, draw)
    for a, b in ((100, 100), (1000, 1000), (1000, 2), (1000, 10), (1000, 100)):
        draw = partial(reduced, kinds=(a, b))
        yield Distribution("function", f"function-{a}-{b}", log(b), draw)
    yield from counts()


def counts() -> Iterator[Distribution]:
    """Pairs of counts."""
    for mean in (2, 20, 60):
        name, mi = f"counts-rate-{mean}", mi_of_shared_rate(mean, 2)
        yield Distribution("counts", name, mi, partial(shared_rate, mean=mean, shape=2))
    for common, own in ((2, 1), (18, 2), (16, 4), (58, 2), (50, 10)):
        name, mi = f"counts-part-{common}-{own}", mi_of_shared_part(common, own)
        yield Distribution("counts", name, mi, partial(shared_part, common=common, own=own))
