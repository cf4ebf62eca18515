"""The true MI of each task by a second method (mostly quadrature), and log density ratios.

`python -m tests.tasks_recomputed` recomputes the constants of mibench/tasks/layer.py on fine grids.
"""

import sys
from collections.abc import Callable
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, optimize, special, stats

from . import (
    everyday_recomputed,
    hard_recomputed,
    images_recomputed,
    mixtures_recomputed,
    network_recomputed,
)
from .tasks_distributions import INVERSE_MAPS, INVERSES, covariance, unmapped

Array = NDArray[np.float64]

# --- quadrature, in nats -----------------------------------------------------------------------


def bivariate_information(r: float) -> float:
    """The integral of p log p / (p_x p_y) over the plane; the trapezoid rule is exact to 1e-12."""
    g = np.arange(-9, 9, 0.03)
    x, y = np.meshgrid(g, g)
    log_p = stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).logpdf(np.stack([x, y], axis=-1))
    ratio = log_p - stats.norm.logpdf(x) - stats.norm.logpdf(y)
    return float((np.exp(log_p) * ratio).sum() * 0.03**2)


def equicorrelated_information(dim: int, r: float) -> float:
    """From the eigenvalues 1 - r and 1 + (d - 1) r of an equicorrelation matrix of size d."""
    return float(np.log((1 + (dim - 1) * r) ** 2 / ((1 - r) * (1 + (2 * dim - 1) * r)))) / 2


def normal_ridge_information(nats: float) -> float:
    """The mean of log p(y|x) / p(y) over x and the deviation of y from its mean, both normal.

    By Gauss-Hermite quadrature, exact for the polynomial that the log ratio is, in coordinates that
    scale even a narrow ridge to unit width.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(20)
    x, z = np.meshgrid(node, node)
    rho, sd = np.sqrt(-np.expm1(-2 * nats)), np.exp(-nats)
    y = rho * x + sd * z
    ratio = stats.norm.logpdf(sd * z, 0, sd) - stats.norm.logpdf(y)
    return float((np.outer(weight, weight) * ratio).sum() / (2 * np.pi))


def student_ridge_information(nats: float, df: int = 2) -> float:
    """The MI of the normal pair given the scale, plus that of the common scale."""
    return normal_ridge_information(nats - student_information(1, 1, df)) + student_information(
        1, 1, df
    )


def gamma_shape(nats: float) -> float:
    """The shape of the gamma-exponential distribution of this MI, by scipy's digamma and brentq."""

    def excess(log_shape: float) -> float:
        return float(special.digamma(np.exp(log_shape) + 1) - log_shape - nats)

    return float(np.exp(optimize.brentq(excess, -20, 20, xtol=1e-14)))


def gamma_exponential_information(nats: float) -> float:
    """h(Y) - h(Y|X) by quadrature over v = shape * log X, for the shape of this MI."""
    shape = gamma_shape(nats)

    def density(v: float) -> float:
        return float(np.exp(v - np.exp(v / shape) - special.gammaln(shape)) / shape)

    ends = [-60.0, -30 * shape, 0.0, 4 * shape]
    mean_log_x = sum(
        integrate.quad(lambda v: v / shape * density(v), a, b, epsabs=1e-13, epsrel=1e-12)[0]
        for a, b in pairwise(ends)
    )
    h_y = stats.lomax(shape).entropy()
    return float(h_y - (1 - mean_log_x))


def smoothed_width(nats: float) -> float:
    """Half the noise's length by Lambert's W: eps - log(2 eps) = I, so -eps e^-eps = -e^-I / 2."""
    return float(-special.lambertw(-np.exp(-nats) / 2).real)


def student_entropy(dim: int, df: int) -> float:
    """-integral of p log p over the radius exp(s), with the density of scipy.stats."""
    s = np.arange(-30, 60, 0.01)  # p |x|^dim falls as exp(-df s): 1e-26 at the end
    points = np.zeros((len(s), dim))
    points[:, 0] = np.exp(s)
    log_p = stats.multivariate_t(np.zeros(dim), np.eye(dim), df=df).logpdf(points)
    log_sphere = np.log(2) + dim / 2 * np.log(np.pi) - special.gammaln(dim / 2)
    return float(-(np.exp(log_p + dim * s + log_sphere) * log_p).sum() * 0.01)


def student_information(dx: int, dy: int, df: int) -> float:
    return student_entropy(dx, df) + student_entropy(dy, df) - student_entropy(dx + dy, df)


