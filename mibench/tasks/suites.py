"""Suites: named lists of task ids. The catalogue resolves the ids, and adds the suite `all`."""

_PAIRS = ("3-3-2-2.0", "5-5-2-2.0", "25-25-2-2.0")

_FAMILIES = {
    "normal": 0, "uniform": 0, "student-2": 1, "log-gamma-exponential": 1, "smoothed-uniform": 1,
}  # fmt: skip

_LAYERS = (
    "tanh-12-12",
    "tanh-64-64",
    "tanh-784-256",
    "tanh-1024-1024",
    "relu-784-256",
    "relu-1024-1024",
    "relu-lossy-12-12",
    "relu-lossy-64-64",
    "low-rank-784-256",
    "low-rank-tanh-64-64",
    "low-rank-tanh-1024-1024",
)

SUITES: dict[str, tuple[str, ...]] = {
    # One task for each kind of difficulty, small enough for a first look at an estimator.
    "quick": (
        "1v1-normal-0.0",
        "1v1-normal-0.5",
        "1v1-normal-0.75",
        "1v1-normal-0.95",
        "multinormal-dense-2-2-0.5",
        "multinormal-dense-25-25-0.5",
        "multinormal-sparse-2-2-2-2.0",
        "multinormal-sparse-25-25-2-2.0",
        "independent-5-5",
        "student-identity-3-3-2",
        "1v1-additive-0.1",
        "1v1-additive-0.75",
        "1v1-bimodal-0.75",
        "swissroll_x-normal_cdf-1v1-normal-0.75",
        "binary-symmetric-0.1",
        "symmetric-channel-8-0.2",
        "label-uniform-5",
        "label-normal-2",
        "atoms-and-normal",
        "layer-tanh-12-5-0.5",
        "layer-tanh-12-2-0.2",
    ),
    # The 40 distributions of Czyz et al., "Beyond Normal", NeurIPS 2023, arXiv:2306.11078, under
    # their ids.
    "beyond-normal": (
        "1v1-normal-0.75",
        "normal_cdf-1v1-normal-0.75",
        "1v1-additive-0.1",
        "1v1-additive-0.75",
        "1v1-bimodal-0.75",
        "wiggly-1v1-normal-0.75",
        "half_cube-1v1-normal-0.75",
        "swissroll_x-normal_cdf-1v1-normal-0.75",
        *(f"multinormal-dense-{d}-{d}-0.5" for d in (2, 3, 5, 25, 50)),
        *(f"multinormal-sparse-{d}-{d}-2-2.0" for d in (2, 3, 5, 25)),
        *(f"normal_cdf-multinormal-sparse-{pair}" for pair in _PAIRS),
        *(f"half_cube-multinormal-sparse-{pair}" for pair in _PAIRS),
        *(f"spiral-multinormal-sparse-{pair}" for pair in _PAIRS),
        *(f"spiral-normal_cdf-multinormal-sparse-{pair}" for pair in _PAIRS),
        *(
            f"student-identity-{case}"
            for case in ("1-1-1", "2-2-1", "2-2-2", "3-3-2", "3-3-3", "5-5-2", "5-5-3")
        ),
        *(f"asinh-student-identity-{case}" for case in ("1-1-1", "2-2-1", "3-3-2", "5-5-2")),
    ),
    # One-dimensional families at 0 to 10 nats.
    "high-mi": tuple(
        f"{family}-mi-{nats}"
        for family, least in _FAMILIES.items()
        for nats in (0, 1, 2, 4, 6, 8, 10)
        if nats >= least
    ),
    # The mixtures of normal distributions in the table of Czyz et al., arXiv:2310.10240, and three
    # of those with outliers.
    "mixtures": (
        "1v1-X-0.9",
        "1v1-AI",
        "2v1-galaxy-0.5-3.0",
        "2v1-waves-12-5.0-3.0",
        *(
            f"{dim}v1-concentric_gaussians-{count}"
            for dim, count in ((3, 5), (3, 10), (5, 5), (5, 10), (25, 5))
        ),
        *(f"mult-sparse-w-inliers-{d}-{d}-2-2.0-{share}" for d in (5, 25) for share in (0.2, 0.5)),
        *(f"mixing-Gauss-Outlier-{share}" for share in (0.01, 0.1, 0.3)),
    ),
    # Labels on both sides or on one, and numbers that repeat.
    "discrete": (
        "binary-symmetric-0.1",
        "symmetric-channel-8-0.2",
        "erasure-channel-8-0.25",
        "z-channel-0.3",
        "zipf-100-0.5",
        "zipf-1000-0.5",
        "label-uniform-5",
        "label-normal-2",
        "atoms-and-normal",
        "relu-normal-0.75",
    ),
    # Layers of 12 to 1024 units: I(X;T), and I(T;Y) under the ids that end in -label.
    "network": (
        *(f"network-{layer}{of}" for layer in _LAYERS for of in ("", "-label")),
        "layer-tanh-12-5-0.1",
        "layer-tanh-12-5-0.5",
        "layer-tanh-12-2-0.2",
    ),
    # Kinds of data that many users have: clusters, angles, zeros, bits, counts, dependent rows.
    "everyday": (
        "clusters-30-30-2-10",
        "clusters-30-30-2-20",
        "clusters-5-5-2-10",
        "clusters-30-30-4-10",
        "clusters-5-5-4-10",
        "clusters-30-30-4-10-unequal",
        "clusters-5-5-4-10-unequal",
        "clusters-30-30-2-10-error-0.2",
        "clusters-5-5-4-10-error-0.25",
        "von_mises-5",
        "von_mises-20",
        "von_mises-200",
        "von_mises_fisher-2",
        "von_mises_fisher-20",
        "censored-0.8-0.8",
        "censored-0.95-0.9",
        "shared_zeros-3-3-0.5-0.6",
        "shared_zero_rows-3-3-0.5-0.6",
        "zero_inflated-1-1-0.8-independent",
        "zero_inflated-5-5-0.8-independent",
        "binary-3-3-0.1",
        "binary-10-10-0.1",
        "integers-0-10",
        "rounded-normal-0.9-0.5",
        "rounded-normal-0.9-1.0",
        "poisson-18-2",
        "poisson-18-2-labels",
        "poisson-58-2",
        "poisson-58-2-labels",
        "labels-26-26-independent",
        "labels-26-100-independent",
        "labels-100-100-independent",
        "ar1-1-1-0.99",
        "ar1-5-5-0.9",
        "random_walks-1-1",
        "random_walks-3-3",
        "normal-0.9-beside-ar1-10-10-0.99",
        "rows_doubled-1-1",
        "rows_doubled-5-5",
        "bootstrap-1-1",
        "bootstrap-5-5",
        "oversampled-5-9",
    ),
    # Dependence that most estimators miss: functions of several columns, and hidden coordinates.
    "hard": (
        "mixed-cubes-5-5-0.8",
        "mixed-exponentials-5-5-0.8",
        "wave-10-4-0.2",
        "rotated_wave-6-6-4-0.2",
        "line_and_wave-5-0.4-4-0.22",
        "product-20-2-0.3",
        "product-10-3-0.3",
        "parity-10-3-noise-0.7",
        "parity-10-3-error-0.0",
        "parity-10-3-error-0.05",
        "gate-10-0.2",
        "friedman-10-1.0",
        "maximum-20-0.2",
        "norm_ratio-10-0.11",
        "sum_modulo-3-0.25",
        "sum_modulo-5-0.25",
        "squares-5-5-1.0",
        "squares-20-20-1.0",
        "classes-20-20-2.9",
        "rare_part-2-2-0.05-0.9995",
        "two_valued_noise-0.1-0.001",
        "line_and_xor-20-0.4-0.19",
    ),
    # Real rows that share a label. Those of MNIST need the extra mnist.
    "shared-labels": (
        "shared_labels-digits-digits-0.0",
        "shared_labels-digits-digits-0.3",
        "shared_labels-digits-label-0.2",
        "shared_labels-digits-cancer-0.0",
        "shared_labels-wine-wine-0.0",
        "shared_labels-wine-label-0.1",
        "shared_labels-cancer-cancer-0.0",
        "shared_labels-cancer-cancer-0.1",
    ),
    "shared-labels-mnist": (
        "shared_labels-mnist-mnist-0.0",
        "shared_labels-mnist-mnist-0.3",
        "shared_labels-mnist-label-0.2",
    ),
}

