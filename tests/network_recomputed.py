"""The layers of the suite `network`, implemented a second time with scipy, and their MI.

Nothing here comes from mibench, so that an error there is not repeated here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft, integrate, interpolate, special, stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """k features a s + N(0, 1) of an input, and the noise sigma of the layer."""

    inputs: int
    units: int
    k: int
    a: float
    sigma: float
    threshold: float = 0.0

    @property
    def sd(self) -> float:
        """The standard deviation of a noisy feature, given the label."""
        return float(np.hypot(1, self.sigma))


SETTINGS = {
    "network-tanh-12-12": Setting(12, 12, 4, 0.5, 0.5),
    "network-tanh-64-64": Setting(64, 64, 4, 1.0, 0.5),
    "network-tanh-784-256": Setting(784, 256, 4, 0.7, 0.5),
    "network-tanh-1024-1024": Setting(1024, 1024, 2, 1.0, 0.5),
    "network-relu-784-256": Setting(784, 256, 8, 0.5, 0.7),
    "network-relu-1024-1024": Setting(1024, 1024, 12, 0.8, 2.0),
    "network-relu-lossy-12-12": Setting(12, 12, 12, 0.4, 0.5, 1.3),
    "network-relu-lossy-64-64": Setting(64, 64, 64, 0.3, 1.5, 2.0),
    "network-low-rank-784-256": Setting(784, 256, 8, 0.3, 1.0),
    "network-low-rank-tanh-64-64": Setting(64, 64, 4, 0.7, 0.5),
    "network-low-rank-tanh-1024-1024": Setting(1024, 1024, 8, 0.6, 1.5),
}
GAIN, JITTER = 3.0, 0.05


def kind_of(name: str) -> str:
    """The kind of the layer, such as relu-lossy, from the id of a task or of its layer."""
    return name.removeprefix("network-").removesuffix("-label").rsplit("-", 2)[0]


def setting_of(name: str) -> Setting:
    return SETTINGS[name.removesuffix("-label")]


# --- the layers --------------------------------------------------------------------------------


def signs(dim: int, seed: int) -> Array:
    return np.where(np.random.RandomState(seed).randint(0, 2, dim) == 1, 1.0, -1.0)


@cache
def cosines(dim: int, seed: int) -> Array:
    """The orthonormal DCT-II matrix (dim, dim) of scipy, with random signs of columns."""
    return np.asarray(fft.dct(np.eye(dim), axis=0, norm="ortho")) * signs(dim, seed)


def features(s: Setting, x: Array) -> Array:
    return x @ cosines(s.inputs, 0)[: s.k].T


@cache
def weights(name: str) -> tuple[Array, Array]:
    """A and b of the pre-activations A v - b: (units, k) and (units,)."""
    s, kind = setting_of(name), kind_of(name)
    if kind == "relu":
        random = np.random.RandomState(3)
        rows = [*np.eye(s.k), *-np.eye(s.k)]
        rows += [row / np.linalg.norm(row) for row in random.normal(size=(s.units - 2 * s.k, s.k))]
        bias = [0.0] * (2 * s.k)
        covariance = s.sd**2 * np.eye(s.k) + s.a**2 * np.ones((s.k, s.k))
        bias += [1.5 * float(row @ covariance @ row) ** 0.5 for row in rows[2 * s.k :]]
        order = random.permutation(s.units)
        return np.array(rows)[order], np.array(bias)[order]
    columns = cosines(s.units, 1)[: s.k].T * s.units**0.5
    scale = 1 / np.arange(1.0, s.k + 1) if kind == "low-rank" else GAIN / s.k**0.5
    return columns * scale, np.zeros(s.units)


def features_from_outputs(name: str, t: Array) -> Array:
    """The noisy features (n, k) from a relu or low-rank-tanh layer, which must be injective."""
    s, (a, b) = setting_of(name), weights(name)
    if kind_of(name) == "relu":
        k = a.shape[1]
        plus, minus = (
            [int(np.flatnonzero((a == sign * row).all(axis=1))[0]) for row in np.eye(k)]
            for sign in (1, -1)
        )
        v = t[:, plus] - t[:, minus]
        again = np.maximum(v @ a.T - b, 0)
    else:
        # Least squares, each unit weighted by its slope of tanh, since saturated units carry little
        # information. Repeated twice on the residuals, because slopes from 1 to 1e-9 make it
        # ill-conditioned.
        slope = 1 - t**2
        inputs = np.arctanh(np.clip(t, -1 + 1e-16, 1 - 1e-16))
        squares = (slope**2 @ (a[:, :, None] * a[:, None, :]).reshape(len(a), -1)).reshape(
            len(t), s.k, s.k
        )
        v = np.zeros((len(t), s.k))
        for _ in range(3):
            residual = slope**2 * (inputs - v @ a.T)
            v += np.linalg.solve(squares, (residual @ a)[:, :, None])[:, :, 0]
        again = np.tanh(v @ a.T)
    # 1e-9: rounding, in units whose tanh is flat.
    np.testing.assert_allclose(again, t, rtol=0, atol=1e-9)
    return v


# --- the true MI -------------------------------------------------------------------------------


def eigenvalue_information(name: str) -> float:
    """I(X;T|Y) of the pre-activations A v, jitter included, from the spectra of their covariances.

    Without the jitter they have rank k, and the product of the k eigenvalues above 0 scales the
    density.
    """
    s, (a, _) = setting_of(name), weights(name)
    jitter = JITTER**2 * np.eye(s.units) if kind_of(name) == "low-rank" else 0.0
    total, noise = (
        np.linalg.eigvalsh(scale * a @ a.T + jitter)[-s.k :] for scale in (s.sd**2, s.sigma**2)
    )
    return float(np.log(total / noise).sum() / 2)


def distance(name: str) -> float:
    """From a class mean of A v to the midpoint, in standard deviations, by least squares."""
    s, (a, _) = setting_of(name), weights(name)
    jitter = JITTER**2 * np.eye(s.units) if kind_of(name) == "low-rank" else 0.0
    mean = a @ np.full(s.k, s.a)
    covariance = s.sd**2 * a @ a.T + jitter
    return float(np.sqrt(mean @ np.linalg.lstsq(covariance, mean, rcond=1e-12)[0]))


def binary_normal_information(d: float) -> float:
    """h(V) - h(Z) for V = +-d + Z, by scipy's quadrature."""

    def integrand(v: float) -> float:
        return float(special.entr((np.exp(-((v - d) ** 2) / 2) + np.exp(-((v + d) ** 2) / 2)) / 2))

    # Up to the factor sqrt(2 pi), which cancels with that of h(Z).
    area = integrate.quad(integrand, 0, d + 12, points=[d], epsabs=1e-14, epsrel=1e-12)[0]
    return 2 * area / np.sqrt(2 * np.pi) - 0.5


