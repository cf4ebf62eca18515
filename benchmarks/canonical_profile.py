"""Seconds of each step of `canonical`: `python benchmarks/canonical_profile.py 1000,1 1000,5`.

Arguments are rows,dimensions of a side. The data are normal with a correlation of 0.6 between each
column of x and its partner in y. The times are processor time, those of the fastest of `REPEATS`
estimates, on one thread with OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1. A step
does not count what other steps within it take. Steps that this version lacks are left out.
"""

import functools
import importlib
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from mibench.estimators import Canonical

PACKAGE = "mibench.estimators.cca."
REPEATS = 5
REST = "the rest"

# Step: the functions and methods that it consists of.
STEPS = {
    "order of the data": ["row_order.data_order"],
    "independent components": ["estimation.chosen_unmixing"],
    "features": ["features.continuous_features"],
    "moments of the folds": ["pairs.PairSearch.__init__"],
    "choice of the penalty": ["pairs.PairSearch._choose_penalty"],
    "significance of pairs": ["pairs.PairSearch._chance_correlation"],
    "new pairs": ["pairs.PairSearch._new_pairs"],
    "the rest of the search": ["pairs.PairSearch.pairs"],
    "Gaussian term": ["gaussian.gaussian_term"],
    "Gaussian term on rows held out": ["held_out.held_out_ratio"],
    "linear parts": ["linear_parts.linear_projection", "selection.linear_projection"],
    "Gaussian term of learned scores": [
        "learned_scores._gaussian_of_learned_scores",
        "learned_scores._gain",
    ],
    "boosted trees": ["boosted.boosted_predictions"],
    "narrow noise": ["narrow_noise.fit_narrow_noise", "narrow_noise.max_nats"],
    "k-NN": ["knn_terms.knn_term", "knn_terms.single_pair_nats"],
    "what k-NN misses": ["knn_terms.NormalBias.missed", "knn_terms._nats_missed"],
    "what would count twice": ["normal_surrogate.NormalSurrogate.double_count"],
}


class Stopwatch:
    """Processor time of each step, without that of steps within it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = 0.0

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose time counts for the step."""

        @functools.wraps(function)
        def timed_function(*args: Any, **kwargs: Any) -> Any:
            self._switch(lambda: self._running.append(step))
            try:
                return function(*args, **kwargs)
            finally:
                self._switch(self._running.pop)

        return timed_function

    def _switch(self, change: Callable[[], object]) -> None:
        now = time.process_time()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        change()
        self._since = time.process_time()


def watch(stopwatch: Stopwatch) -> None:
    """Replace the functions of all steps, wherever they are imported, by timed ones."""
    for step, names in STEPS.items():
        for name in names:
            module_name, *path = name.split(".")
            try:
                owner = importlib.import_module(PACKAGE + module_name)
                for part in path[:-1]:
                    owner = getattr(owner, part)
                function = getattr(owner, path[-1])
            except (ImportError, AttributeError):
                continue
            timed = stopwatch.timed(step, function)
            modules = [m for key, m in sys.modules.items() if key.startswith(PACKAGE)]
            for holder in [owner, *modules]:
                if getattr(holder, path[-1], None) is function:
                    setattr(holder, path[-1], timed)


def profile(rows: int, dims: int, stopwatch: Stopwatch) -> dict[str, float]:
    """Seconds of each step of the fastest estimate."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, dims))
    y = 0.6 * x + 0.8 * rng.normal(size=(rows, dims))
    estimate = stopwatch.timed(REST, Canonical().estimate)
    fastest: dict[str, float] = {}
    for _ in range(REPEATS + 1):  # the first compiles
        stopwatch.seconds.clear()
        estimate(x, y)
        if not fastest or sum(stopwatch.seconds.values()) < sum(fastest.values()):
            fastest = dict(stopwatch.seconds)
    return fastest


def main() -> None:
    sizes = [tuple(map(int, size.split(","))) for size in sys.argv[1:]]
    stopwatch = Stopwatch()
    watch(stopwatch)
    profiles = [profile(*size, stopwatch) for size in sizes]
    print("| step | " + " | ".join(f"{n} x {d}+{d}" for n, d in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    for step in [*STEPS, REST]:
        if any(step in seconds for seconds in profiles):
            cells = [f"{seconds.get(step, 0):.3f}" for seconds in profiles]
            print(f"| {step} | " + " | ".join(cells) + " |")
    print("| all | " + " | ".join(f"{sum(s.values()):.3f}" for s in profiles) + " |")


if __name__ == "__main__":
    main()
