"""The search for canonical pairs by cross-fitted ridge CCA of two feature sets.

The scores of a fold come from directions learned on the other folds. So no row takes part in the
choice of the directions that its own scores come from.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..shared.threads import share_rows
from .features import SCORE_DECIMALS, LabelFeatures, normal_scores, normal_scores_without_ties
from .gaussian import beyond_chance
from .pair_correlations import folds_of_equal_size, residual_correlation, row_correlations
from .polynomials import unexplained_share
from .ridge_cca import Directions, Refinements, RidgeCca, SideFeatures
from .tuning import Tuning

T = TypeVar("T")

# Share of distinct scores in a fold below which equal scores are taken for atoms.
MAX_DISTINCT_SHARE = 0.98

Float = NDArray[np.float64]


@dataclass(frozen=True)
class FoldDirections:
    """The directions x (px, m), y (py, m) that the scores of some rows come from."""

    rows: slice
    x: Float
    y: Float


@dataclass(frozen=True)
class CanonicalPairs:
    """The canonical pairs that are significantly correlated.

    Attributes:
        u, v: their normal scores, out of fold, (m, n).
        all_scores_x: scores of x, of unit variance, of all significant pairs, (p, n), including
            those that are not new.
        all_u, all_v: normal scores of all significant pairs, (p, n).
        features_x, features_y: what the scores are linear in, (px, n), (py, n).
        folds: the directions of each fold, rotated as the scores are.
        directions: the directions learned on all rows, in the order of u and v, with their
            out-of-fold correlations.
        unused: the number of further pairs that are significant, new and stable.
        penalty: the ridge penalty that was chosen.
        refinements: how often the feature weights were refined.
    """

    u: Float
    v: Float
    all_scores_x: Float
    all_u: Float
    all_v: Float
    features_x: Float
    features_y: Float
    folds: list[FoldDirections]
    directions: Directions
    unused: int
    penalty: float
    refinements: int


@dataclass(frozen=True)
class _Choice:
    """A ridge penalty and refinements, with what the first pairs show out of fold.

    nats: what is new in the first pairs; correlation_errors: the largest correlation, in units of
    its standard deviation at independence.
    """

    nats: float
    correlation_errors: float
    refinements: Refinements
    penalty: float


class PairSearch:
    """Cross-fitted CCA of the features of two sides, rows in random order.

    Args:
        f, g: features (px, n) and (py, n).
        features_x, features_y: what f and g are the values of.
        folds: the number of folds.
        tuning: the choices of the estimator.
        repeated_rows: whether the rows are copies of few distinct rows.
    """

    def __init__(
        self,
        f: Float,
        g: Float,
        features_x: SideFeatures,
        features_y: SideFeatures,
        folds: int,
        tuning: Tuning,
        repeated_rows: bool = False,
    ) -> None:
        n: int = f.shape[1]
        self.f, self.g, self.n, self.tuning = f, g, n, tuning
        self.labelled = isinstance(features_y, LabelFeatures)
        self.repeated_rows = repeated_rows
        if max(len(f), len(g)) > tuning.search.many_features:
            folds = max(2, folds // 2)
        self.folds = min(folds, n // 2)
        self.fold_rows = fold_slices(n, self.folds)
        of_rows = math.ceil(tuning.search.judged_rows / n * self.folds)
        self.judged_folds = max(2, min(of_rows, math.ceil(self.folds * tuning.search.judged_share)))
        judged_rows = self.fold_rows[: self.judged_folds]
        self.judged_f = folds_of_equal_size(f, judged_rows)
        self.judged_g = folds_of_equal_size(g, judged_rows)
        moments = self._by_fold(lambda i: self._moments(self.fold_rows[i]))
        sums = [np.sum([of_fold[i] for of_fold in moments], axis=0) for i in range(3)]
        sides = features_x, features_y, tuning.search
        self.full_model = RidgeCca(sums[0] / n, sums[1] / n, sums[2] / n, *sides, one_penalty=True)
        self.models: list[RidgeCca] = []  # of each fold, from the rows of all other folds
        for rows, (xx, yy, xy) in zip(self.fold_rows, moments, strict=True):
            count = n - (rows.stop - rows.start)
            others = (sums[0] - xx) / count, (sums[1] - yy) / count, (sums[2] - xy) / count
            judged = len(self.models) < self.judged_folds
            self.models.append(RidgeCca(*others, *sides, one_penalty=not judged))

    def _moments(self, rows: slice) -> tuple[Float, Float, Float]:
        """Sums over rows of the products of features: within x, within y, between them."""
        f, g = self.f[:, rows], self.g[:, rows]
        return f @ f.T, g @ g.T, f @ g.T

    def _by_fold(self, work: Callable[[int], T], count: int | None = None) -> list[T]:
        """work(i) of each fold i, or of the first ones; on all threads where it is worth it."""
        count = self.folds if count is None else count
        if len(self.f) * len(self.g) * self.n < self.tuning.search.min_threaded_work:
            return [work(i) for i in range(count)]
        results: list[Any] = [None] * count

        def work_on(start: int, stop: int) -> None:
            for i in range(start, stop):
                results[i] = work(i)

        share_rows(work_on, count, 1)
        return results

    def pairs(self, max_pairs: int) -> CanonicalPairs:
        """Choose the penalty and the weights by out-of-fold correlations, then the pairs."""
        choice = self._choose_penalty()
        correlations = self._correlations(choice)
        significant = correlations > self._chance_correlation(correlations, choice.penalty)
        count = len(significant) if significant.all() else int(np.argmin(significant))
        folds, directions = self._aligned(choice, count)
        scores_x = out_of_fold(self.f, [(fold.rows, fold.x) for fold in folds])
        scores_y = out_of_fold(self.g, [(fold.rows, fold.y) for fold in folds])
        first = self.tuning.search.new_pairs
        strongest = Directions(directions.x[:, :first], directions.y[:, :first], correlations)
        new = self._new_pairs(scores_x[:first], scores_y[:first], strongest)
        used = new[:max_pairs]
        return CanonicalPairs(
            u=self._normal(scores_x[used], 0),
            v=self._normal(scores_y[used], 1),
            all_scores_x=scores_x,
            all_u=self._normal(scores_x, 0),
            all_v=scores_y if self.labelled else self._normal(scores_y, 1),
            features_x=self.f,
            features_y=self.g,
            folds=[FoldDirections(fold.rows, fold.x[:, used], fold.y[:, used]) for fold in folds],
            directions=Directions(directions.x[:, used], directions.y[:, used], correlations[used]),
            unused=len(new) - len(used),
            penalty=choice.penalty,
            refinements=len(choice.refinements),
        )

    def _normal(self, scores: Float, seed: int) -> Float:
        if self.repeated_rows or has_atoms(scores, self.fold_rows):
            return normal_scores_without_ties(scores, self.fold_rows, seed)
        return normal_scores(scores)

    def _choose_penalty(self) -> _Choice:
        """The penalty and refinements whose first pairs show most dependence out of fold."""
        tuning = self.tuning.search
        best = self._best_penalty((), tuning.penalties, tuning.first_penalty)
        promising = best.correlation_errors > tuning.min_refining_errors
        for kind in tuning.refinements if promising else ():
            refinements = (*best.refinements, (best.penalty, kind))
            start = min(best.penalty, tuning.refined_penalty)
            refined = self._best_penalty(refinements, tuning.penalties[1:], start, best.nats)
            if refined.nats <= best.nats + tuning.min_gain:
                break
            best = refined
        return best

    def _best_penalty(
        self,
        refinements: Refinements,
        penalties: tuple[float, ...],
        start: float,
        least: float = -math.inf,
    ) -> _Choice:
        """The best penalty near `start`: its neighbours are tried while they show more.

        No neighbour is tried where `start` shows far less than `least` nats.
        """

        def choice(i: int) -> _Choice:
            return self._judged(refinements, penalties[i])

        first = penalties.index(start) if start in penalties else 0
        best = choice(first)
        if best.nats < least - self.tuning.search.max_first_loss_nats:
            return best
        for step in (1, -1):
            i = first + step
            while 0 <= i < len(penalties) and (other := choice(i)).nats > best.nats:
                best, i = other, i + step
            if best.penalty != penalties[first]:
                break
        return best

    def _judged(self, refinements: Refinements, penalty: float) -> _Choice:
        """What the first pairs show out of fold, in some of the folds.

        Scores are made normal in each fold separately. The scores of a fold have a sign and a
        skewness of their own, in x and y alike. Made normal all together, they would be correlated
        by fold membership.
        """
        first = slice(self.tuning.search.judged_pairs)
        fits = self._by_fold(lambda i: self.models[i].fit(refinements, penalty), self.judged_folds)
        u = self._judged_scores(np.stack([fit.x[:, first] for fit in fits]), self.judged_f)
        v = self._judged_scores(np.stack([fit.y[:, first] for fit in fits]), self.judged_g)
        earlier_v = v[:, :0] if self.labelled else v
        new = [
            residual_correlation(
                u[:, j], v[:, j], u[:, :j], earlier_v[:, :j], self.tuning.polynomials
            ).mean()
            for j in range(u.shape[1])
        ]
        nats = -0.5 * np.log1p(-(np.clip(new, 0, 1 - 1e-9) ** 2)).sum()
        errors = row_correlations(u, v).mean(axis=0).max() * math.sqrt(u.shape[0] * u.shape[2])
        return _Choice(round(float(nats), SCORE_DECIMALS), float(errors), refinements, penalty)

    @staticmethod
    def _judged_scores(directions: Float, features: Float) -> Float:
        """Normal scores (folds, m, k), in each fold, by directions (folds, p, m).

        features: (folds, p, k). Scores are rounded first, so that equal rows are ties.
        """
        scores = (directions.swapaxes(1, 2) @ features).round(SCORE_DECIMALS)
        return normal_scores(scores.reshape(-1, scores.shape[2])).reshape(scores.shape)

    def _correlations(self, choice: _Choice) -> Float:
        """Out-of-fold correlations of all pairs, (m,); scores are normal in each fold."""
        fits = self._by_fold(lambda i: self.models[i].fit(choice.refinements, choice.penalty))
        total = np.zeros(len(fits[0].correlations))
        for directions, rows in zip(fits, self.fold_rows, strict=True):
            u, v = _fold_scores(directions, self.f[:, rows], self.g[:, rows])
            total += row_correlations(u, v) * (rows.stop - rows.start) / self.n
        return total

    def _chance_correlation(self, correlations: Float, penalty: float) -> float:
        """The out-of-fold correlation that independent sides do not exceed.

        A correlation that the whole sample has by chance is learned on one part and seen in the
        other. So the out-of-fold correlations of independent sides are not centred at 0, and exceed
        1 / sqrt(n), the more so the more features there are. Where that may matter, the search is
        repeated on rows of y permuted within their folds.
        """
        tuning = self.tuning.search
        least = tuning.significant_errors / math.sqrt(self.n)
        if not least < correlations.max() < tuning.clear_errors / math.sqrt(self.n):
            return least
        rng = np.random.default_rng(self.n)
        chance = [self._permuted_correlation(penalty, rng) for _ in range(tuning.permutations)]
        return max(least, beyond_chance(chance, tuning.significant_errors))

    def _permuted_correlation(self, penalty: float, rng: np.random.Generator) -> float:
        """The largest out-of-fold correlation where each fold's rows of y are permuted."""
        permuted = [rng.permutation(self.g[:, rows], axis=1) for rows in self.fold_rows]
        g = np.concatenate(permuted, axis=1)
        cross_of_fold = [self.f[:, rows] @ g[:, rows].T for rows in self.fold_rows]
        cross = np.sum(cross_of_fold, axis=0)

        def correlations_of_fold(i: int) -> Float:
            moments, rows = self.models[i].weighted(()), self.fold_rows[i]
            count = rows.stop - rows.start
            others = moments.transformed((cross - cross_of_fold[i]) / (self.n - count))
            directions = moments.fit(penalty, others)
            u, v = _fold_scores(directions, self.f[:, rows], g[:, rows])
            return np.asarray(row_correlations(u, v) * count)

        return float(np.max(np.sum(self._by_fold(correlations_of_fold), axis=0))) / self.n

    def _aligned(self, choice: _Choice, m: int) -> tuple[list[FoldDirections], Directions]:
        """The directions of the first m pairs, of each fold and of all rows.

        The pairs of each fold are rotated, both sides by the same rotation, so that they come as
        close as possible to those of all rows. This leaves what x and y share within a fold as it
        is. Only significant pairs are rotated: among many, a rotation finds what fits by chance.
        """
        full = self.full_model.fit(choice.refinements, choice.penalty)
        directions = Directions(full.x[:, :m], full.y[:, :m], full.correlations[:m])
        folds = []
        for model, rows in zip(self.models, self.fold_rows, strict=True):
            own_directions = model.fit(choice.refinements, choice.penalty)
            x, y = own_directions.x[:, :m], own_directions.y[:, :m]
            common = x.T @ model.xx @ directions.x + y.T @ model.yy @ directions.y
            left, _, right = np.linalg.svd(common)
            rotation = left @ right
            folds.append(FoldDirections(rows, x @ rotation, y @ rotation))
        return folds, directions

    def _new_pairs(self, u: Float, v: Float, directions: Directions) -> list[int]:
        """The indices of pairs that are new, the most useful first.

        The next pair is the one with the largest product of its correlation and the share of its
        variance that earlier pairs do not explain: a square of the first score is as correlated as
        the score, and adds nothing. Whether a pair is new and stable is judged on the directions
        learned on all rows, which are the same function in all folds. Otherwise differences between
        folds would look like something new that both sides know.
        """
        if len(u) == 0:
            return []
        polynomials = self.tuning.polynomials
        full_u, full_v = directions.x.T @ self.f, directions.y.T @ self.g
        stable = np.minimum(row_correlations(u, full_u), row_correlations(v, full_v))
        normal_u, normal_v = (normal_scores(w.round(SCORE_DECIMALS)) for w in (full_u, full_v))
        u, v = normal_scores(u), normal_scores(v)
        strength = row_correlations(u, v)
        least = self.tuning.search.significant_errors / math.sqrt(self.n)
        a, b = (folds_of_equal_size(w, self.fold_rows) for w in (u, v))

        def is_new(j: int) -> bool:
            """Whether enough correlation is left given the earlier pairs, on average over folds."""
            earlier_b = b[:, [] if self.labelled else order]
            left = residual_correlation(a[:, j], b[:, j], a[:, order], earlier_b, polynomials)
            return float(left.mean()) > least

        order: list[int] = []
        while len(order) < len(u):
            shares = np.ones(len(u))
            for j in set(range(len(u))) - set(order) if order else ():
                shares[j] = unexplained_share(full_u[j], normal_u[order], polynomials)
                if not self.labelled:
                    share_v = unexplained_share(full_v[j], normal_v[order], polynomials)
                    shares[j] = min(shares[j], share_v)
            candidates = [
                j
                for j in np.argsort(-strength * shares, kind="stable").tolist()
                if j not in order
                and strength[j] > least
                and (not order or shares[j] > polynomials.min_new_share)
                and (not order or stable[j] > self.tuning.search.min_stability)
            ]
            following = next((j for j in candidates if not order or is_new(j)), None)
            if following is None:
                break
            order.append(following)
        return order


def fold_slices(n: int, folds: int) -> list[slice]:
    """Consecutive rows, n in all, in so many parts of nearly equal size."""
    return [slice(n * i // folds, n * (i + 1) // folds) for i in range(folds)]


def out_of_fold(features: Float, folds: list[tuple[slice, Float]]) -> Float:
    """Scores (m, n) of features (p, n): the rows of each fold by its directions (p, m)."""
    scores = [directions.T @ features[:, rows] for rows, directions in folds]
    return np.concatenate(scores, axis=1).round(SCORE_DECIMALS)


def _fold_scores(directions: Directions, f: Float, g: Float) -> tuple[Float, Float]:
    """Normal scores of the pairs in one fold; rounded first, so that equal rows are ties."""
    u = normal_scores((directions.x.T @ f).round(SCORE_DECIMALS))
    v = normal_scores((directions.y.T @ g).round(SCORE_DECIMALS))
    return u, v


def has_atoms(scores: Float, fold_rows: list[slice]) -> bool:
    """Whether many rows of a fold have equal scores (m, n), such as those of zeros."""
    return any(
        len(np.unique(score[rows])) < MAX_DISTINCT_SHARE * (rows.stop - rows.start)
        for score in scores
        for rows in fold_rows[:1]
    )
