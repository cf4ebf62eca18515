"""Symmetric channels: both sides are labels, and the MI is a finite sum."""

from functools import partial
from math import log

import numpy as np

from ..types import Sample, Task

SOURCE = (
    "I = log m - H(Y|X), symmetric channel with uniform input: Cover & Thomas, "
    "Elements of Information Theory, doi:10.1002/047174882X, section 7.2"
)


def channel_information(symbols: int, error: float) -> float:
    """I(X;Y) in nats of the channel below: Y is uniform, so I = log m - H(Y|X).

    Given X, the symbol sent has probability 1 - error and each of the m - 1 others error / (m - 1).
    """
    right, wrong = 1 - error, error / (symbols - 1)
    return log(symbols) + right * log(right) + error * log(wrong)


def sample_channel(n: int, rng: np.random.Generator, *, symbols: int, error: float) -> Sample:
    """Draw x (n, 1), a uniform symbol, and y (n, 1), x or with probability error another one."""
    x = rng.integers(symbols, size=(n, 1))
    # Adding 1 .. m - 1 modulo m reaches each other symbol once and never the one sent.
    shift = rng.integers(1, symbols, size=(n, 1))
    return x, (x + shift * (rng.random((n, 1)) < error)) % symbols


def tasks() -> list[Task]:
    """The binary symmetric channel and one of eight symbols."""
    return [
        Task(
            name=name,
            dim_x=1,
            dim_y=1,
            mi_nats=channel_information(symbols, error),
            sampler=partial(sample_channel, symbols=symbols, error=error),
            source=SOURCE,
            discrete_x=True,
            discrete_y=True,
        )
        for name, symbols, error in (
            ("binary-symmetric-0.1", 2, 0.1),
            ("symmetric-channel-8-0.2", 8, 0.2),
        )
    ]