# The first distributions of two streams that share no family: see `random`. Their MI is computed
# when the suite is run, so they are no part of the suite `all`.
RANDOM_SUITES: dict[str, tuple[str, ...]] = {
    f"random-{stream}": tuple(f"random-{stream}-{seed}" for seed in range(100))
    for stream in ("train", "judge")
}
# Tasks of I(X;Y|Z), which some estimators have not: they are no part of the suite `all` either.
GIVEN_SUITES: dict[str, tuple[str, ...]] = {
    "conditional": (
        "given-chain",
        "given-fork",
        "given-fork-dependent",
        "given-collider",
        "given-normal-1-1-1",
        "given-normal-2-2-2",
        "given-normal-3-3-3",
        "given-normal-1-1-5",
        "given-normal-5-5-5",
        "given-fork-of-functions",
        "given-fork-5-5-5",
        "given-heavy-fork",
        "given-signs",
        "given-product",
        "given-xor",
        "given-label",
        "given-label-fork",
        "given-mixture",
        "given-zero-inflated",
    )
}
# Pictures of known MI, of 256 and 784 columns, which most estimators take long for: no part of it.
IMAGE_SUITES: dict[str, tuple[str, ...]] = {
    "images": (
        *(f"images-blobs-blobs-16-{nats}" for nats in (0.0, 1.0, 3.0)),
        *(f"images-rectangles-rectangles-16-{nats}" for nats in (0.0, 1.0, 3.0)),
        *(f"images-{s}-{s}-28-{nats}" for s in ("blobs", "rectangles") for nats in (1.0, 3.0)),
        *(f"images-blobs-rectangles-{size}-1.0" for size in (16, 28)),
    )
}
ALL_SUITES = {**SUITES, **GIVEN_SUITES, **IMAGE_SUITES, **RANDOM_SUITES}