def recursion(probability: Array, ratio: Array, k: int) -> float:
    """I(T;Y) from the distribution of the log-likelihood ratio of one feature under the label 1.

    Under the label 0 it is mirrored.

    F(x) = log(1 + exp(-x)), then k times F(x) <- E F(x + ratio): H(Y|T) is F(0), since all features
    are equal. F between the points of a grid from a quintic spline. The grid ends at 30: beyond, F
    is exp(-30) on one side and comes with a probability of exp(-30) on the other.
    """
    grid = np.linspace(-30, 30, 1_501)
    mean = np.logaddexp(0, -grid)
    for _ in range(k):
        spline = interpolate.make_interp_spline(grid, mean, k=5)
        mean = spline(np.clip(grid[:, None] + ratio, -30, 30)) @ probability
    return float(np.log(2) - mean[750])


def tanh_densities(s: Setting, t: Array) -> Array:
    """p(t|Y) of the mean of a feature's units, for the labels 1 and 0: (2, len(t)).

    By the trapezoid rule over u, which converges exponentially, with a step of 0.6 times the
    width of the narrowest peak.
    """
    tau = s.sigma / (s.units / s.k) ** 0.5
    step = 0.6 * tau / GAIN
    u = np.arange(-9, 9, step)
    kernel = stats.norm.pdf(np.atleast_1d(t), np.tanh(GAIN * u)[:, None], tau)
    return np.array([stats.norm.pdf(u, m) @ kernel * step for m in (s.a, -s.a)])


