"""Distributions with atoms: a label and a number, and numbers that repeat.

They have neither a density nor a table of probabilities, so an estimator that assumes one of these
is biased. Some of them are experiments of Gao et al. 2017, arXiv:1709.06212.
"""

from functools import partial
from math import log

import numpy as np

from ..types import Sample, Task
from .discrete import channel_information
from .normal import equal_covariance, normal_information, sample_normal

# I = log 2 - E log(1 + exp(-2 (1 + Z))), Z standard normal; tests/test_tasks.py recomputes it, as
# h(Y) - h(Y|X) by quadrature. In bits, 0.4859: a binary input on a Gaussian channel at 0 dB.
LABEL_NORMAL_NATS = 0.336830820347

# relu_information in tests/tasks_recomputed.py recomputes it by quadrature. The docstring of
# sample_relu says why there is no closed form.
RELU_NORMAL_NATS = 0.281468270306


def label_uniform_information(labels: int) -> float:
    """I(X;Y) in nats for a uniform label X in {0 .. m-1} and Y ~ U(X, X + 2).

    I = H(X) - H(X|Y). Neighbouring intervals overlap by half, so two labels are equally likely for
    a given Y (entropy log 2). Only in the outer half of the first or last interval, which has the
    probability 2 * 1/m * 1/2 = 1/m, Y determines the label: H(X|Y) = (m - 1)/m log 2.
    """
    return log(labels) - (labels - 1) / labels * log(2)


def sample_label_uniform(n: int, rng: np.random.Generator, *, labels: int) -> Sample:
    """Draw a label x (n, 1) and y (n, 1) uniform on (x, x + 2)."""
    x = rng.integers(labels, size=(n, 1))
    return x, x + rng.uniform(0, 2, size=(n, 1))


def sample_label_normal(n: int, rng: np.random.Generator) -> Sample:
    """Draw a fair label x (n, 1) in {0, 1} and y (n, 1) ~ N(2 x - 1, 1)."""
    x = rng.integers(2, size=(n, 1))
    return x, 2 * x - 1 + rng.standard_normal((n, 1))


def atoms_and_normal_information() -> float:
    """I(X;Y) = log 2 + (I_normal + I_atoms) / 2 in nats, exactly.

    Let B indicate the atoms. A normal value is +-1 with probability 0, so B is a function of X
    alone and also of Y alone: I(X;Y) = I(X,B; Y,B) = H(B) + I(X;Y|B), and B is fair. The atoms are
    a binary symmetric channel that errs with probability 0.05 + 0.05.
    """
    normal = normal_information(equal_covariance(2, 0.9), 1)
    return log(2) + (normal + channel_information(2, 0.1)) / 2


def sample_atoms_and_normal(n: int, rng: np.random.Generator) -> Sample:
    """Draw x and y (n, 1): a normal pair of correlation 0.9 or, equally often, a pair of signs."""
    x, y = sample_normal(n, rng, covariance=equal_covariance(2, 0.9), dim_x=1)
    sign = rng.choice([-1.0, 1.0], size=(n, 1))
    other = np.where(rng.random((n, 1)) < 0.1, -sign, sign)
    atom = rng.random((n, 1)) < 0.5
    return np.where(atom, sign, x), np.where(atom, other, y)


def sample_relu(n: int, rng: np.random.Generator, *, correlation: float) -> Sample:
    """Draw x = max(0, u) and y = max(0, v) (n, 1) of a normal pair (u, v): half of each is 0.

    Where exactly one side is 0 the log-ratio of densities holds log Phi of the other, whose mean
    over half a normal distribution is not elementary: the MI needs one quadrature.
    """
    u, v = sample_normal(n, rng, covariance=equal_covariance(2, correlation), dim_x=1)
    return np.maximum(u, 0.0), np.maximum(v, 0.0)


def tasks() -> list[Task]:
    """The mixed tasks. A side that has both atoms and a density is declared continuous."""
    gao = "Gao, Kannan, Oh & Viswanath 2017, arXiv:1709.06212; derived in the code"
    return [
        Task(
            name="label-uniform-5",
            dim_x=1,
            dim_y=1,
            mi_nats=label_uniform_information(5),
            sampler=partial(sample_label_uniform, labels=5),
            source=gao,
            discrete_x=True,
        ),
        Task(
            name="label-normal-2",
            dim_x=1,
            dim_y=1,
            mi_nats=LABEL_NORMAL_NATS,
            mi_error_nats=1e-12,
            sampler=sample_label_normal,
            source="I = h(Y) - h(Y|X), h(Y) of two normal distributions by quadrature",
            discrete_x=True,
        ),
        Task(
            name="atoms-and-normal",
            dim_x=1,
            dim_y=1,
            mi_nats=atoms_and_normal_information(),
            sampler=sample_atoms_and_normal,
            source=gao,
        ),
        Task(
            name="relu-normal-0.75",
            dim_x=1,
            dim_y=1,
            mi_nats=RELU_NORMAL_NATS,
            mi_error_nats=1e-12,
            sampler=partial(sample_relu, correlation=0.75),
            source="E log of the density ratio with atoms at 0, by quadrature",
        ),
    ]