def _additive_density(y: Array, width: float) -> Array:
    """The length of (0, 1) within width of y, over the length of that window."""
    return np.clip(np.minimum(y + width, 1) - np.maximum(y - width, 0), 0, None) / (2 * width)


def additive_information(width: float) -> float:
    kinks = sorted([-width, width, 1 - width, 1 + width])
    h_y = sum(
        integrate.quad(lambda y: special.entr(_additive_density(y, width)), a, b)[0]
        for a, b in pairwise(kinks)
    )
    h_noise = integrate.quad(lambda _: special.entr(1 / (2 * width)), -width, width)[0]
    return float(h_y - h_noise)


def channel_table(m: int, error: float) -> Array:
    """The joint probabilities (m, m)."""
    table = [[(1 - error if a == b else error / (m - 1)) / m for b in range(m)] for a in range(m)]
    return np.array(table)


def joint_table(name: str) -> Array:
    """The joint probabilities of a task of two labels, row by row of x."""
    if name == "z-channel-0.3":
        return np.array([[0.5, 0.0], [0.15, 0.35]])
    if name == "erasure-channel-8-0.25":
        return np.hstack([np.eye(8) * 0.75, np.full((8, 1), 0.25)]) / 8
    if name.startswith("zipf-"):
        p = stats.zipfian.pmf(np.arange(1, int(name.split("-")[1]) + 1), 1, int(name.split("-")[1]))
        return 0.5 * np.diag(p) + 0.5 * np.outer(p, p)
    return channel_table(
        *{"binary-symmetric-0.1": (2, 0.1), "symmetric-channel-8-0.2": (8, 0.2)}[name]
    )


LABELS = ("binary-symmetric-0.1", "symmetric-channel-8-0.2", "erasure-channel-8-0.25",
          "z-channel-0.3", "zipf-100-0.5", "zipf-1000-0.5")  # fmt: skip


def table_information(p: Array) -> float:
    independent = p.sum(axis=1, keepdims=True) * p.sum(axis=0)
    return float(special.rel_entr(p, independent).sum())


def label_information(density: Callable[[float, int], float], m: int, knots: list[float]) -> float:
    """The sum over labels of the integral of p(k, y) log p(y|k) / p(y), piece by piece."""

    def integrand(y: float) -> float:
        densities = np.array([density(y, k) for k in range(m)])
        return float(sum(special.rel_entr(densities, densities.mean())) / m)

    pieces = pairwise(knots)
    return float(sum(integrate.quad(integrand, a, b, epsabs=1e-14)[0] for a, b in pieces))


ATOMS = np.array([[0.45, 0.05], [0.05, 0.45]])


def atoms_information() -> float:
    """With respect to the sum of the atoms at +-1 and the area of the plane."""
    atoms = table_information(ATOMS) + np.log(0.5 / (0.5 * 0.5))
    plane = bivariate_information(0.9) + np.log(0.5 / (0.5 * 0.5))
    return float(0.5 * atoms + 0.5 * plane)


def relu_log_ratio(x: Array, y: Array, r: float = 0.75) -> Array:
    """log p / (p_x p_y) with respect to (an atom at 0 + length) on each side."""
    sd = np.sqrt(1 - r**2)
    corner = stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([0, 0])
    edge = stats.norm.logcdf(-r * np.maximum(x, y) / sd) - np.log(0.5)
    inner = stats.norm.logpdf(y, r * x, sd) - stats.norm.logpdf(y)
    return np.where((x > 0) & (y > 0), inner, np.where((x > 0) | (y > 0), edge, np.log(4 * corner)))


def relu_information(r: float = 0.75) -> float:
    sd = np.sqrt(1 - r**2)
    p00 = stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([0, 0])
    # Gauss-Legendre, since both integrands are smooth on (0, 10) and below 1e-22 beyond.
    node, weight = np.polynomial.legendre.leggauss(200)
    x, w = 5 * (node + 1), 5 * weight
    edge = w * stats.norm.pdf(x) * stats.norm.cdf(-r * x / sd) * relu_log_ratio(x, 0 * x, r)
    a, b = np.meshgrid(x, x)
    inner = np.outer(w, w) * stats.norm.pdf(a) * stats.norm.pdf(b, r * a, sd)
    return float(p00 * np.log(4 * p00) + 2 * edge.sum() + (inner * relu_log_ratio(a, b, r)).sum())


def tanh_layer(units: int) -> Array:
    """The layer of mibench/tasks/layer.py without its noise, pattern by pattern: (4096, units)."""
    weights = np.random.RandomState(0).normal(size=(12, units)) * 1.5 / 12**0.5
    signs = np.array(list(product([-1.0, 1.0], repeat=12)))
    return np.tanh(np.einsum("pb,bu->pu", signs, weights))


