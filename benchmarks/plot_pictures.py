"""Draws docs/compare.png and docs/plots/: `python benchmarks/plot_pictures.py`.

They take the reference results, and scikit-learn's diabetes data.
"""

from pathlib import Path

from PIL import Image
from sklearn.datasets import load_diabetes

import mibench
from mibench import summary
from mibench.output.figures import estimate_against_truth, save
from mibench.output.heatmap import heat_map

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Draw all of them."""
    records = mibench.results("reference", suite="quick", samples=1000)
    cases = summary.in_units(summary.by_case(records), "bits")
    save(
        estimate_against_truth(cases, "bits"), DOCS / "compare.png"
    )  # that of the README's command
    records = mibench.results("reference", samples=[200, 1000])
    cases = summary.in_units(summary.by_case(records), "bits")
    many = DOCS / "plots" / "many-tasks.png"
    save(estimate_against_truth(cases, "bits"), many)
    Image.open(many).convert("RGB").quantize(256).save(many, optimize=True)  # a third of the bytes
    table = load_diabetes(as_frame=True, scaled=False).frame
    pairs = mibench.pairwise(table.astype({"sex": "category"}))
    save(heat_map(pairs.bits, "bits"), DOCS / "plots" / "pairs.png")


if __name__ == "__main__":
    main()
