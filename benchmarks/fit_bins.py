"""Fit the scale of the default number of bins: `python benchmarks/fit_bins.py`.

For bivariate normals of four correlations, this finds the number of bins with the smallest RMSE
(over correlations and seeds) at each n, and the scale c for which (c n)^(1/4) bins have the
smallest mean log RMSE. `estimators.binning.bin_rules.balanced_bins` has the rule; each estimator
has its scale, AUTO_SCALE.
"""

import math

import numpy as np

from mibench.estimators import Adaptive, Uniform

CORRELATIONS = (0.0, 0.3, 0.6, 0.9)
SIZES = (200, 500, 1000, 2000, 5000, 20_000, 100_000)
SEEDS = 20
SCALES = np.geomspace(1, 100, 41)


def rmse(kind: type, bins: int, n: int) -> float:
    """RMSE in nats over correlations and seeds."""
    errors = []
    for correlation in CORRELATIONS:
        truth = -0.5 * math.log(1 - correlation**2)
        for seed in range(SEEDS):
            x, e = np.random.default_rng([seed, n]).standard_normal((2, n))
            y = correlation * x + math.sqrt(1 - correlation**2) * e
            errors.append(kind(bins=bins).estimate(x, y).nats - truth)
    return float(np.sqrt(np.mean(np.square(errors))))


def main() -> None:
    """Print the best numbers of bins and the best scale of each estimator."""
    for kind in (Uniform, Adaptive):
        curves = {n: {m: rmse(kind, m, n) for m in range(2, 41)} for n in SIZES}
        print(kind.__name__)
        for n, curve in curves.items():
            best = min(curve, key=lambda m: curve[m])
            print(f"  n={n}: best {best} bins, RMSE {curve[best]:.4f}, c={best**4 / n:.1f}")
        losses = {}
        for c in SCALES:
            picks = {n: min(max(2, round((c * n) ** 0.25)), 40) for n in SIZES}
            losses[c] = np.mean([math.log(curves[n][m]) for n, m in picks.items()])
        scale = min(losses, key=lambda c: losses[c])
        print(f"  best scale {scale:.0f}")


if __name__ == "__main__":
    main()
