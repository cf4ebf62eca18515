"""The mixtures, implemented a second time from arXiv:2310.10240, and their MI by other methods.

Nothing here comes from mibench, so that an error there is not repeated here.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, special, stats

Array = NDArray[np.float64]
Component = tuple[float, Array, Array]  # weight, mean (d,), covariance (d, d)
Cdf = Callable[[Array], Array]

X, AI, GALAXY, WAVES = "1v1-X-0.9", "1v1-AI", "2v1-galaxy-0.5-3.0", "2v1-waves-12-5.0-3.0"
CONCENTRIC = [(3, 5), (3, 10), (5, 5), (5, 10), (25, 5)]
INLIERS = [(5, 0.2), (5, 0.5), (25, 0.2), (25, 0.5)]
OUTLIERS = [0.01, 0.1, 0.3]

# --- the distributions -------------------------------------------------------------------------


def components(name: str) -> list[Component]:
    """The normal distributions of (X, Y) before the map of x, with their weights."""
    if name == X:
        return [(0.5, np.zeros(2), np.array([[1, s], [s, 1]])) for s in (0.9, -0.9)]
    if name == AI:
        letter_i = [((1, 0), (0.01, 0.2)), ((1, 1), (0.05, 0.001)), ((1, -1), (0.05, 0.001))]
        bars = [*letter_i, ((-0.8, -0.2), (0.03, 0.001))]
        upright = [(1 / 6, np.array(m), np.diag(v)) for m, v in bars]
        root = np.diag(np.sqrt([0.04, 0.2]))
        return upright + [
            (1 / 6, np.array([m, 0.0]), root @ np.array([[1, r], [r, 1]]) @ root)
            for m, r in ((-1.2, 0.95), (-0.4, -0.95))
        ]
    if name == GALAXY:
        return [(0.5, np.full(3, m), np.eye(3)) for m in (1.5, -1.5)]
    if name == WAVES:
        spread = np.diag([0.1, 1, 0.1])
        return [(1 / 12, np.array([1.5 * k, 0, k % 4 * 1.5]), spread) for k in range(12)]
    if "concentric" in name:
        dim, count = int(name.split("v1-")[0]), int(name.rsplit("-", 1)[1])
        return [
            (1 / count, np.eye(dim + 1)[dim] * i, np.diag(np.append(np.full(dim, i**2), 1e-4)))
            for i in range(1, count + 1)
        ]
    share = float(name.rsplit("-", 1)[1])
    if name.startswith("mult-"):
        dim = int(name.split("-")[4])
        signal, noise = np.eye(2 * dim), np.eye(2 * dim)
        for i in (0, 1):
            # The correlation of 2 Z + E and 2 Z + F: 2^2 / (2^2 + 1).
            signal[i, dim + i] = signal[dim + i, i] = 4 / 5
    else:
        latent = np.zeros((4, 8))  # x1, x2, y1, y2 of Z1, Z2, the noise of each, and U, V
        latent[:, :2] = 2 * np.tile(np.eye(2), (2, 1))
        latent[:, 2:6] = np.eye(4)
        latent[:2, 6] = latent[2:, 7] = 0.1
        signal = latent @ latent.T / 5.01
        noise = np.zeros((4, 4))
        noise[:2, :2], noise[2:, 2:] = signal[:2, :2], 25 * np.eye(2)
    return [(w, np.zeros(len(signal)), c) for w, c in ((1 - share, signal), (share, noise))]


def unmapped_x(name: str, x: Array) -> Array:
    """x before its map."""
    if name == GALAXY:
        z = (x[:, 0] + 1j * x[:, 1]) * np.exp(-0.5j * np.square(x).sum(axis=1))
        return np.stack([z.real, z.imag], axis=1)
    if name == WAVES:
        height = 2 * x[:, 1]
        return np.stack([10 * (x[:, 0] + 0.8) - 5 * np.sin(3 * height), height], axis=1)
    return x


def flat(name: str) -> list[Component]:
    """A picture with one-dimensional x. Two lose a coordinate of x that is independent noise."""
    first = {GALAXY: [0.5**0.5, 0.5**0.5, 0], WAVES: [1, 0, 0]}.get(name)
    if first is None:
        return components(name)
    rows = np.array([first, [0, 0, 1]])
    return [(w, rows @ m, rows @ c @ rows.T) for w, m, c in components(name)]


def coordinate(parts: list[Component], i: int) -> list[Component]:
    return [(w, m[[i]], c[i : i + 1, i : i + 1]) for w, m, c in parts]


def cdf(parts: list[Component]) -> Cdf:
    """The CDF of a one-dimensional mixture."""
    return lambda v: sum(w * stats.norm.cdf(v, m[0], c[0, 0] ** 0.5) for w, m, c in parts)


def mixture_margins(name: str) -> tuple[Cdf | None, Cdf | None]:
    """The CDFs of a coordinate of x and of y. None for x if it has a map."""
    parts = components(name)
    mapped = name in (GALAXY, WAVES)
    return None if mapped else cdf(coordinate(parts, 0)), cdf(
        coordinate(parts, len(parts[0][1]) - 1)
    )


def log_ratio(name: str, x: Array, y: Array) -> Array:
    """log p / (p_x p_y), from the densities of scipy.stats: x (n, dx), y (n, dy) -> (n,)."""
    x = unmapped_x(name, x)
    dim = x.shape[1]

    def log_density(v: Array, part: slice) -> Array:
        logs = [
            np.log(w) + stats.multivariate_normal(m[part], c[part, part]).logpdf(v)
            for w, m, c in components(name)
        ]
        return special.logsumexp(logs, axis=0)

    joint = log_density(np.hstack([x, y]), slice(None))
    return joint - log_density(x, slice(dim)) - log_density(y, slice(dim, None))


# --- the MI, in nats ---------------------------------------------------------------------------


def panels(edges: Array, nodes: int) -> tuple[Array, Array]:
    """Nodes and weights of a Gauss-Legendre rule between each two edges."""
    node, weight = np.polynomial.legendre.leggauss(nodes)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (node + 1)).ravel(), (half * weight).ravel()


def box_entropy(parts: list[Component], width: float) -> float:
    """Entropy in one or two dimensions, by the Gauss-Legendre rule on small squares."""
    axes = []
    for i in range(len(parts[0][1])):
        reach = [(m[i], 9 * c[i, i] ** 0.5) for _, m, c in parts]
        ends = min(m - r for m, r in reach), max(m + r for m, r in reach)
        axes.append(panels(np.linspace(*ends, int(np.ptp(ends) / width) + 2), 10))
    points = np.stack(np.meshgrid(*(node for node, _ in axes), indexing="ij"), axis=-1)
    density = sum(w * stats.multivariate_normal(m, c).pdf(points) for w, m, c in parts)
    value = special.entr(density)
    for _, weight in axes:
        value = np.tensordot(weight, value, axes=(0, 0))
    return float(value)


def box_information(name: str, width: float) -> float:
    """h(X) + h(Y) - h(X, Y)."""
    parts = flat(name)
    sides = (coordinate(parts, 0), coordinate(parts, 1))
    return sum(box_entropy(side, width) for side in sides) - box_entropy(parts, width)


def sign_information(mean: float) -> float:
    """I(S; mean S + N) for a fair sign S and standard normal N: log 2 - E log(1 + exp(-2 m Y))."""
    loss = integrate.quad(
        lambda y: stats.norm.pdf(y, mean) * np.logaddexp(0, -2 * mean * y),
        mean - 12, mean + 12, epsabs=1e-13, epsrel=1e-13, limit=200,
    )[0]  # fmt: skip
    return float(np.log(2) - loss)


def galaxy_information() -> float:
    """Given the sign S of the ball, X and Y are independent: I(X;Y) = I(S;X) + I(S;Y) - I(S;XY)."""
    in_plane, on_line, in_space = (1.5 * d**0.5 for d in (2, 1, 3))
    return sign_information(in_plane) + sign_information(on_line) - sign_information(in_space)


def concentric_information(dim: int, count: int) -> float:
    """H(K) - E H(K | |X|), since y determines the label K: 100 standard deviations apart."""
    distributions = [stats.chi(dim, scale=i) for i in range(1, count + 1)]

    def conditional_entropy(r: float) -> float:
        f = np.array([distribution.pdf(r) for distribution in distributions]) / count
        return float(special.entr(f).sum() - special.entr(f.sum()))

    ends = np.append(np.arange(0, count + 0.5) * dim**0.5, count * (dim**0.5 + 9))
    parts = [
        integrate.quad(conditional_entropy, a, b, epsabs=1e-12, epsrel=1e-11, limit=200)[0]
        for a, b in pairwise(ends)
    ]
    return float(np.log(count) - sum(parts))


def inliers_information(share: float) -> float:
    """The integral of p log p / (p_x p_y) over two pairs; the other coordinates add nothing.

    Both densities depend only on the lengths a of (x + y) / sqrt 2 and b of (x - y) / sqrt 2, so
    the four dimensions are two: a circle has 2 pi a.
    """
    signal = np.kron([[1, 0.8], [0.8, 1]], np.eye(2))
    node, weight = panels(np.linspace(0, 13, 27), 16)
    a, b = np.meshgrid(node, node)
    points = np.stack([(a + b), 0 * a, (a - b), 0 * a], axis=-1) / 2**0.5
    noise = stats.multivariate_normal(np.zeros(4), np.eye(4)).pdf(points)
    p = (1 - share) * stats.multivariate_normal(np.zeros(4), signal).pdf(points) + share * noise
    area = np.outer(weight, weight) * (2 * np.pi) ** 2 * a * b
    return float((area * special.rel_entr(p, noise)).sum())


def outliers_information(share: float) -> float:
    """h(Y) - h(Y|X): Gauss-Hermite over x, squares of Gauss-Legendre over y about its mean."""
    (_, mean, signal), _ = components(f"mixing-Gauss-Outlier-{share}")
    cov_x, cov_y, slope = (
        signal[:2, :2],
        signal[2:, 2:],
        signal[2:, :2] @ np.linalg.inv(signal[:2, :2]),
    )
    residual = cov_y - slope @ signal[:2, 2:]
    far = np.arange(6, 67, 6.0)
    node, weight = panels(np.concatenate([-far[::-1], np.arange(-5.5, 5.6, 0.5), far]), 10)
    area = np.outer(weight, weight)
    z = np.stack(np.meshgrid(node, node, indexing="ij"), axis=-1)

    def entropy(covariance: Array, shift: Array) -> float:
        """The entropy of (1 - share) N(0, covariance) + share N(-shift, 25)."""
        first, second = (stats.norm.pdf(node + s, 0, 5) for s in shift)
        p = (1 - share) * stats.multivariate_normal(mean[:2], covariance).pdf(z)
        return float((area * special.entr(p + share * np.outer(first, second))).sum())

    points, weights = np.polynomial.hermite_e.hermegauss(12)
    root = slope @ np.linalg.cholesky(cov_x)
    conditional = sum(
        v * w * entropy(residual, root @ np.array([s, t]))
        for s, v in zip(points, weights, strict=True)
        for t, w in zip(points, weights, strict=True)
    ) / (2 * np.pi)
    return entropy(cov_y, np.zeros(2)) - conditional


# Task -> (its MI by another method than the package's, the tolerance).
# 1e-11: all rules here and there have converged to about 1e-12; the constants have 12 digits.
EXACT: dict[str, tuple[Callable[[], float], float]] = {
    X: (lambda: box_information(X, 0.25), 1e-11),
    AI: (lambda: box_information(AI, 0.06), 1e-11),
    GALAXY: (galaxy_information, 1e-11),
    WAVES: (lambda: box_information(WAVES, 0.25), 1e-11),
    **{
        f"{d}v1-concentric_gaussians-{k}": (lambda d=d, k=k: concentric_information(d, k), 1e-11)
        for d, k in CONCENTRIC
    },
    **{
        f"mult-sparse-w-inliers-{d}-{d}-2-2.0-{a}": (lambda a=a: inliers_information(a), 1e-11)
        for d, a in INLIERS
    },
    **{f"mixing-Gauss-Outlier-{a}": (lambda a=a: outliers_information(a), 1e-11) for a in OUTLIERS},
}
