"""Samples and strategies that the tests of estimators and kernels share."""

from dataclasses import dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

properties = settings(deadline=None, derandomize=True, max_examples=60, database=None)


@dataclass(frozen=True)
class Data:
    """One sample, and which of its sides are labels."""

    x: np.ndarray
    y: np.ndarray
    discrete_x: bool = False
    discrete_y: bool = False

    @property
    def sides(self):
        return {"discrete_x": self.discrete_x, "discrete_y": self.discrete_y}


def normal(n, dx=1, dy=1, noise=1.0, seed=0):
    """Normal x and y; each dimension of y is a dimension of x plus noise."""
    rng = np.random.default_rng([seed, n, dx, dy])
    x = rng.normal(size=(n, dx))
    return x, x[:, np.arange(dy) % dx] + noise * rng.normal(size=(n, dy))


def data_table():
    """Name -> Data: one sample for each property of data that an estimator may handle wrongly."""
    table = {}
    for dx, dy in ((1, 1), (1, 2), (2, 3), (5, 5)):
        table[f"normal-{dx}+{dy}"] = Data(*normal(300, dx, dy))
    table["normal-600"] = Data(*normal(600))
    table["five-rows"] = Data(*normal(5))  # k + 1 + 1 for k = 3
    table["four-rows-2+2"] = Data(*normal(4, 2, 2))  # k + 1
    table["strong"] = Data(*normal(300, noise=0.01))
    x, y = normal(300, 2, 2)
    table["float32"] = Data(x.astype(np.float32), y.astype(np.float32))
    table["float32-and-64"] = Data(x.astype(np.float32), y)
    for name, scale in (("1e-12", 1e-12), ("1e12", 1e12), ("1e-200", 1e-200), ("1e200", 1e200)):
        table[f"scale-{name}"] = Data(x * scale, y * scale)
    table["scales-apart"] = Data(x * [1e-6, 1e6], y * [1e3, 1e-3])
    table["offset-1e6"] = Data(x + 1e6, y - 1e6)
    table["offset-1e12"] = Data(x + 1e12, y + 1e12)
    rng = np.random.default_rng(1)
    table["cauchy"] = Data(*rng.standard_cauchy((2, 300)))
    table["cauchy-2+2"] = Data(*rng.standard_cauchy((2, 300, 2)))
    table["outlier"] = Data(np.r_[x[:, 0], 1e15], np.r_[y[:, 0], -1e15])
    table["copies"] = Data(np.repeat(x[:60], 5, axis=0), np.repeat(y[:60], 5, axis=0))
    table["copies-of-x"] = Data(np.repeat(x[:60], 5, axis=0), y)
    table["rounded"] = Data(np.round(x, 1), np.round(y, 1))
    table["lattice"] = Data(rng.integers(0, 4, (300, 2)), rng.integers(0, 4, (300, 2)))
    table["lattice-1+1"] = Data(rng.integers(-3, 4, 300), rng.integers(-3, 4, 300))
    table["lattice-of-20"] = Data(rng.integers(0, 20, 300) / 4, rng.integers(0, 20, 300) * 4)
    table["binary"] = Data(rng.integers(0, 2, 300), rng.integers(0, 2, (300, 3)))
    table["relu"] = Data(np.maximum(x, 0), np.maximum(y, 0))
    table["tanh"] = Data(np.tanh(5 * x), np.tanh(5 * y))
    table["atoms-and-normal"] = Data(np.where(x > 0.5, 2.0, x), y)
    table["one-atom"] = Data(np.where(np.arange(300) < 290, 0.0, x[:, 0]), y)
    table["constant-columns"] = Data(np.c_[x, np.full(300, 7.0)], np.c_[np.full(300, -1e9), y])
    table["equal-sides"] = Data(x, x)
    table["function"] = Data(x[:, 0], np.sin(3 * x[:, 0]))
    code = rng.integers(0, 5, 300)
    moved = x[:, 0] + code
    table["label-y"] = Data(moved, code, discrete_y=True)
    table["label-x"] = Data(code, moved, discrete_x=True)
    table["label-y-2+1"] = Data(x + code[:, np.newaxis], code, discrete_y=True)
    table["label-y-5+1"] = Data(normal(300, 5)[0], code, discrete_y=True)
    table["label-y-lattice"] = Data(np.round(moved), code, discrete_y=True)
    table["label-y-copies"] = Data(np.repeat(moved[:60], 5), np.repeat(code[:60], 5), False, True)
    rare = np.where(np.arange(300) < 20, 100 + np.arange(300), code)
    table["label-y-rare"] = Data(moved, rare, discrete_y=True)
    pairs = np.where(np.arange(300) < 100, 100 + np.arange(300) // 2, code)
    table["label-y-tiny-classes"] = Data(moved, pairs, discrete_y=True)
    names = np.array(["low", "middle", "high", "higher", "é"])[code]
    table["label-y-text"] = Data(moved, names, discrete_y=True)
    table["label-y-objects"] = Data(moved, names.astype(object), discrete_y=True)
    table["label-y-vector"] = Data(moved, np.c_[code % 2, code], discrete_y=True)
    table["label-y-text-vector"] = Data(moved, np.c_[names, names[::-1]], discrete_y=True)
    table["label-y-float"] = Data(moved, code * 0.1, discrete_y=True)
    table["label-y-negative"] = Data(moved, (code - 2) * 10**12, discrete_y=True)
    table["label-y-bool"] = Data(moved, code > 2, discrete_y=True)
    table["labels"] = Data(code, (code + rng.integers(0, 2, 300)) % 5, True, True)
    table["labels-vector"] = Data(np.c_[code, code % 3], np.c_[code % 2, names], True, True)
    table["labels-all-different"] = Data(np.arange(300), names, True, True)
    return table


DATA = data_table()


def sides_of(name):
    return DATA[name].x, DATA[name].y


# -- by property -------------------------------------------------------------------------------

# Mostly lattice points, so that most examples have ties; some values far away or very close.
VALUES = st.one_of(
    st.integers(-3, 3).map(float),
    st.sampled_from([0.0, 1.0, 1.0 + 2**-40, -1e6, 1e9, 0.1, 1 / 3]),
    st.floats(-10, 10, allow_subnormal=False),
)
# Whole numbers: all distances between them are exact, in any order of operations.
WHOLE = st.integers(-4, 4).map(float)


@st.composite
def samples(draw, min_rows=2, values=VALUES):
    n = draw(st.integers(min_rows, 24))
    return tuple(
        draw(hnp.arrays(np.float64, (n, draw(st.integers(1, 3))), elements=values))
        for _ in range(2)
    )


@st.composite
def labelled(draw):
    n = draw(st.integers(4, 24))
    values = draw(hnp.arrays(np.float64, (n, draw(st.integers(1, 3))), elements=VALUES))
    codes = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 4)))
    codes[1] = codes[0]  # at least one row shares its label
    return values, codes
