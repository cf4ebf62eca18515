"""Channels and Zipf's distribution: both sides are labels, and the MI is a finite sum."""

from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Sampler, Task

BOOK = "Cover & Thomas, Elements of Information Theory, doi:10.1002/047174882X"
SYMMETRIC = f"I = log m - H(Y|X), symmetric channel with uniform input: {BOOK}, section 7.2"
ERASURE = f"I = (1 - e) log m, erasure channel with uniform input: {BOOK}, section 7.1.5"
Z = f"I = H(Y) - H(Y|X) of two binary entropies: {BOOK}, chapter 7"
ZIPF = f"I = sum of p log p / (p_x p_y) over the joint table: {BOOK}, chapter 2"


def channel_information(symbols: int, error: float) -> float:
    """I(X;Y) in nats of the channel below: Y is uniform, so I = log m - H(Y|X).

    Given X, Y = X has probability 1 - error, and each of the m - 1 other symbols error / (m - 1).
    """
    right, wrong = 1 - error, error / (symbols - 1)
    return log(symbols) + right * log(right) + error * log(wrong)


def sample_channel(n: int, rng: np.random.Generator, *, symbols: int, error: float) -> Sample:
    """Draw x (n, 1), a uniform symbol, and y (n, 1): x, or another with probability error."""
    x = rng.integers(symbols, size=(n, 1))
    # Adding 1 .. m - 1 modulo m reaches each other symbol once, and never x itself.
    shift = rng.integers(1, symbols, size=(n, 1))
    return x, (x + shift * (rng.random((n, 1)) < error)) % symbols


def sample_erasure(n: int, rng: np.random.Generator, *, symbols: int, error: float) -> Sample:
    """Draw x (n, 1), a uniform symbol, and y (n, 1): x, or the label m with probability error."""
    x = rng.integers(symbols, size=(n, 1))
    return x, np.where(rng.random((n, 1)) < error, symbols, x)


def z_information(error: float) -> float:
    """I(X;Y) in nats for a fair bit X: a 1 is flipped with probability error, a 0 never."""
    return _binary_entropy((1 - error) / 2) - _binary_entropy(error) / 2


def _binary_entropy(p: float) -> float:
    return -p * log(p) - (1 - p) * log(1 - p)


def sample_z(n: int, rng: np.random.Generator, *, error: float) -> Sample:
    """Draw x (n, 1), a fair bit, and y (n, 1): x, but a 1 becomes 0 with probability error."""
    x = rng.integers(2, size=(n, 1))
    return x, x * (rng.random((n, 1)) >= error)


def zipf(symbols: int) -> NDArray[np.float64]:
    """Zipf's distribution (symbols,): probabilities proportional to 1, 1/2, 1/3, ..."""
    weights: NDArray[np.float64] = 1 / np.arange(1, symbols + 1)
    weights /= weights.sum()
    return weights


def zipf_information(symbols: int, error: float) -> float:
    """I(X;Y) in nats for X of Zipf's distribution; Y = X, or drawn anew with probability error.

    p(x, y) = p(x) ((1 - error) [y = x] + error p(y)) has margins p on both sides, so that the ratio
    p(x, y) / p(x) p(y) is error if y differs from x, and error + (1 - error) / p(x) if y = x.
    """
    p = zipf(symbols)
    same = p * (1 - error + error * p)
    ratio = error + (1 - error) / p
    return float((same * np.log(ratio)).sum() + (1 - same.sum()) * log(error))


def sample_zipf(n: int, rng: np.random.Generator, *, symbols: int, error: float) -> Sample:
    """Draw x (n, 1) of Zipf's distribution, and y (n, 1): x, or redrawn with probability error."""
    x, independent = rng.choice(symbols, size=(2, n, 1), p=zipf(symbols))
    return x, np.where(rng.random((n, 1)) < error, independent, x)


def tasks() -> list[Task]:
    """Symmetric channels, an erasure channel, a Z-channel, and many rare symbols."""

    def labels(name: str, mi_nats: float, sampler: Sampler, source: str) -> Task:
        return Task(name, 1, 1, mi_nats, sampler, source, discrete_x=True, discrete_y=True)

    return [
        *(
            labels(
                name,
                channel_information(symbols, error),
                partial(sample_channel, symbols=symbols, error=error),
                SYMMETRIC,
            )
            for name, symbols, error in (
                ("binary-symmetric-0.1", 2, 0.1),
                ("symmetric-channel-8-0.2", 8, 0.2),
            )
        ),
        labels(
            "erasure-channel-8-0.25",
            (1 - 0.25) * log(8),
            partial(sample_erasure, symbols=8, error=0.25),
            ERASURE,
        ),
        labels("z-channel-0.3", z_information(0.3), partial(sample_z, error=0.3), Z),
        *(
            labels(
                f"zipf-{symbols}-0.5",
                zipf_information(symbols, 0.5),
                partial(sample_zipf, symbols=symbols, error=0.5),
                ZIPF,
            )
            for symbols in (100, 1000)
        ),
    ]
