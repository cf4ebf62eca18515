"""A figure together with the numbers that it shows."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from mibench.output.figures import save
from mibench.output.files import PICTURES, check_path, whole_file

LARGE = 250_000  # bytes; pictures are kept in repositories


@dataclass(frozen=True)
class Drawing:
    """A figure and the tidy table of the numbers drawn in it; units are in the column names."""

    figure: Figure
    table: pd.DataFrame


def save_drawing(drawing: Drawing, path: Path | str) -> tuple[Path, Path]:
    """Write the picture, and its numbers beside it as CSV: plane.png and plane.csv.

    path: ends in .png, .pdf or .svg. Each file is written whole or not at all.

    Returns the paths of the picture and of the table. Raises InputError for another ending, or
    where the files cannot be written.
    """
    picture = check_path(Path(path), PICTURES, "figure")
    numbers = check_path(picture.with_suffix(".csv"), (".csv",), "numbers of a figure")
    with whole_file(picture) as part:
        save(drawing.figure, part)
        if picture.suffix.lower() == ".png" and part.stat().st_size > LARGE:
            _shrink(part)
    with whole_file(numbers) as part:
        drawing.table.to_csv(part, index=False, float_format="%.6g", lineterminator="\n")
    return picture, numbers


def _shrink(png: Path) -> None:
    """Reduce a picture to 256 colours, which look nearly the same and take a third of the bytes."""
    with Image.open(png) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(png, optimize=True, dpi=image.info["dpi"])
