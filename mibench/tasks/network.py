"""Layers like those of networks, of 12 to 1024 units, whose I(X;T) and I(T;Y) are both known.

The input X of dx numbers is normal with one of two opposite means, one for each class Y: X = s mu +
Z, s = 2 Y - 1. A layer T depends on X only through k features u = W X, where the rows of W are
orthonormal, and mu = a (W_1 + .. + W_k), so that every feature is a s + N(0, 1), independent given
Y. So both numbers can be computed (network_information.py) in any dimension. The layers:

    tanh           T_i = +-tanh(g u_j) + sigma Z_i: saturated, deterministic except for the noise,
                   and redundant, since many units i share a feature j
    relu           T = max(0, A v - b), v = u + sigma Z: sparse, but v can be computed from it
    relu-lossy     T_j = max(0, u_j + sigma Z_j - b): sparse, and values below b are lost
    low-rank       T = A v + jitter Z': a layer of rank k except for a little jitter
    low-rank-tanh  T = tanh(A v): a curved surface of k dimensions in a saturated layer

The noise is part of the layer. Without it, I(X;T) would be infinite for any layer (Goldfeld et al.,
arXiv:1810.05728).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache, partial
from math import sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..types import Sample, Task
from .network_information import (
    Feature,
    label_information,
    normal_feature,
    relu_feature,
    tanh_feature,
)

Array = NDArray[np.float64]

SOURCE = (
    "I(X;T) = I(T;Y) + sum over features of I(u;T|Y), and I(T;Y) from the overlap of T's two "
    "distributions; derived in the code; noise in the layer as in arXiv:1810.05728"
)


@cache
def directions(count: int, dim: int, seed: int) -> Array:
    """Orthonormal rows (count, dim): cosines of rising frequency, the DCT-II, with random signs."""
    angles = np.pi * np.outer(np.arange(count), np.arange(dim) + 0.5) / dim
    rows = np.cos(angles) * sqrt(2 / dim)
    rows[0] = sqrt(1 / dim)
    # RandomState, because NEP 19 freezes its stream; that of a Generator may change with numpy.
    signs = 2 * np.random.RandomState(seed).randint(2, size=dim) - 1
    return np.asarray(rows * signs)


@dataclass(frozen=True)
class Layer(ABC):
    """The parameters of all layers. shift: a, the mean of each feature; noise: sigma."""

    inputs: int
    units: int
    features: int
    shift: float
    noise: float

    kind: ClassVar[str]
    error_nats: ClassVar[float] = 1e-12  # of the quadratures, from their change with more nodes

    @abstractmethod
    def activations(self, u: Array, rng: np.random.Generator) -> Array:
        """T (n, units) from the features u (n, features)."""

    def noisy_features(self) -> list[Feature]:
        """The features as the units see them; all are equal except in low-rank layers."""
        return [normal_feature(self.noise, self.shift)] * self.features

    def noisy(self, u: Array, rng: np.random.Generator) -> Array:
        """The features with noise, v = u + sigma Z: (n, features)."""
        return u + self.noise * rng.standard_normal(u.shape)


@dataclass(frozen=True)
class Tanh(Layer):
    """T_i = e_i tanh(gain u_j) + noise Z_i with signs e_i, j = i modulo the number of features.

    The mean of e_i T_i over the r units of a feature is sufficient for it: one unit whose noise is
    sigma / sqrt(r). At a gain of 3 more than half of the tanh are beyond 0.95.
    """

    gain: float = 3.0
    kind = "tanh"

    def activations(self, u: Array, rng: np.random.Generator) -> Array:
        """Repeat tanh of each feature, with signs, and add noise to each unit."""
        signs = 2 * np.random.RandomState(2).randint(2, size=self.units) - 1
        copies = self.units // self.features
        noise = self.noise * rng.standard_normal((len(u), self.units))
        return np.asarray(signs * np.tile(np.tanh(self.gain * u), copies) + noise)

    def noisy_features(self) -> list[Feature]:
        """One unit per feature, with the noise of the mean of its copies."""
        noise = self.noise / sqrt(self.units / self.features)
        return [tanh_feature(self.gain, noise, self.shift)] * self.features


@cache
def sparse_weights(features: int, units: int) -> Array:
    """Rows of length 1 (units, features) in random order; +-e_j for each feature are among them."""
    random = np.random.RandomState(3)
    others = random.standard_normal((units - 2 * features, features))
    others /= np.sqrt((others**2).sum(axis=1, keepdims=True))
    rows = np.concatenate([np.eye(features), -np.eye(features), others])
    return np.asarray(rows[random.permutation(units)])


@dataclass(frozen=True)
class Relu(Layer):
    """T = max(0, A v - b): nine in ten are 0, but the 2 k units +-v_j with b = 0 determine v.

    The other units are linear in v with random weights; b is 1.5 of their standard deviations.
    """

    kind = "relu"

    def activations(self, u: Array, rng: np.random.Generator) -> Array:
        """Rectify the weighted noisy features, beyond the units' thresholds."""
        weights = sparse_weights(self.features, self.units)
        sd = np.sqrt(1 + self.noise**2 + self.shift**2 * weights.sum(axis=1) ** 2)
        single_feature = np.abs(weights).max(axis=1) == 1
        return np.maximum(
            self.noisy(u, rng) @ weights.T - np.where(single_feature, 0, 1.5 * sd), 0.0
        )


