"""The information of one feature of a layer about the input, and of all features about the label.

A layer T depends on k features u_j of the input X, u_j = a s + N(0, 1) for a fair label Y and its
sign s = 2 Y - 1, independent given Y. Its units see the features through a nonlinearity and noise.
The label is a function of neither X nor T, but Y - X - T is a Markov chain, so that

    I(X;T) = I(T;Y) + I(X;T|Y) = I(T;Y) + sum_j I(u_j;T_j|Y),

where T_j are the units of feature j. `Feature` holds the last term, and the overlap M_j of the
distributions of T_j under the two labels, from which `label_information` computes I(T;Y). All in
nats.
"""

from math import erfc, exp, log, pi, sqrt, tanh
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The frequencies at which overlaps are computed. The integrand of label_information falls as
# exp(-pi w), to 1e-16 at 12, and is analytic for |Im w| < 1/2, so that a trapezoid rule of step h
# has an error of exp(-pi / h).
STEP = 1 / 12
FREQUENCIES = np.arange(145) * STEP


class Feature(NamedTuple):
    """One feature as its units see it.

    information: I(u;T|Y) in nats, the mean over the two labels.
    overlap: M(w) = integral of p(t|1)^(1/2 + iw) p(t|0)^(1/2 - iw), atoms included, at FREQUENCIES.
    """

    information: float
    overlap: NDArray[np.complex128]


def label_information(overlap: NDArray[np.complex128]) -> float:
    """I(T;Y) in nats of a fair label, from the overlap of the distributions of T at FREQUENCIES.

        I = log 2 - integral over w of Re M(w) / ((1 + 4 w^2) cosh(pi w)).

    H(Y|T) is the mean over both labels of log(1 + exp(-+L)), L the log-ratio of the two densities
    at T. L has the density m(L) exp(+-L/2) with m's transform M, and by Parseval's theorem the rest
    is the transform of exp(L/2) log(1 + exp(-L)), pi / ((1/2 - iw) cosh(pi w)), which is the Mellin
    transform of log(1 + z). For independent features M is the product of their overlaps, without a
    convolution.
    """
    weight = 2 * STEP / ((1 + 4 * FREQUENCIES**2) * np.cosh(pi * FREQUENCIES))
    weight[0] /= 2  # M(-w) is the conjugate of M(w)
    return log(2) - float(weight @ overlap.real)


def normal_feature(noise: float, shift: float) -> Feature:
    """A feature of which the units see u + noise Z, or any injective map of it.

    I(u;T|Y) = 1/2 log(1 + 1/noise^2), and M(w) = exp(-(1 + 4 w^2) d^2 / 2), d^2 the ratio of
    shift^2 to the variance given the label. Both have a closed form.
    """
    exponent = (1 + 4 * FREQUENCIES**2) * shift**2 / (2 * (1 + noise**2))
    return Feature(log(1 + 1 / noise**2) / 2, np.exp(-exponent).astype(np.complex128))


def panels(low: float, high: float, width: float) -> tuple[Array, Array]:
    """Nodes and weights of 8-point Gauss-Legendre on equal panels of about that width."""
    node, weight = np.polynomial.legendre.leggauss(8)
    count = max(1, round((high - low) / width))
    half = (high - low) / count / 2
    middles = low + half * np.arange(1, 2 * count, 2)
    return (middles[:, None] + half * node).ravel(), np.tile(half * weight, count)


def _overlap(weight: Array, log_p: Array, log_q: Array) -> NDArray[np.complex128]:
    """The integral of p^(1/2 + iw) q^(1/2 - iw), from log-densities at the nodes of a rule."""
    mean = weight * np.exp((log_p + log_q) / 2)
    return np.asarray(np.exp(1j * np.outer(FREQUENCIES, log_p - log_q)) @ mean)


def tanh_feature(gain: float, noise: float, shift: float, finer: float = 1.0) -> Feature:
    """A feature of which the units see tanh(gain u) + noise Z.

    p(t|Y) is an integral over u, and I(u;T|Y) = h(T|Y) - h(noise Z). tanh is odd and the
    distributions of the two labels mirror each other, so that t > 0 is enough. finer: divides the
    widths of the panels, to measure the error of the quadrature.
    """
    # The kernel exp(-(t - tanh(gain u))^2 / (2 noise^2)) is, as a function of u, as narrow as
    # noise / gain near 0, and wide beyond 4 / gain, where tanh is within 1e-3 of +-1.
    end = 8 + shift
    bend, top = min(4 / gain, end), tanh(gain * end)
    pieces = [
        panels(-end, -bend, 0.25 / finer),
        panels(-bend, bend, 1.5 * noise / gain / finer),
        panels(bend, end, 0.25 / finer),
    ]
    u, weight = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    t, step = panels(0, top + 8 * noise, 1.5 * noise / finer)
    kernel = np.exp(-(((t[:, None] - np.tanh(gain * u)) / noise) ** 2) / 2)
    # Neither density underflows: t is within 8 noises of a value of tanh.
    log_p, log_q = (
        np.log(kernel @ (weight * np.exp(-((u - mean) ** 2) / 2)) / (2 * pi * noise))
        for mean in (shift, -shift)
    )
    entropy = -float(step @ (np.exp(log_p) * log_p + np.exp(log_q) * log_q))
    overlap = 2 * _overlap(step, log_p, log_q).real
    return Feature(entropy - log(2 * pi * np.e * noise**2) / 2, overlap.astype(np.complex128))


def _rectified_entropy(mean: float, sd: float) -> float:
    """Entropy of max(0, mean + sd Z) against (an atom at 0 + length), in closed form."""
    c = -mean / sd
    below, above = erfc(-c / sqrt(2)) / 2, erfc(c / sqrt(2)) / 2
    atom = -below * log(below) if below > 0 else 0.0
    size = exp(-(c**2) / 2) / sqrt(2 * pi)
    return atom + above * (log(sd * sqrt(2 * pi)) + 0.5) + c * size / 2


def relu_feature(threshold: float, noise: float, shift: float, finer: float = 1.0) -> Feature:
    """A feature of which the units see max(0, u + noise Z - threshold).

    I(u;T|Y) = H(T|Y) - E H(T|u), with entropies against (an atom at 0 + length) of rectified normal
    distributions. The mean over u is a quadrature.
    """
    sd = sqrt(1 + noise**2)
    z, weight = panels(-9, 9, min(noise, 1) / finer)
    weight = weight * np.exp(-(z**2) / 2) / sqrt(2 * pi)
    information = 0.0
    for mean in (shift - threshold, -shift - threshold):
        given_u = np.array([_rectified_entropy(mean + u, noise) for u in z.tolist()])
        information += (_rectified_entropy(mean, sd) - float(weight @ given_u)) / 2
    v, step = panels(threshold, shift + 9 * sd, sd / finer)
    logs = [-(((v - s * shift) / sd) ** 2) / 2 - log(sd * sqrt(2 * pi)) for s in (1, -1)]
    atoms = [np.array([log(erfc((s * shift - threshold) / sd / sqrt(2)) / 2)]) for s in (1, -1)]
    return Feature(information, _overlap(step, *logs) + _overlap(np.ones(1), *atoms))
