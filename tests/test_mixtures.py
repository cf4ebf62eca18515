"""The mixtures: their constants by the original quadrature, and the distributions before maps."""

from zlib import crc32

import numpy as np
import pytest
from scipy import stats

from mibench.tasks import mixtures
from mibench.types import Task

from .mixtures_recomputed import cdf, components, coordinate, flat, unmapped_x
from .tasks_constants import in_the_plane, outliers_information, plane_information

TASKS = {task.name: task for task in mixtures.tasks()}
SHARES = {f"mixing-Gauss-Outlier-{share}": share for share in mixtures.OUTLIERS}

# 2e-12: the stated error of 1e-12, and as much for sums of up to 4e6 terms in another order.
TOLERANCE = 2e-12


@pytest.mark.parametrize("name", mixtures.PICTURES)
def test_constants_of_the_pictures_are_those_of_their_quadrature(name: str) -> None:
    nats = plane_information(in_the_plane(name), 1 / 8)
    assert abs(nats - mixtures.KNOWN_NATS[name]) < TOLERANCE


@pytest.mark.parametrize("name", SHARES)
def test_constants_of_the_outliers_are_those_of_their_quadrature(name: str) -> None:
    nats = outliers_information(SHARES[name], 1 / 5)
    assert abs(nats - mixtures.KNOWN_NATS[name]) < TOLERANCE


def test_quadrature_of_one_normal_distribution_is_its_closed_form() -> None:
    covariance = np.array([[2, 0.9], [0.9, 0.5]])
    single = mixtures.even([[3, -1]], [covariance])
    expected = -np.log(1 - 0.9**2 / (2 * 0.5)) / 2
    assert plane_information(single, 1 / 8) == pytest.approx(expected, abs=1e-12)
    # Almost without noise two pairs of correlation 4/5 remain, and with almost only noise nothing.
    # 1e-11: the missing share of 1e-13 counts some 30 times, since -log(1e-13) = 30.
    assert mixtures.inliers_information(1e-13) == pytest.approx(-np.log(1 - 0.8**2), abs=1e-11)
    assert mixtures.inliers_information(1 - 1e-13) == pytest.approx(0, abs=1e-11)
    assert mixtures.concentric_information(3, 1) == pytest.approx(0, abs=1e-13)


def all_distributions() -> dict[str, mixtures.Mixture]:
    return {
        **{name: mixture for name, (mixture, _) in mixtures.PICTURES.items()},
        **{
            f"{dim}v1-concentric_gaussians-{count}": mixtures.concentric_distribution(dim, count)
            for dim, count in mixtures.CONCENTRIC
        },
        **{
            f"mult-sparse-w-inliers-{dim}-{dim}-2-2.0-{share}": mixtures.inliers_distribution(
                dim, share
            )
            for dim, share in mixtures.INLIERS
        },
        **{name: mixtures.outliers_distribution(share) for name, share in SHARES.items()},
    }


