"""A figure together with the table of the numbers that it shows."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from mibench.output.figures import save
from mibench.output.files import PICTURES, check_path, whole_file
from mibench.output.safe import to_csv

MAX_PNG_BYTES = 250_000  # larger pictures are reduced to 256 colours


@dataclass(frozen=True)
class Drawing:
    """A figure and the table of the numbers drawn in it.

    Attributes:
        figure: the matplotlib figure.
        table: the numbers in tidy form; column names contain the units.
    """

    figure: Figure
    table: pd.DataFrame


def save_drawing(drawing: Drawing, path: Path | str) -> tuple[Path, Path]:
    """Write a picture and its numbers, for example plane.png and plane.csv.

    Each file is written whole or not at all.

    Args:
        drawing: from one of the plot functions.
        path: of the picture; it must end in .png, .pdf or .svg.

    Returns:
        The paths of the picture and of the table.

    Raises:
        InputError: for another ending, or files that cannot be written.
    """
    picture = check_path(Path(path), PICTURES, "figure")
    numbers = check_path(picture.with_suffix(".csv"), (".csv",), "numbers of a figure")
    with whole_file(picture) as part:
        save(drawing.figure, part)
        if picture.suffix.lower() == ".png" and part.stat().st_size > MAX_PNG_BYTES:
            _reduce_colours(part)
    with whole_file(numbers) as part:
        to_csv(drawing.table, part, float_format="%.6g", lineterminator="\n")
    return picture, numbers


def _reduce_colours(png: Path) -> None:
    """Reduce a picture to 256 colours: it looks nearly the same and has a third of the bytes."""
    with Image.open(png) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(png, optimize=True, dpi=image.info["dpi"])