@dataclass(frozen=True)
class LossyRelu(Layer):
    """T_j = max(0, u_j + noise Z_j - threshold), one unit per feature: six in seven are 0."""

    threshold: float = 1.0
    kind = "relu-lossy"

    def activations(self, u: Array, rng: np.random.Generator) -> Array:
        """Rectify each noisy feature beyond the threshold."""
        return np.maximum(self.noisy(u, rng) - self.threshold, 0.0)

    def noisy_features(self) -> list[Feature]:
        """Rectified normal features."""
        return [relu_feature(self.threshold, self.noise, self.shift)] * self.features


@dataclass(frozen=True)
class LowRank(Layer):
    """T = A v + jitter Z'. The columns of A are orthogonal, of lengths sqrt(units) / (1, 2, .., k).

    Along a column the jitter adds (jitter / length)^2 to the variance of that feature's noise.
    Orthogonal to the columns there is only jitter, which carries no information.
    """

    jitter: float = 0.05
    kind = "low-rank"

    def _lengths(self) -> Array:
        return sqrt(self.units) / np.arange(1, self.features + 1)

    def activations(self, u: Array, rng: np.random.Generator) -> Array:
        """Spread the noisy features over all units, and add the jitter."""
        lines = self._lengths()[:, None] * directions(self.features, self.units, 1)
        signal = self.noisy(u, rng) @ lines
        return signal + self.jitter * rng.standard_normal(signal.shape)

    def noisy_features(self) -> list[Feature]:
        """Normal features, with the jitter in their noise."""
        noises = np.hypot(self.noise, self.jitter / self._lengths()).tolist()
        return [normal_feature(noise, self.shift) for noise in noises]


@dataclass(frozen=True)
class LowRankTanh(Layer):
    """T = tanh(A v), A with orthogonal columns: injective, since tanh and A v are.

    The entries of A are of size gain / sqrt(k), and more than half of the units are beyond 0.95.
    Of 1024 units one in a thousand is rounded to 1 or -1, and the others still give v to 1e-6.
    """

    gain: float = 3.0
    kind = "low-rank-tanh"

    def activations(self, u: Array, rng: np.random.Generator) -> Array:
        """Spread the noisy features over all units, and saturate them."""
        scale = self.gain * sqrt(self.units / self.features)
        return np.tanh(self.noisy(u, rng) @ (scale * directions(self.features, self.units, 1)))


def draw(n: int, rng: np.random.Generator, layer: Layer) -> tuple[Array, Array, NDArray[np.int64]]:
    """Draw inputs (n, inputs), the layer's outputs (n, units) and labels (n, 1)."""
    label = rng.integers(2, size=(n, 1))
    rows = directions(layer.features, layer.inputs, 0)
    x = rng.standard_normal((n, layer.inputs))
    x += (2 * label - 1) * (layer.shift * rows.sum(axis=0))
    return x, layer.activations(x @ rows.T, rng), label


def sample_input(n: int, rng: np.random.Generator, *, layer: Layer) -> Sample:
    """Draw the pair of I(X;T): the input (n, inputs) and the layer (n, units)."""
    return draw(n, rng, layer)[:2]


def sample_label(n: int, rng: np.random.Generator, *, layer: Layer) -> Sample:
    """Draw the pair of I(T;Y): the layer (n, units) and the label in {0, 1} (n, 1)."""
    return draw(n, rng, layer)[1:]


def information(layer: Layer) -> tuple[float, float]:
    """I(X;T) and I(T;Y) in nats."""
    features = layer.noisy_features()
    of_label = label_information(np.prod([f.overlap for f in features], axis=0))
    return sum(f.information for f in features) + of_label, of_label


# I(X;T) from 1.7 to 6.1 nats, where log 1000 = 6.9; I(T;Y) from 0.15 to 0.6, where log 2 = 0.69.
LAYERS: tuple[Layer, ...] = (
    Tanh(inputs=12, units=12, features=4, shift=0.5, noise=0.5),
    Tanh(inputs=64, units=64, features=4, shift=1.0, noise=0.5),
    Tanh(inputs=784, units=256, features=4, shift=0.7, noise=0.5),
    Tanh(inputs=1024, units=1024, features=2, shift=1.0, noise=0.5),
    Relu(inputs=784, units=256, features=8, shift=0.5, noise=0.7),
    Relu(inputs=1024, units=1024, features=12, shift=0.8, noise=2.0),
    LossyRelu(inputs=12, units=12, features=12, shift=0.4, noise=0.5, threshold=1.3),
    LossyRelu(inputs=64, units=64, features=64, shift=0.3, noise=1.5, threshold=2.0),
    LowRank(inputs=784, units=256, features=8, shift=0.3, noise=1.0),
    LowRankTanh(inputs=64, units=64, features=4, shift=0.7, noise=0.5),
    LowRankTanh(inputs=1024, units=1024, features=8, shift=0.6, noise=1.5),
)


def _tasks(layer: Layer) -> list[Task]:
    name = f"network-{layer.kind}-{layer.inputs}-{layer.units}"
    of_input, of_label = information(layer)
    return [
        Task(
            name=name,
            dim_x=layer.inputs,
            dim_y=layer.units,
            mi_nats=of_input,
            mi_error_nats=layer.error_nats,
            sampler=partial(sample_input, layer=layer),
            source=SOURCE,
        ),
        Task(
            name=f"{name}-label",
            dim_x=layer.units,
            dim_y=1,
            mi_nats=of_label,
            mi_error_nats=layer.error_nats,
            sampler=partial(sample_label, layer=layer),
            source=SOURCE,
            discrete_y=True,
        ),
    ]


def tasks() -> list[Task]:
    """Each layer twice: I(X;T), and I(T;Y) under the id that ends in -label."""
    return [task for layer in LAYERS for task in _tasks(layer)]