def test_every_mixture_has_the_stated_components() -> None:
    """Each to the last digits: a sample would not show a correlation of 0.002."""
    distributions = all_distributions()
    assert list(distributions) == list(TASKS)
    for name, mixture in distributions.items():
        used, stated = (
            sorted([w, *m, *c.ravel()] for w, m, c in parts)
            for parts in (zip(*mixture, strict=True), components(name))
        )
        np.testing.assert_allclose(used, stated, rtol=0, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("name", TASKS)
def test_first_and_second_moments_are_the_stated_ones(name: str) -> None:
    n, parts = 20_000, components(name)
    x, y = TASKS[name].sample(n, seed=3)
    xy = np.hstack([unmapped_x(name, x), y])
    mean = sum(w * m for w, m, _ in parts)
    second = sum(w * (c + np.outer(m, m)) for w, m, c in parts)
    assert (np.abs(xy.mean(axis=0) - mean) < 5 * xy.std(axis=0) / np.sqrt(n)).all()
    products = xy.T @ xy / n
    # 5.5 sigma, for up to 1275 entries in one task.
    error = np.sqrt((np.square(xy).T @ np.square(xy) / n - products**2) / n)
    assert (np.abs(products - second) < 5.5 * error).all()


@pytest.mark.parametrize("name", mixtures.PICTURES)
def test_pictures_follow_their_distribution_in_the_plane(name: str) -> None:
    """F(x) and F(y|x) are uniform and independent."""
    parts = flat(name)
    x, y = TASKS[name].sample(20_000, seed=4)
    first = unmapped_x(name, x) @ {"2v1-galaxy-0.5-3.0": [0.5**0.5, 0.5**0.5]}.get(
        name, np.eye(x.shape[1])[0]
    )
    logs = [w * stats.norm.pdf(first, m[0], c[0, 0] ** 0.5) for w, m, c in parts]
    below = [
        stats.norm.cdf(
            y[:, 0],
            m[1] + c[0, 1] / c[0, 0] * (first - m[0]),
            (c[1, 1] - c[0, 1] ** 2 / c[0, 0]) ** 0.5,
        )
        for _, m, c in parts
    ]
    conditional = np.average(below, axis=0, weights=logs)
    ranks = cdf(coordinate(parts, 0))(first)
    for uniform in (ranks, conditional):
        assert stats.kstest(uniform, stats.uniform.cdf).pvalue > 1e-6
    table = np.histogram2d(ranks, conditional, bins=10, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(table.ravel()).pvalue > 1e-6


def test_the_omitted_coordinate_of_x_is_independent_noise() -> None:
    """Orthogonal to the line of the balls, and along a stripe, x is standard normal."""
    across = {"2v1-galaxy-0.5-3.0": [0.5**0.5, -(0.5**0.5)], "2v1-waves-12-5.0-3.0": [0, 1]}
    for name, direction in across.items():
        x, y = TASKS[name].sample(20_000, seed=5)
        omitted = unmapped_x(name, x) @ direction
        assert stats.kstest(omitted, stats.norm.cdf).pvalue > 1e-6
        for half in (omitted[y[:, 0] < np.median(y)], omitted[y[:, 0] >= np.median(y)]):
            assert stats.kstest(half, stats.norm.cdf).pvalue > 1e-6


def _before_the_map(task: Task, n: int, seed: int) -> np.ndarray:
    mixture = mixtures.PICTURES[task.name][0]
    rng = np.random.default_rng([seed, crc32(task.name.encode())])
    return mixtures.sample_mixture(n, rng, mixture=mixture, dim_x=task.dim_x)[0]


@pytest.mark.parametrize("name", ["2v1-galaxy-0.5-3.0", "2v1-waves-12-5.0-3.0"])
def test_maps_of_pictures_can_be_inverted(name: str) -> None:
    x, _ = TASKS[name].sample(1_000, seed=6)
    base = _before_the_map(TASKS[name], 1_000, seed=6)
    # 1e-12: rounding, with values of up to 20.
    np.testing.assert_allclose(unmapped_x(name, x), base, rtol=0, atol=1e-12)
    assert not np.allclose(x, base)


def test_the_galaxy_turns_as_the_exponential_of_its_generator() -> None:
    """x -> exp(A |x|^2 / 2) x with A = [[0, -1], [1, 0]]: counter-clockwise."""
    quarter = np.array([[np.sqrt(np.pi), 0.0]])
    np.testing.assert_allclose(mixtures.to_galaxy(quarter), [[0, np.sqrt(np.pi)]], atol=1e-15)


def test_concentric_labels_are_uniform_and_scale_x() -> None:
    for dim, count in mixtures.CONCENTRIC:
        x, y = TASKS[f"{dim}v1-concentric_gaussians-{count}"].sample(20_000, seed=7)
        label = np.rint(y[:, 0])
        assert set(label) == set(range(1, count + 1))
        assert stats.chisquare(np.bincount(label.astype(int))[1:]).pvalue > 1e-6
        assert stats.kstest((y[:, 0] - label) / 0.01, stats.norm.cdf).pvalue > 1e-6
        squares = np.square(x / label[:, None]).sum(axis=1)
        assert stats.kstest(squares, stats.chi2(dim).cdf).pvalue > 1e-6