def grid_information(units: int, sigma: float, step: float) -> float:
    """h(T) - h(noise) by the trapezoid rule on a grid of spacing step * sigma in all dimensions.

    The mixture's density on the grid is a matrix product, since each normal density is a product
    over the dimensions: p[(g1, ..), (.., gd)] = sum_i prod_k phi((g_k - m_ik) / sigma) / 4096.
    """
    centres = tanh_layer(units)
    count = int(np.ceil(2 * (1 + 7 * sigma) / (step * sigma))) + 1  # 7 sigma beyond -1 and 1
    grid, spacing = np.linspace(-1 - 7 * sigma, 1 + 7 * sigma, count, retstep=True)
    columns = [stats.norm.pdf(grid, centres[:, [k]], sigma) for k in range(units)]

    def product_of(densities: list[Array]) -> Array:  # (4096, count ** len(densities))
        product = densities[0]
        for density in densities[1:]:
            product = (product[:, :, None] * density[:, None, :]).reshape(len(centres), -1)
        return product

    cut = (units - 1) // 2
    left, right = product_of(columns[:cut]) if cut else None, product_of(columns[cut + 1 :])
    entropy = 0.0
    # Slices of one dimension, to bound the memory. Half of them: tanh is odd and a pattern comes
    # with its complement, so p(-t) = p(t).
    for j in range((count + 1) // 2):
        slab = columns[cut][:, [j]] * right
        density = (slab.mean(axis=0) if left is None else left.T @ slab / len(centres)).ravel()
        twice = 1 if 2 * j == count - 1 else 2
        entropy += twice * float(special.entr(density).sum())
    return float(entropy * spacing**units - units / 2 * np.log(2 * np.pi * np.e * sigma**2))


# Task -> (its MI by another method than the package's, the tolerance).
EXACT: dict[str, tuple[Callable[[], float], float]] = {
    # 1e-10: the trapezoid rule converges exponentially; both sides hold rounding of 1e-13 only.
    **{
        f"1v1-normal-{r}": (lambda r=r: bivariate_information(r), 1e-10)
        for r in (0.0, 0.25, 0.5, 0.75, 0.95)
    },
    # 1e-10: both are closed; the package's log-determinants sum up to 100 logarithms.
    **{
        f"multinormal-dense-{d}-{d}-0.5": (lambda d=d: equicorrelated_information(d, 0.5), 1e-10)
        for d in (2, 3, 5, 25, 50)
    },
    # 1e-10, as above: two independent pairs of correlation 4/5; the others add nothing.
    **{
        f"multinormal-sparse-{d}-{d}-2-2.0": (lambda: 2 * bivariate_information(0.8), 1e-10)
        for d in (2, 3, 5, 25)
    },
    # 1e-10: exact except for rounding, in sums of 400 terms of up to 10.
    **{
        f"{family}-mi-{nats}": (lambda nats=nats: normal_ridge_information(nats), 1e-10)
        for family in ("normal", "uniform")
        for nats in (0, 1, 2, 4, 6, 8, 10)
    },
    # 1e-9, as for the Student distributions.
    **{
        f"student-2-mi-{nats}": (lambda nats=nats: student_ridge_information(nats), 1e-9)
        for nats in (1, 2, 4, 6, 8, 10)
    },
    # 1e-7: entropies of up to 4e4 nats cancel, each known to 1e-12 of itself.
    **{
        f"log-gamma-exponential-mi-{n}": (lambda n=n: gamma_exponential_information(n), 1e-7)
        for n in (1, 2, 4, 6, 8, 10)
    },
    # 1e-9, as for the additive tasks.
    **{
        f"smoothed-uniform-mi-{n}": (lambda n=n: additive_information(smoothed_width(n)), 1e-9)
        for n in (1, 2, 4, 6, 8, 10)
    },
    # 0: independent, exactly.
    **{f"independent-{d}-{d}": (lambda: 0.0, 0.0) for d in (5, 25)},
    # 1e-9: the integrand is smooth in log radius; its tails are cut at 1e-12 or below.
    **{
        f"student-identity-{a}-{b}-{df}": (lambda t=(a, b, df): student_information(*t), 1e-9)
        for a, b, df in [
            (1, 1, 1),
            (2, 2, 1),
            (2, 2, 2),
            (3, 3, 2),
            (3, 3, 3),
            (5, 5, 2),
            (5, 5, 3),
        ]
    },
    # 1e-9: adaptive quadrature between the kinks, to scipy's default of 1.5e-8 relative at worst.
    **{f"1v1-additive-{e}": (lambda e=e: additive_information(e), 1e-9) for e in (0.1, 0.75)},
    # 1e-10, as 1v1-normal-0.75: that the maps keep the MI is shown by inverting them.
    **{name: (lambda: bivariate_information(0.75), 1e-10) for name in INVERSES},
    # 1e-10, as for the distributions that they are maps of.
    **{
        f"{name}-multinormal-sparse-{d}-{d}-2-2.0": (lambda: 2 * bivariate_information(0.8), 1e-10)
        for name in ("normal_cdf", "half_cube", "spiral", "spiral-normal_cdf")
        for d in (3, 5, 25)
    },
    **{
        f"asinh-student-identity-{a}-{b}-{df}": (
            lambda t=(a, b, df): student_information(*t),
            1e-9,
        )
        for a, b, df in [(1, 1, 1), (2, 2, 1), (3, 3, 2), (5, 5, 2)]
    },
    # 1e-13: finite sums of at most a million terms.
    **{name: (lambda name=name: table_information(joint_table(name)), 1e-13) for name in LABELS},
    # 1e-12: the integrand is constant between the integers.
    "label-uniform-5": (
        lambda: label_information(
            lambda y, k: float(stats.uniform.pdf(y, k, 2)), 5, [0.0, 1, 2, 3, 4, 5, 6]
        ),
        1e-12,
    ),
    # 2e-12: smooth; the stored constant has 12 digits.
    "label-normal-2": (
        lambda: label_information(
            lambda y, k: float(np.exp(-((y - 2 * k + 1) ** 2) / 2) / np.sqrt(2 * np.pi)),
            2,
            [-12.0, -1, 1, 12],
        ),
        2e-12,
    ),
    # 1e-10, as the bivariate normal in it.
    "atoms-and-normal": (atoms_information, 1e-10),
    # 1e-8: multivariate_normal.cdf holds about 1e-8; the rest is smooth.
    "relu-normal-0.75": (relu_information, 1e-8),
    # 1e-10: smooth; halving this step moves the result by 3e-12.
    "layer-tanh-12-2-0.2": (lambda: grid_information(2, 0.2, 0.5), 1e-10),
    # 2e-5: a coarse grid, for time. Steps 1.5, 1.25, 1.1, 1.0, 0.8 are off by 1e-3, 5e-6, 4e-6,
    # 1e-6, 1e-7; 0.7 and 0.6 differ by 2e-8. With more noise step 1.0 is off by 1.3e-5, and 0.8
    # and 0.7 differ by 4e-7.
    "layer-tanh-12-5-0.5": (lambda: grid_information(5, 0.5, 1.0), 2e-5),
    "layer-tanh-12-5-0.1": (lambda: grid_information(5, 0.1, 1.25), 2e-5),
    **mixtures_recomputed.EXACT,
    **network_recomputed.EXACT,
    **everyday_recomputed.EXACT,
    **hard_recomputed.EXACT,
    **images_recomputed.EXACT,
}

# --- log of the density ratio p(x, y) / (p(x) p(y)) at sample points ---------------------------


def log_ratio(name: str, x: NDArray[np.generic], y: NDArray[np.generic]) -> Array:
    """Its mean over the distribution of the task is the MI: x (n, dx), y (n, dy) -> (n,)."""
    if name.startswith("network-"):
        return network_recomputed.log_ratio(name, x, y)
    if name in images_recomputed.EXACT:
        return images_recomputed.log_ratio(name, x.astype(float), y.astype(float))
    if name in everyday_recomputed.EXACT:
        return everyday_recomputed.log_ratio(name, x, y)
    if name in hard_recomputed.EXACT:
        return hard_recomputed.log_ratio(name, x.astype(float), y.astype(float))
    if (inner := unmapped(name)) is not None:
        outer, base = inner
        x, y = (inverse(side) for inverse, side in zip(INVERSE_MAPS[outer], (x, y), strict=True))
        return log_ratio(base, x, y)
    if name in mixtures_recomputed.EXACT:
        return mixtures_recomputed.log_ratio(name, x.astype(float), y.astype(float))
    dim, xy = x.shape[1], np.hstack([x, y]).astype(float)
    matrix = covariance(name)
    if name in INVERSES:
        x, y = (inverse(side) for inverse, side in zip(INVERSES[name], (x, y), strict=True))
        return log_ratio("1v1-normal-0.75", x, y)
    if matrix is not None:
        parts = [(xy, matrix), (x, matrix[:dim, :dim]), (y, matrix[dim:, dim:])]
        logs = [stats.multivariate_normal(np.zeros(len(c)), c).logpdf(v) for v, c in parts]
        return np.asarray(logs[0] - logs[1] - logs[2])
    if "-mi-" in name:
        return _ridge_log_ratio(name, *xy.T)
    if name.startswith("student-"):
        df = int(name.rsplit("-", 1)[1])
        logs = [
            stats.multivariate_t(np.zeros(v.shape[1]), np.eye(v.shape[1]), df=df).logpdf(v)
            for v in (xy, x, y)
        ]
        return np.asarray(logs[0] - logs[1] - logs[2])
    if name.startswith("layer-"):
        return _layer_log_ratio(x, y.astype(float), float(name.rsplit("-", 1)[1]))
    a, b = xy.T
    if name.startswith("1v1-additive-"):
        width = float(name.rsplit("-", 1)[1])
        return -np.log(2 * width) - np.log(_additive_density(b, width))
    if name in LABELS:
        table = joint_table(name)
        ratio = table / table.sum(axis=0) / table.sum(axis=1, keepdims=True)
        return np.log(ratio[a.astype(int), b.astype(int)])
    if name == "label-uniform-5":
        margin = np.mean([stats.uniform.pdf(b, k, 2) for k in range(5)], axis=0)
        return np.log(stats.uniform.pdf(b, a, 2) / margin)
    if name == "label-normal-2":
        margin = (stats.norm.pdf(b, -1) + stats.norm.pdf(b, 1)) / 2
        return np.log(stats.norm.pdf(b, np.where(a == 1, 1, -1)) / margin)
    if name == "atoms-and-normal":
        # Each side: atoms of mass 1/4 at -1 and 1, or half a normal density.
        plane = stats.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]]).pdf(xy) / 2
        joint = np.where(abs(a) == 1, np.where(a == b, 0.45, 0.05) / 2, plane)
        sides = [np.where(abs(v) == 1, 0.25, stats.norm.pdf(v) / 2) for v in (a, b)]
        return np.log(joint / (sides[0] * sides[1]))
    assert name == "relu-normal-0.75", f"state a log density ratio for {name}"
    return relu_log_ratio(a, b)


