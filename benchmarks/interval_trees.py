"""The trees of the interval model, learned by scikit-learn; `intervals.py fit` uses it."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

from mibench.estimators.cca.risk import (
    FLAGS_OF_CANONICAL,
    OFF_NATS,
    OFF_SHARE,
    RiskModel,
    features_of_canonical,
)
from mibench.estimators.intervals.features import features_of, scale_of
from mibench.estimators.intervals.model import IntervalModel, reach_of
from mibench.estimators.shared.trees import as_array
from mibench.tasks.random import STREAMS

Float = NDArray[np.float64]

SHARES = (0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.995)
TREES = {
    "n_estimators": 150, "max_depth": 3, "learning_rate": 0.06, "min_samples_leaf": 20,
    "subsample": 0.6, "max_features": 0.4, "random_state": 0,
}  # fmt: skip
# Each end may fail so many times as often as its level says, on kinds of families that were left
# out: the model in use leaves none out. Chosen by samples of version 1 of `judge`.
FAILURES = 1.5
# The share of right estimates of `canonical`, of kinds that were left out, that are flagged.
FALSE_FLAGS = 0.3


def fit(samples: pd.DataFrame) -> IntervalModel:
    """Learn the quantiles on `train` and `calibrate`, and the margins on families left out.

    The families are divided into kinds: functions, labels, counts and so on. The quantiles of a
    kind come from trees that were learned on the other kinds, and the margins from how these
    quantiles fail. So they allow for data of a kind that was never seen.
    """
    learned, parts = learned_from(samples)
    units = np.array([scale_of(record) for record in learned.to_dict("records")])
    x, y = features_and_errors(learned)

    quantiles = np.empty((len(learned), len(SHARES)))
    for inside in parts:
        boosted = quantile_trees(x[~inside], y[~inside])
        quantiles[inside] = np.sort(np.column_stack([b.predict(x[inside]) for b in boosted]))
    corrections = quantiles[:, len(SHARES) // 2] * units
    used = part_to_use(corrections, y * units)

    corrected = np.maximum(learned["canonical"] + used * corrections, 0.0)
    off = is_off(corrected, learned["truth"]).to_numpy()
    risks = risks_of_parts(x, off, parts)

    names = list(features_of(learned.iloc[0].to_dict()))
    families = learned["family"].nunique()
    model = as_model(names, x, families, quantile_trees(x, y), risk_trees(x, off))
    return replace(
        model, margins=margins(quantiles, y, learned["family"]), used=np.array([used]),
        risk_limit=np.array([limit_of_risk(risks, off)]),
    )  # fmt: skip


def fit_risk(samples: pd.DataFrame) -> RiskModel:
    """Learn the risk of an estimate of `canonical`, and the limit on kinds that were left out."""
    learned, parts = learned_from(samples)
    features = [features_of_canonical(record) for record in records_of_canonical(learned)]
    x = np.array([as_array(row) for row in features])
    off = is_off(learned["canonical"], learned["truth"]).to_numpy()
    trees = risk_trees(x, off)
    arrays, roots = nodes_of([trees])
    return RiskModel(
        **arrays, names=np.array(list(features[0])), low=x.min(axis=0), high=x.max(axis=0),
        first=log_odds(trees), root=roots[0],
        limit=np.array([limit_of_false_flags(risks_of_parts(x, off, parts), off)]),
    )  # fmt: skip


def records_of_canonical(samples: pd.DataFrame) -> list[dict[str, Any]]:
    """The samples as records, with the flags of `canonical` and not those of k-NN."""
    return [
        {**record, **{f"flag_{c}": float(c in record["flags"].split(";"))
                      for c in FLAGS_OF_CANONICAL}}
        for record in samples.to_dict("records")
    ]  # fmt: skip


def learned_from(samples: pd.DataFrame) -> tuple[pd.DataFrame, list[NDArray[np.bool_]]]:
    """The samples that models learn from, and which of them are of each kind of families."""
    learned = samples[samples["stream"].isin(["train", "calibrate"])]
    kinds = learned["family"].map(kinds_of_families()).to_numpy()
    return learned, [kinds == kind for kind in sorted(set(kinds))]


def risks_of_parts(x: Float, off: NDArray[np.bool_], parts: Sequence[NDArray[np.bool_]]) -> Float:
    """The risk of each sample, by trees that saw no sample of its kind."""
    risks = np.empty(len(x))
    for inside in parts:
        risks[inside] = risk_trees(x[~inside], off[~inside]).predict_proba(x[inside])[:, 1]
    return risks


def is_off(estimates: "pd.Series[float]", truth: "pd.Series[float]") -> "pd.Series[bool]":
    error = (estimates - truth).abs()
    return (error > OFF_NATS) & (error > OFF_SHARE * truth)


def limit_of_risk(risks: Float, off: NDArray[np.bool_]) -> float:
    """The limit, a multiple of 1/50, that parts best what is off from what is not."""
    return max(
        (i / 50 for i in range(50)),
        key=lambda limit: (risks[off] >= limit).mean() - (risks[~off] >= limit).mean(),
    )


def limit_of_false_flags(risks: Float, off: NDArray[np.bool_]) -> float:
    """The least limit, a multiple of 1/50, that flags at most `FALSE_FLAGS` of the right ones."""
    return next(i / 50 for i in range(51) if (risks[~off] >= i / 50).mean() <= FALSE_FLAGS)


def kinds_of_families() -> dict[str, str]:
    """The kind of each family: the name of its module."""
    families = [f for s in STREAMS.values() for f in (*s.families, s.independent)]
    return {family.__name__: family.__module__.rpartition(".")[2] for family in families}


def part_to_use(corrections: Float, errors: Float) -> float:
    """The part of the corrections, a multiple of 1/20, that leaves the smallest mean error.

    An error upwards counts twice.
    """

    def loss(part: float) -> float:
        left = part * corrections - errors
        return float(np.where(left > 0, 2 * left, -left).mean())

    return min((i / 20 for i in range(21)), key=loss)


def quantile_trees(x: Float, y: Float) -> list[GradientBoostingRegressor]:
    """Boosted trees for each of `SHARES`."""
    return Parallel(n_jobs=-1)(
        delayed(GradientBoostingRegressor(loss="quantile", alpha=share, **TREES).fit)(x, y)
        for share in SHARES
    )


def risk_trees(x: Float, off: NDArray[np.bool_]) -> GradientBoostingClassifier:
    """Boosted trees for the risk that an estimate is off."""
    return GradientBoostingClassifier(**TREES).fit(x, off)


def as_model(
    names: Sequence[str],
    x: Float,
    families: int,
    quantiles: Sequence[GradientBoostingRegressor],
    risk: GradientBoostingClassifier,
) -> IntervalModel:
    """The trees as arrays, without margins. x: what they learned from, (samples, names)."""
    arrays, roots = nodes_of([*quantiles, risk])
    return IntervalModel(
        **arrays,
        shares=np.array(SHARES),
        margins=np.zeros(len(SHARES)),
        used=np.ones(1),
        first=np.array([float(b.init_.constant_.ravel()[0]) for b in quantiles]),
        root=roots[:-1],
        risk_first=log_odds(risk),
        risk_root=roots[-1],
        risk_limit=np.ones(1),
        names=np.array(names),
        low=x.min(axis=0),
        high=x.max(axis=0),
        rows=np.array([len(x), families]),
    )


def log_odds(risk: GradientBoostingClassifier) -> Float:
    """The log odds before any tree, (1,)."""
    share_off = risk.init_.class_prior_[1]
    return np.array([math.log(share_off / (1 - share_off))])


def nodes_of(models: Sequence[Any]) -> tuple[dict[str, Any], NDArray[np.int32]]:
    """The nodes of all trees of all models, and the first node of each tree, (models, trees)."""
    names_of_parts = ("feature", "threshold", "left", "right", "value")
    parts: dict[str, list[Any]] = {name: [] for name in names_of_parts}
    root, nodes = [], 0
    for boosted in models:
        root.append([])
        for tree in (estimator.tree_ for estimator in boosted.estimators_[:, 0]):
            root[-1].append(nodes)
            parts["feature"].append(np.where(tree.children_left < 0, -1, tree.feature))
            parts["threshold"].append(tree.threshold)
            parts["left"].append(np.maximum(tree.children_left, 0) + nodes)
            parts["right"].append(np.maximum(tree.children_right, 0) + nodes)
            parts["value"].append(TREES["learning_rate"] * tree.value[:, 0, 0])
            nodes += tree.node_count
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    kinds = {
        "feature": np.int8, "threshold": np.float32, "left": np.int32, "right": np.int32,
        "value": np.float32,
    }  # fmt: skip
    arrays = {name: joined[name].astype(kind) for name, kind in kinds.items()}
    return arrays, np.array(root, np.int32)


def margins(quantiles: Float, y: Float, families: "pd.Series[str]") -> Float:
    """Margins with which each end fails `FAILURES` times its share, each family counting as one."""
    sizes = Counter(families)
    weights = np.array([1 / sizes[family] for family in families])
    found = np.zeros(len(SHARES))
    for low in range(len(SHARES) // 2):
        high = len(SHARES) - 1 - low
        width = reach_of(quantiles[:, high] - quantiles[:, low])
        held = 1 - FAILURES * SHARES[low]
        found[low] = weighted_quantile((quantiles[:, low] - y) / width, weights, held)
        found[high] = weighted_quantile((y - quantiles[:, high]) / width, weights, held)
    return np.maximum(found, 0.0)


def weighted_quantile(values: Float, weights: Float, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(np.searchsorted(reached, share), len(values) - 1)])


def features_and_errors(samples: pd.DataFrame) -> tuple[Float, Float]:
    records = samples.to_dict("records")
    x = np.array([as_array(features_of(record)) for record in records])
    return x, np.array([(r["truth"] - r["canonical"]) / scale_of(r) for r in records])
