"""The parameters of the built-in estimators: errors about wrong values name the parameter."""

import math

import numpy as np
import pytest

from mibench import InputError, estimators

KINDS = {
    "uniform": estimators.Uniform,
    "adaptive": estimators.Adaptive,
    "kde": estimators.KDE,
    "knn": estimators.KNN,
}

WRONG = [
    ("uniform", "bins", (0, -1, 1.5, 10.0, "30", "foo", True, None, 10**7, math.inf, (3,))),
    ("uniform", "range", (1, (1,), (1, 2, 3), (1, 1), (2, 1), (0, math.nan), (0, math.inf), "0:1")),
    ("uniform", "range", ((-1.7e308, 1.7e308), (True, 2), ("0", "1"), {0: 1})),
    ("uniform", "pooled", (1, "yes", None, 0.0)),
    ("uniform", "correction", ("miller", True, 1)),
    ("adaptive", "bins", (0, -1, 1.5, "30", "scott", "freedman-diaconis", True, None, 10**7)),
    ("adaptive", "pooled", (1, "yes", None)),
    ("adaptive", "correction", ("miller", True)),
    ("kde", "bandwidth", (0, -1, 0.0, -0.5, "0.5", "foo", True, None, math.nan, math.inf)),
    ("knn", "k", (0, -1, 1.5, 3.0, "3", True, None, math.nan)),
    ("knn", "variant", (0, 3, 1.5, "1", None)),
    ("knn", "standardize", (1, "yes", None)),
    ("knn", "algorithm", ("ball", True, None, 1)),
]


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [(name, parameter, value) for name, parameter, values in WRONG for value in values],
)
def test_errors_about_wrong_values_name_the_parameter(name, parameter, value):
    kind = KINDS[name]
    with pytest.raises(InputError) as caught:
        kind(**{parameter: value})
    assert kind.__name__ in str(caught.value)
    assert f"{parameter}=" in str(caught.value)


RIGHT = [
    ("uniform", {"bins": np.int64(7)}, {"bins": 7}),
    ("uniform", {"range": [0, 1]}, {"range": (0.0, 1.0)}),
    ("uniform", {"range": (np.float32(0), np.int8(1))}, {"range": (0.0, 1.0)}),
    ("uniform", {"pooled": np.True_}, {"pooled": True}),
    ("kde", {"bandwidth": 1}, {"bandwidth": 1.0}),
    ("kde", {"bandwidth": np.float32(0.5)}, {"bandwidth": 0.5}),
    ("knn", {"k": np.int32(5), "variant": np.int64(2)}, {"k": 5, "variant": 2}),
]


@pytest.mark.parametrize(("name", "parameters", "same"), RIGHT, ids=[str(r[1]) for r in RIGHT])
def test_numbers_of_numpy_are_numbers(name, parameters, same):
    kind = KINDS[name]
    assert kind(**parameters) == kind(**same)
    assert repr(kind(**parameters)) == repr(kind(**same))