def _ridge_log_ratio(name: str, a: Array, b: Array) -> Array:
    family, _, text = name.rpartition("-mi-")
    nats = float(text)
    if family == "uniform":
        a, b = special.ndtri(a), special.ndtri(b)
    if family in ("normal", "uniform"):
        rho, sd = np.sqrt(-np.expm1(-2 * nats)), np.exp(-nats)
        return np.asarray(stats.norm.logpdf(b, rho * a, sd) - stats.norm.logpdf(b))
    if family == "log-gamma-exponential":
        shape = gamma_shape(nats)
        return a - np.exp(a + b) - np.log(shape) + (shape + 1) * np.logaddexp(0, b)
    if family == "smoothed-uniform":
        width = smoothed_width(nats)
        return -np.log(2 * width) - np.log(_additive_density(b, width))
    # Student, df = 2: y given x is Student of df + 1, about rho x, wider with |x|.
    assert family == "student-2"
    of_normal = nats - student_information(1, 1, 2)
    rho, sd = np.sqrt(-np.expm1(-2 * of_normal)), np.exp(-of_normal)
    spread = sd * np.sqrt((2 + a**2) / 3)
    return np.asarray(
        stats.t(3).logpdf((b - rho * a) / spread) - np.log(spread) - stats.t(2).logpdf(b)
    )


def _layer_log_ratio(x: NDArray[np.generic], t: Array, sigma: float) -> Array:
    """Row by row: log p(t|x) - log mean_j p(t|j)."""
    centres = np.ascontiguousarray(tanh_layer(t.shape[1]).T)
    codes = x.astype(int) @ (1 << np.arange(11, -1, -1))
    out = np.empty(len(t))
    for i, (code, row) in enumerate(zip(codes, t, strict=True)):
        logs = -((row[:, None] - centres) ** 2).sum(axis=0) / (2 * sigma**2)
        top = logs.max()
        out[i] = logs[code] - top - np.log(np.exp(logs - top).mean())
    return out


if __name__ == "__main__":
    for size, noise, steps in (
        (2, 0.2, (1.0, 0.5, 0.25)),
        (5, 0.5, (1.25, 1.0, 0.8, 0.7)),
        (5, 0.1, (1.25, 1.0, 0.8, 0.7, 0.6)),
    ):
        for width in steps:
            nats = grid_information(size, noise, width)
            sys.stdout.write(f"{size} units, noise {noise}, step {width}: {nats}\n")