def tanh_information(name: str) -> tuple[float, float]:
    s = setting_of(name)
    tau = s.sigma / (s.units / s.k) ** 0.5
    ends = [-1 - 9 * tau, -1 + 3 * tau, 1 - 3 * tau, 1 + 9 * tau]
    entropy = sum(
        integrate.quad_vec(
            lambda t: special.entr(tanh_densities(s, t)[0, 0]), low, high, epsabs=1e-12
        )[0]
        for low, high in pairwise(ends)
    )
    t, step = np.linspace(ends[0], ends[-1], 801, retstep=True)
    density_1, density_0 = tanh_densities(s, t)
    of_label = recursion(density_1 * step, np.log(density_1 / density_0), s.k)
    given_label = float(entropy) - stats.norm(scale=tau).entropy()
    return s.k * float(given_label) + of_label, of_label


def _normal_log(v: Array | float, sd: float) -> Array:
    """As stats.norm.logpdf(v, 0, sd), whose checks of the arguments take a quadrature's time."""
    return np.asarray(-((v / sd) ** 2) / 2 - np.log(sd * np.sqrt(2 * np.pi)))


def lossy_information(name: str) -> tuple[float, float]:
    """The mean over u of the divergence of p(t|u) from p(t|Y), for atom and density separately."""
    s = setting_of(name)
    u = np.arange(-9, 9, 0.05)
    given_label = 0.0
    for mean in (s.a - s.threshold, -s.a - s.threshold):
        weight = 0.05 * stats.norm.pdf(u)
        atoms = stats.norm.logcdf(0, mean + u, s.sigma)
        given_label += weight @ (np.exp(atoms) * (atoms - stats.norm.logcdf(0, mean, s.sd))) / 2

        def integrand(t: float, mean: float = mean, weight: Array = weight) -> float:
            logs = _normal_log(t - mean - u, s.sigma)
            return float(weight @ (np.exp(logs) * (logs - _normal_log(t - mean, s.sd))))

        given_label += integrate.quad(integrand, 0, mean + 9 * s.sd, epsabs=1e-12)[0] / 2
    # For both labels, since the distribution of the ratio is not mirrored here.
    node, step = np.polynomial.legendre.leggauss(60)
    t = (node + 1) / 2 * (s.a + 9 * s.sd)
    step = step / 2 * (s.a + 9 * s.sd)
    of_label = 0.0
    under_1, under_0 = (
        np.append(stats.norm.pdf(t, m, s.sd) * step, stats.norm.cdf(0, m, s.sd))
        for m in (s.a - s.threshold, -s.a - s.threshold)
    )
    for p, q in ((under_1, under_0), (under_0, under_1)):
        of_label += recursion(p, np.log(p / q), s.k) / 2
    return s.k * float(given_label) + of_label, of_label


@cache
def both_informations(layer: str) -> tuple[float, float]:
    """I(X;T) and I(T;Y) in nats, from the id of a layer."""
    if kind_of(layer) == "tanh":
        return tanh_information(layer)
    if kind_of(layer) == "relu-lossy":
        return lossy_information(layer)
    of_label = binary_normal_information(distance(layer))
    return eigenvalue_information(layer) + of_label, of_label


def _information(layer: str, index: int) -> float:
    return both_informations(layer)[index]


# 1e-11: adaptive quadratures to 1e-12 per interval, times up to 64 features; splines of step 0.04,
# with a smaller error; eigenvalues of matrices of up to 1024 x 1024, exact to 1e-13 of the largest.
EXACT: dict[str, tuple[Callable[[], float], float]] = {
    layer + suffix: (partial(_information, layer, index), 1e-11)
    for layer in SETTINGS
    for index, suffix in enumerate(("", "-label"))
}

