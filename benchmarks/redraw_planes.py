"""Draws the planes of all estimators in docs/reproduction/ from the numbers beside them.

`python benchmarks/redraw_planes.py` shows a change of the drawing without the networks, which take
hours. The numbers stay as they are.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import xarray as xr

from mibench.ibnet.figures import Drawing, _style
from mibench.ibnet.figures._drawing import save_drawing
from mibench.ibnet.figures._plane_grid import Panel, draw_planes, runs_text, wrap_panels

FOLDER = Path(__file__).parents[1] / "docs" / "reproduction"
H_X = 12.0  # bits: 4096 different inputs
NAMES = ("all-tanh-256", "all-relu-256")


@dataclass(frozen=True)
class StoredPanel(Panel):
    """A plane whose means and quantiles are known already."""

    stored: pd.DataFrame = field(default_factory=pd.DataFrame)

    def means(self) -> pd.DataFrame:
        """Those of the file."""
        return self.stored


def redrawn(name: str) -> Drawing:
    """The figure of the numbers in NAME.csv."""
    table = pd.read_csv(FOLDER / f"{name}.csv")
    training = str(table["training"].iloc[0])
    h_y = float(table["i_ty_mean_bits"].max())  # the first layers of a network hold all of Y
    panels = []
    for estimator, stored in table.groupby("estimator", sort=False):
        runs = int(stored["runs"].max())
        rows = pd.DataFrame({"run": range(runs), "epoch": stored["epoch"].max()})
        title = f"{estimator} ({runs_text(runs)})"
        panels.append(StoredPanel(title, {}, rows, H_X, h_y, stored))
    activation, batch = training.split("-")
    attributes = {"training": training, "activation": activation, "batch": batch}
    caption = _style.describe_training(xr.Dataset(attrs=attributes))
    return draw_planes(wrap_panels(panels), "band", caption)


if __name__ == "__main__":
    for name in NAMES:
        drawing = redrawn(name)
        numbers = (FOLDER / f"{name}.csv").read_bytes()
        save_drawing(drawing, FOLDER / f"{name}.png")
        (FOLDER / f"{name}.csv").write_bytes(numbers)
