"""Suites: named lists of task ids. The catalogue resolves the ids, and adds the suite `all`."""

SUITES: dict[str, tuple[str, ...]] = {
    # One of each kind of difficulty, small enough for a first look at an estimator.
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
}
