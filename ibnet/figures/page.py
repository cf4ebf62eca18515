"""Information planes as one HTML page with a slider over epochs, which needs only a browser."""

import html
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import xarray as xr

from mibench.output.files import PAGES, check_path, whole_file
from mibench.output.safe import html_text
from mibench.output.standalone import standalone_page

from ._page_numbers import payload

SCRIPTS = ("series.js", "plane.js", "player.js", "controls.js")


def save_page(
    trajectories: xr.Dataset, path: Path | str, estimators: Sequence[str] | None = None
) -> Path:
    """Write information planes as one HTML page, with a slider that plays the epochs.

    The page shows the planes of the estimators side by side, on one scale. Its reader switches
    estimators and layers on and off, and chooses the mean over runs, all runs or one of them. It
    loads nothing from a network. About 100 epochs, evenly spaced on a log scale, and the first 40
    runs are in it; the means are over all runs.

    Args:
        trajectories: from `ibnet.measure`.
        path: the file; it must end in .html.
        estimators: which ones; None: all.

    Returns:
        The path.

    Raises:
        InputError: for another ending, a file that cannot be written, an unknown estimator, and if
            nothing is measured.
    """
    page = check_path(Path(path), PAGES, "page")
    text = planes_page(trajectories, estimators)
    with whole_file(page) as part:
        part.write_text(text, encoding="utf-8")
    return page


def planes_page(trajectories: xr.Dataset, estimators: Sequence[str] | None = None) -> str:
    """The page as HTML. See `save_page`."""
    content = payload(trajectories, estimators)
    return standalone_page(
        files(__package__) / "assets", "plane.html", ["plane.css"], SCRIPTS, content,
        title=html_text(f"Information planes of {content['title']}"),
        networks=html.escape(content["networks"]),
    )  # fmt: skip