# --- log of the density ratio at sample points -------------------------------------------------


def log_given_features(name: str, t: Array, u: Array) -> Array:
    """log p(t|u), row by row: (n,)."""
    s, kind = setting_of(name), kind_of(name)
    if kind == "tanh":
        mean = signs(s.units, 2) * np.tanh(GAIN * u)[:, np.arange(s.units) % s.k]
        return np.asarray(stats.norm.logpdf(t, mean, s.sigma).sum(axis=1))
    if kind == "relu-lossy":
        return _rectified_logpdf(t, u - s.threshold, s.sigma).sum(axis=1)
    if kind == "low-rank":
        return _normal_logpdf(name, t - u @ weights(name)[0].T, s.sigma)
    return np.asarray(stats.norm.logpdf(features_from_outputs(name, t), u, s.sigma).sum(axis=1))


def log_given_label(name: str, t: Array) -> Array:
    """log p(t|Y) for the labels 0 and 1: (n, 2)."""
    s, kind = setting_of(name), kind_of(name)
    if kind == "tanh":
        return _tanh_log_given_label(s, t)
    means = (-s.a, s.a)
    if kind == "relu-lossy":
        logs = [_rectified_logpdf(t, m - s.threshold, s.sd).sum(axis=1) for m in means]
    elif kind == "low-rank":
        logs = [_normal_logpdf(name, t - m * weights(name)[0].sum(axis=1), s.sd) for m in means]
    else:
        v = features_from_outputs(name, t)
        logs = [stats.norm.logpdf(v, m, s.sd).sum(axis=1) for m in means]
    return np.stack(logs, axis=1)


def _rectified_logpdf(t: Array, mean: Array | float, sd: float) -> Array:
    atom = stats.norm.logcdf(0, mean, sd)
    return np.where(t == 0, atom, stats.norm.logpdf(t, mean, sd))


def _normal_logpdf(name: str, t: Array, sd: float) -> Array:
    a, _ = weights(name)
    covariance = sd**2 * a @ a.T + JITTER**2 * np.eye(len(a))
    return np.asarray(stats.multivariate_normal(np.zeros(len(a)), covariance).logpdf(t))


def _tanh_log_given_label(s: Setting, t: Array) -> Array:
    """The sum over features of log E_u prod_i p(t_i|u), over the units i of the feature."""
    copies = s.units // s.k
    u = np.arange(-9, 9, 0.6 * s.sigma / copies**0.5 / GAIN)
    w = np.tanh(GAIN * u)
    prior = np.stack([stats.norm.pdf(u, m) for m in (-s.a, s.a)], axis=1) * (u[1] - u[0])
    signed = (t * signs(s.units, 2)).reshape(len(t), copies, s.k)
    logs = np.full((len(t), 2), s.units * stats.norm.logpdf(0, scale=s.sigma))
    for j in range(s.k):
        sums, squares = signed[:, :, j].sum(axis=1), (signed[:, :, j] ** 2).sum(axis=1)
        kernel = (2 * np.outer(sums, w) - copies * w**2 - squares[:, None]) / (2 * s.sigma**2)
        top = kernel.max(axis=1, keepdims=True)
        logs += top + np.log(np.exp(kernel - top) @ prior)
    return logs


def log_ratio(name: str, x: NDArray[np.generic], y: NDArray[np.generic]) -> Array:
    """log p(t|x) / p(t) for x and t, or log p(t|y) / p(t) for t and a label y: (n,)."""
    if name.endswith("-label"):
        t = x.astype(float)
        given_label = log_given_label(name, t)
        joint = np.take_along_axis(given_label, y.astype(int), axis=1)[:, 0]
    else:
        t = y.astype(float)
        given_label = log_given_label(name, t)
        joint = log_given_features(name, t, features(setting_of(name), x.astype(float)))
    return np.asarray(joint - special.logsumexp(given_label, axis=1) + np.log(2))
