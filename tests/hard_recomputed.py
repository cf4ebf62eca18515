"""The tasks of the suite `hard`, implemented a second time from their descriptions, and their MI.

Nothing here comes from mibench, so that an error there is not repeated here. For Y = f(X) + noise,
I(X;Y) = h(Y) - h(noise), and there are two ways to the density of Y:

    mixture_of      many normal distributions, one for each node of a quadrature over f(X): the
                    constants of mibench, and the density in log_ratio
    characteristic  the characteristic function of Y, mostly closed, and its inverse: EXACT
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, interpolate, special, stats

Array = NDArray[np.float64]
Mixture = tuple[Array, Array, Array]  # weights, means, standard deviations

LOG_NORMAL_ENTROPY = 0.5 * np.log(2 * np.pi * np.e)
# Functions of standard normal columns with normal noise.
FUNCTIONS = ("wave-10-4-0.2", "line_and_wave-5-0.4-4-0.22", "product-20-2-0.3", "product-10-3-0.3",
             "maximum-20-0.2", "norm_ratio-10-0.11", "line_and_xor-20-0.4-0.19", "gate-10-0.2",
             "parity-10-3-noise-0.7", "friedman-10-1.0")  # fmt: skip
SQUARES = ("squares-5-5-1.0", "squares-20-20-1.0")
ROTATED, CLASSES = "rotated_wave-6-6-4-0.2", "classes-20-20-2.9"
RARE, TWO_VALUED = "rare_part-2-2-0.05-0.9995", "two_valued_noise-0.1-0.001"
PARITY = {"parity-10-3-error-0.0": 0.0, "parity-10-3-error-0.05": 0.05}
MODULO = ("sum_modulo-3-0.25", "sum_modulo-5-0.25")
MIXED = ("mixed-cubes-5-5-0.8", "mixed-exponentials-5-5-0.8")


def noise_of(name: str) -> float:
    return float(name.rsplit("-", 1)[1])


def cosines(count: int, dim: int, seed: int) -> Array:
    """Rows of the orthonormal DCT-II, with random signs of the columns."""
    signs = 2 * np.random.RandomState(seed).randint(2, size=dim) - 1
    return fft.dct(np.eye(dim), norm="ortho", axis=0)[:count] * signs


# --- the density of Y as a mixture ---------------------------------------------------------------


def normal_nodes(step: float) -> tuple[Array, Array]:
    """The trapezoid rule for a standard normal variable: nodes, and weights that sum to 1."""
    u = np.arange(-9, 9 + step / 2, step)
    return u, stats.norm.pdf(u) * step


def mixture_of(name: str) -> Mixture:
    """The normal distributions of Y."""
    kind, noise = name.split("-")[0], noise_of(name)
    if kind == "wave":
        u, w = normal_nodes(0.002)
        return w, np.sin(4 * u), np.full(len(u), noise)
    if kind == "line_and_wave":
        u, w = normal_nodes(0.002)
        return w, np.sin(4 * u), np.full(len(u), np.hypot(0.4, noise))
    if kind == "product":
        # Given the other factors, Y is normal. Their product has nodes even in the logarithm; the
        # density of |X_1 X_2| is 2 K_0(r) / pi.
        r = np.exp(np.arange(-45, 4.2, 0.05))
        density = 2 * stats.norm.pdf(r) if "-2-" in name else 2 / np.pi * special.k0(r)
        return density * r * 0.05, 0 * r, np.hypot(r, noise)
    if kind == "maximum":
        u = np.arange(-6, 9, 0.01)
        density = 20 * stats.norm.pdf(u) * stats.norm.cdf(u) ** 19
        return density * 0.01, u, np.full(len(u), noise)
    if kind == "norm_ratio":
        z = np.arange(-12, 12, 0.005)  # tails of exp(-5 |z|)
        density = stats.f(5, 5).pdf(np.exp(2 * z)) * 2 * np.exp(2 * z)
        return density * 0.005, z, np.full(len(z), noise)
    if kind == "squares":
        u, w = normal_nodes(0.01)
        return w, u**2, np.full(len(u), noise)
    if kind == "gate":
        u, w = normal_nodes(0.01)
        return w, u, np.full(len(u), noise)
    steps = {"line_and_xor": 0.4, "two_valued_noise": 0.1, "parity": 1.0}
    spread = noise if kind == "parity" else np.hypot(1, noise)
    return np.full(2, 0.5), steps[kind] * np.array([-1, 1]), np.full(2, spread)


def mixture_density(mixture: Mixture, step: float = 0.25) -> tuple[Array, Array, Array]:
    """y = a sinh(t), weights of the trapezoid rule in t, and the log density of Y."""
    w, mean, sd = (part[mixture[0] > 1e-25] for part in mixture)
    scale = 20 * sd.min()
    end = np.arcsinh((np.abs(mean) + 9 * sd).max() / scale)
    t, spacing = np.linspace(-end, end, int(2 * end * 20 / step) | 1, retstep=True)
    y = scale * np.sinh(t)
    logs = np.log(w / sd) - np.log(2 * np.pi) / 2
    log_p = [special.logsumexp(logs - ((v - mean) / sd) ** 2 / 2) for v in y]
    return y, scale * np.cosh(t) * spacing, np.array(log_p)


def mixture_information(name: str, step: float = 0.25) -> float:
    _, weight, log_p = mixture_density(mixture_of(name), step)
    of_noise = LOG_NORMAL_ENTROPY + np.log(noise_of(name))
    if name == TWO_VALUED:  # its values are 200 standard deviations apart
        of_noise += np.log(2)
    return float(-(weight * np.exp(log_p) * log_p).sum() - of_noise)


# --- the density of Y from its characteristic function -------------------------------------------


def unit_panel(nodes: int = 120) -> tuple[Array, Array]:
    node, weight = np.polynomial.legendre.leggauss(nodes)
    return (node + 1) / 2, weight / 2


def mean_of(values: Array, weights: Array, t: Array) -> NDArray[np.complex128]:
    """E exp(i t V) for each t."""
    return np.array([(weights * np.exp(1j * s * values)).sum() for s in t])


def of_friedman(t: Array) -> NDArray[np.complex128]:
    u, w = unit_panel()
    bend = mean_of(10 * np.sin(np.pi * np.outer(u, u)), np.outer(w, w), t)
    return bend * mean_of(20 * (u - 0.5) ** 2, w, t) * mean_of(10 * u, w, t) * mean_of(5 * u, w, t)


def of_maximum(t: Array) -> NDArray[np.complex128]:
    """Over the quantiles: the largest of 20 uniform values is u with density 20 u^19."""
    node, weight = unit_panel(400)
    u = 16 * node - 7
    return mean_of(u, 16 * weight * 20 * stats.norm.pdf(u) * stats.norm.cdf(u) ** 19, t)


def of_sine(t: Array) -> NDArray[np.complex128]:
    """E exp(i t sin(4 U)) = sum of J_k(t) E exp(4 i k U), Jacobi-Anger."""
    k = np.arange(-6, 7)  # E exp(4 i k U) = exp(-8 k^2)
    return (special.jv(k[:, None], t) * np.exp(-8.0 * k[:, None] ** 2)).sum(axis=0) + 0j


def of_triple(t: Array) -> NDArray[np.complex128]:
    """E (1 + t^2 X^2)^(-1/2) over the last factor, in u = log |X|."""
    x = np.exp(np.arange(-45, 3, 0.02))
    weight = 2 * stats.norm.pdf(x) * x * 0.02
    return np.array([(weight / np.sqrt(1 + (s * x) ** 2)).sum() for s in t]) + 0j


# Kind -> E exp(i t f(X)), and an interval that holds Y.
CHARACTERISTIC: dict[str, tuple[Callable[[Array], Array], float, float]] = {
    "wave": (of_sine, -4, 4),
    "line_and_wave": (lambda t: of_sine(t) * np.exp(-((0.4 * t) ** 2) / 2), -6, 6),
    "product-20": (lambda t: (1 + t**2) ** -0.5 + 0j, -35, 35),
    "product-10": (of_triple, -120, 120),
    "maximum": (of_maximum, -6, 11),
    "norm_ratio": (
        lambda t: np.exp(2 * (special.loggamma(2.5 + 0.5j * t).real - special.loggamma(2.5))), -8, 8
    ),
    "squares": (lambda t: (1 - 2j * t) ** -0.5, -9, 60),
    "gate": (lambda t: np.exp(-(t**2) / 2) + 0j, -11, 11),
    "line_and_xor": (lambda t: np.exp(-(t**2) / 2) * np.cos(0.4 * t), -11, 11),
    "two_valued_noise": (lambda t: np.exp(-(t**2) / 2) * np.cos(0.1 * t), -11, 11),
    "parity": (lambda t: np.cos(t) + 0j, -9, 9),
    "friedman": (of_friedman, -10, 40),
}  # fmt: skip


@cache
def density_table(name: str, count: int = 2000) -> tuple[Array, Array]:
    """y (count,), even, and the density of Y there, by the inverse of its characteristic function.

    The trapezoid rule in t of spacing 2 pi / L adds copies of the density at distances L.
    """
    kind = name.split("-")[0] if not name.startswith("product") else name.rsplit("-", 2)[0]
    of_function, low, high = CHARACTERISTIC[kind]
    noise = noise_of(name)
    last = 8 / (1 if kind == "two_valued_noise" else noise)  # exp(-32) beyond
    t = np.arange(0, last, 2 * np.pi / (high - low))
    transform = of_function(t) * np.exp(-((noise * t) ** 2) / 2)
    transform[0] /= 2
    y = np.linspace(low, high, count)
    parts = [(np.exp(-1j * np.outer(v, t)) @ transform).real for v in np.array_split(y, 20)]
    return y, np.concatenate(parts) * 2 / (high - low)


def inverted_information(name: str) -> float:
    y, p = density_table(name)
    entropy = float(special.entr(np.maximum(p, 0)).sum() * (y[1] - y[0]))
    of_noise = LOG_NORMAL_ENTROPY + np.log(noise_of(name)) + (name == TWO_VALUED) * np.log(2)
    return float(entropy - of_noise)


# --- other distributions -------------------------------------------------------------------------


def pair_information(r: float) -> float:
    """E log of the density ratio of a normal pair, by a Gauss-Hermite rule exact for it."""
    node, weight = np.polynomial.hermite_e.hermegauss(20)
    x, z = np.meshgrid(node, node)
    y = r * x + np.sqrt(1 - r**2) * z
    ratio = stats.norm.logpdf(y, r * x, np.sqrt(1 - r**2)) - stats.norm.logpdf(y)
    return float((np.outer(weight, weight) * ratio).sum() / (2 * np.pi))


def classes_information(count: int = 20, length: float = 2.9) -> float:
    """log m + a^2 - E log S for S = exp(a N_1 + a^2) + exp(a N_2) + .. + exp(a N_m).

    E log S is the integral of (exp(-t) - E exp(-t S)) / t, and E exp(-t S) is a product.
    """
    u, w = normal_nodes(0.05)
    t = np.exp(np.arange(-140, 60, 0.05))
    own = np.array([(w * np.exp(-s * np.exp(length * u + length**2))).sum() for s in t])
    other = np.array([(w * np.exp(-s * np.exp(length * u))).sum() for s in t])
    mean_log = ((np.exp(-t) - own * other ** (count - 1)) * 0.05).sum()
    return float(np.log(count) + length**2 - mean_log)


def rare_information(share: float = 0.05, r: float = 0.9995) -> float:
    """The integral of q log q over the independent law, q = 1 - share + share ratio.

    The lengths a, b of (x +- y) / sqrt 2 of two pairs have Rayleigh's distribution; the logarithms
    of both have even nodes, since b is of order sqrt(1 - r) where the pairs depend.
    """
    a = np.exp(np.arange(-16, 2.6, 0.04))
    rayleigh = a**2 * np.exp(-(a**2) / 2) * 0.04
    log_ratio = -np.log(1 - r**2) + r / (1 + r) * a[:, None] ** 2 / 2 - r / (1 - r) * a**2 / 2
    log_q = np.logaddexp(np.log(1 - share), np.log(share) + log_ratio)
    return float((np.outer(rayleigh, rayleigh) * np.exp(log_q) * log_q).sum())


def error_information(error: float) -> float:
    table = np.array([[1 - error, error], [error, 1 - error]]) / 2
    return float(special.rel_entr(table, 0.25).sum())


# Task -> (its MI by another method than the package's, the tolerance).
EXACT: dict[str, tuple[Callable[[], float], float]] = {
    # 1e-11: both quadratures have converged to 1e-12; the constants have 12 digits.
    **{name: (lambda name=name: inverted_information(name), 1e-11) for name in FUNCTIONS},
    TWO_VALUED: (lambda: inverted_information(TWO_VALUED), 1e-11),
    ROTATED: (lambda: inverted_information("wave-10-4-0.2"), 1e-11),
    # A sum over the columns.
    **{
        name: (lambda d=d: d * inverted_information(SQUARES[0]), d * 1e-11)
        for name, d in zip(SQUARES, (5, 20), strict=True)
    },
    # 1e-13: finite sums and logarithms.
    **{name: (lambda e=e: error_information(e), 1e-13) for name, e in PARITY.items()},
    **{name: (lambda: -float(stats.uniform(0, 0.25).entropy()), 1e-13) for name in MODULO},
    # 1e-12: polynomials, which the rule integrates exactly.
    **{name: (lambda: 5 * pair_information(0.8), 1e-12) for name in MIXED},
    # 1e-9: a difference of sums of 4,000 terms, some of them powers of 19.
    CLASSES: (classes_information, 1e-9),
    # 1e-10: smooth in both logarithms.
    RARE: (rare_information, 1e-10),
}


# --- log of the density ratio --------------------------------------------------------------------


def function_of(name: str, x: Array) -> Array:
    """f(X) from the description of the task, (n,)."""
    kind = name.split("-")[0]
    if kind in ("wave", "line_and_wave"):
        first, second = cosines(2, x.shape[1], 4)
        return np.sin(4 * (x @ first)) + (0.4 * (x @ second) if kind != "wave" else 0)
    if kind == "norm_ratio":
        return np.log(np.linalg.norm(x[:, :5], axis=1) / np.linalg.norm(x[:, 5:], axis=1))
    if kind == "friedman":
        a, b, c, d, e = x.T[:5]
        return 10 * np.sin(np.pi * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e
    positive = x > 0
    return {
        "product-20": lambda: x[:, 0] * x[:, 1],
        "product-10": lambda: x[:, 0] * x[:, 1] * x[:, 2],
        "maximum-20": lambda: np.sort(x, axis=1)[:, -1],
        "gate-10": lambda: np.choose(positive[:, 0], [x[:, 2], x[:, 1]]),
        "line_and_xor-20": lambda: x[:, 0] + 0.8 * (positive[:, 1] == positive[:, 2]) - 0.4,
        "parity-10": lambda: np.where(positive[:, :3].sum(axis=1) % 2 == 1, 1.0, -1.0),
    }["-".join(name.split("-")[:2])]()  # fmt: skip


@cache
def log_density(name: str) -> Callable[[Array], Array]:
    """The log density of Y as a function, between the nodes of a table."""
    if name.startswith("friedman"):
        y, p = density_table(name)
        return interpolate.CubicSpline(y, np.log(np.maximum(p, 1e-14)))
    y, _, log_p = mixture_density(mixture_of(name))
    return interpolate.CubicSpline(y, log_p)


def log_ratio(name: str, x: Array, y: Array) -> Array:
    """log p(y|x) / p(y) or the like: x (n, dx), y (n, dy) -> (n,)."""
    if name == ROTATED:
        return log_ratio("wave-10-4-0.2", x, y @ cosines(6, 6, 5).T)
    if name in MIXED:
        u, v = (
            side @ np.linalg.inv(np.random.RandomState(seed).standard_normal((5, 5)))
            for side, seed in ((x, 7), (y, 9))
        )
        unmap = np.cbrt if "cubes" in name else np.log
        u, v = unmap(u), unmap(v)
        return (stats.norm.logpdf(v, 0.8 * u, 0.6) - stats.norm.logpdf(v)).sum(axis=1)
    if name in SQUARES:
        density = log_density(SQUARES[0])
        return (stats.norm.logpdf(y, x**2) - density(y)).sum(axis=1)
    if name == RARE:
        a, b = (x + y) / 2**0.5, (x - y) / 2**0.5
        ratio = sum(
            (stats.norm.logpdf(v, 0, sd) - stats.norm.logpdf(v)).sum(axis=1)
            for v, sd in ((a, 1.9995**0.5), (b, 0.0005**0.5))
        )
        return np.log(0.95 + 0.05 * np.exp(ratio))
    if name == CLASSES:
        logs = 2.9 * x @ cosines(20, 20, 6).T  # all centres have one length
        own = np.take_along_axis(logs, y.astype(int), axis=1)[:, 0]
        return own - special.logsumexp(logs, axis=1) + np.log(20)
    target = y[:, 0]
    if name in PARITY:
        agree = (function_of("parity-10-3", x) > 0) == (target == 1)
        with np.errstate(divide="ignore"):
            return np.log(2 * np.where(agree, 1 - PARITY[name], PARITY[name]))
    if name in MODULO:
        with np.errstate(divide="ignore"):
            return np.log(4.0 * (((target - x.sum(axis=1)) % 1) < 0.25 + 1e-12))
    if name == TWO_VALUED:
        shifts = [stats.norm.logpdf(target, x[:, 0] + s, 0.001) for s in (-0.1, 0.1)]
        return special.logsumexp(shifts, axis=0) - np.log(2) - log_density(name)(target)
    given = stats.norm.logpdf(target, function_of(name, x), noise_of(name))
    return given - log_density(name)(target)
