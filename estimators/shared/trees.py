"""Boosted trees as plain arrays: the sum of what their leaves say of one row of features.

The trees are learned by scikit-learn and kept in files of numpy, which are read without running
anything. `benchmarks/intervals.py fit` makes the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Trees:
    """The nodes of all trees of a model, in one row of nodes.

    Attributes:
        feature: (nodes,) the feature that a node asks for; -1 for a leaf.
        threshold: (nodes,) rows with at most this value go left.
        left, right: (nodes,) the next node.
        value: (nodes,) what a leaf adds.
        names: (features,) their names, in the order of `feature`.
        low, high: (features,) the smallest and largest value in the training data.
    """

    feature: NDArray[np.int8]
    threshold: NDArray[np.float32]
    left: Int
    right: Int
    value: NDArray[np.float32]
    names: NDArray[np.str_]
    low: Float
    high: Float

    def sums(self, node: Int, features: Float) -> Float:
        """The sum over trees, given by their first nodes (..., trees)."""
        row = features.astype(np.float32)
        while (inner := self.feature[node] >= 0).any():
            goes_left = row[self.feature[node]] <= self.threshold[node]
            node = np.where(inner, np.where(goes_left, self.left[node], self.right[node]), node)
        return np.asarray(self.value[node].astype(np.float64).sum(axis=-1))

    def beyond(self, features: Mapping[str, float], ranged: Mapping[str, float]) -> list[str]:
        """Which of the ranged features lie outside of their range in the training data.

        ranged: how far beyond the range each may lie.
        """
        ranges = dict(zip(self.names.tolist(), zip(self.low, self.high, strict=True), strict=True))
        return [
            name
            for name, slack in ranged.items()
            if not ranges[name][0] - slack <= features[name] <= ranges[name][1] + slack
        ]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a model from a file of plain arrays; nothing in it is run."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})

    def write(self, path: Path) -> None:
        """Write the model to a file of plain arrays."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez_compressed(path, **arrays)


def as_array(features: Mapping[str, float]) -> Float:
    """The features in their order, (features,)."""
    return np.array(list(features.values()), dtype=np.float64)
