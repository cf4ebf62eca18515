"""What `canonical` computes in a faster way equals what it stands for."""

import numpy as np
import pytest

from mibench.estimators.cca.features import continuous_features
from mibench.estimators.cca.held_out import ratio_of_pairs
from mibench.estimators.cca.pair_correlations import folds_of_equal_size, residual_correlation
from mibench.estimators.cca.pairs import fold_slices
from mibench.estimators.cca.ridge_cca import RidgeCca
from mibench.estimators.cca.tuning import Tuning
from mibench.estimators.neighbours.ksg import kraskov_counts, kraskov_counts_of_several
from mibench.estimators.neighbours.sorted_column import IndexedSide

TUNING = Tuning()


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize(
    ("n", "dims"), [(20, (1, 1)), (400, (1, 1)), (100, (2, 2)), (1000, (1, 2)), (20_000, (1, 2))]
)
def test_one_search_gives_the_counts_of_several_k(n, dims, rounded):
    """All pairs, strips, slabs and a tree; rounded values have ties."""
    rng = np.random.default_rng(n)
    x, y = (rng.normal(size=(d, n)) for d in dims)
    if rounded:
        x, y = x.round(1), y.round(1)
    sizes = (15, 7, 3)
    together = kraskov_counts_of_several(IndexedSide(x), IndexedSide(y), sizes)
    for k, counts in zip(sizes, together, strict=True):
        alone = kraskov_counts(IndexedSide(x), IndexedSide(y), k)
        np.testing.assert_array_equal(counts.n_x, alone.n_x)
        np.testing.assert_array_equal(counts.n_y, alone.n_y)
        assert counts.tied_rows == alone.tied_rows


def test_a_fit_with_one_penalty_is_the_same_without_eigenvectors():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 500))
    sides = [
        continuous_features(side, TUNING.features) for side in (x, x + rng.normal(size=x.shape))
    ]
    (features_x, _, f), (features_y, _, g) = sides
    moments = f @ f.T / 500, g @ g.T / 500, f @ g.T / 500
    refinements = ((0.1, "mixed"), (0.01, "single"))
    many, one = (
        RidgeCca(*moments, features_x, features_y, TUNING.search, one_penalty).fit(
            refinements, 0.01
        )
        for one_penalty in (False, True)
    )
    assert one.correlations == pytest.approx(many.correlations, abs=1e-9)
    signs = np.sign((one.x * many.x).sum(axis=0))[:3]
    np.testing.assert_allclose(one.x[:, :3] * signs, many.x[:, :3], atol=1e-7)
    np.testing.assert_allclose(one.y[:, :3] * signs, many.y[:, :3], atol=1e-7)


def test_folds_together_have_the_residual_correlations_of_each_fold():
    rng = np.random.default_rng(0)
    u = rng.normal(size=(3, 403))
    v = u + rng.normal(size=u.shape)
    folds = fold_slices(403, 4)
    a, b = folds_of_equal_size(u, folds), folds_of_equal_size(v, folds)
    together = residual_correlation(a[:, 2], b[:, 2], a[:, :2], b[:, :2], TUNING.polynomials)
    alone = [
        residual_correlation(p[2], q[2], p[:2], q[:2], TUNING.polynomials)
        for p, q in zip(a, b, strict=True)
    ]
    np.testing.assert_allclose(together, alone, atol=1e-12)


def test_no_bound_exceeds_the_ratio_where_sides_determine_each_other():
    """No mismatched row looks like a matched one, so the excess is unknown."""
    rng = np.random.default_rng(0)
    u = rng.normal(size=(8, 1000))
    ratio = ratio_of_pairs(u, u + 1e-4 * rng.normal(size=u.shape), fold_slices(1000, 10), TUNING)
    assert ratio.is_too_high
    assert 0 <= ratio.bound_rows.mean() <= ratio.rows.mean()
