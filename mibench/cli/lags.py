"""The command `mibench lags`: MI of two series by lag."""

import re
from collections.abc import Sequence
from pathlib import Path

import click

from ..errors import InputError
from .completion import columns as columns_of_file
from .completion import estimator_names, one_of
from .console import (
    DONE,
    FILE,
    SOME_FAILED,
    chatter_aside,
    format_option,
    say,
    say_if_cold,
    say_if_large,
    units_option,
)
from .progress import progress, telling
from .reading import Reading, reading_options
from .uncertainty import say_if_permutations_are_few

LAGS = re.compile(r"(-?\d{1,9}):(-?\d{1,9})(?::(\d{1,9}))?", re.ASCII)
MOST_LAGS = 100_000


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--x", "x", metavar="COL", required=True, shell_complete=columns_of_file,
    help="The column of the series that comes first.",
)  # fmt: skip
@click.option(
    "--y", "y", metavar="COL", required=True, shell_complete=columns_of_file,
    help="The column of the series that may follow it.",
)  # fmt: skip
@click.option(
    "--lags", "lags_text", metavar="FIRST:LAST", default="0:24", show_default=True,
    help="Lags in rows, both ends included; FIRST:LAST:STEP, or single ones with commas. With a "
    "negative lag, Y comes first.",
)  # fmt: skip
@click.option(
    "--past", type=int, default=1, show_default=True,
    help="How many values of Y are given, for what X tells beyond the past of Y.",
)  # fmt: skip
@click.option(
    "--discrete", metavar="COLS", multiple=True, shell_complete=columns_of_file,
    help="Which of both hold labels.",
)  # fmt: skip
@reading_options
@click.option(
    "--estimator", "-e", metavar="SPEC", default="knn", show_default=True,
    shell_complete=one_of(estimator_names), help="Estimator, such as knn:k=5 or auto.",
)  # fmt: skip
@click.option(
    "--permutations", type=int, metavar="N",
    help="Test each lag by at most N shifts in time, such as 20 for each lag. Shows p-values, and "
    "q-values that allow for the number of lags.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=FILE, help="Write the table to a .csv, .json or .parquet file."
)
@click.option("--plot", type=FILE, help="Draw MI by lag: .png, .pdf or .svg.")
@units_option
@format_option
def lags(
    file: Path,
    x: str,
    y: str,
    lags_text: str,
    past: int,
    discrete: Sequence[str],
    reading: Reading,
    estimator: str,
    permutations: int | None,
    output: Path | None,
    plot: Path | None,
    units: str,
    form: str,
) -> int:
    """Estimate the MI of two columns of FILE by lag, as series.

    Rows are equally spaced in time. At each lag, I(X[t - lag]; Y[t]) is estimated, and what X tells
    of Y beyond the past of Y: I(X[t - lag]; Y[t] | Y[t - 1], ...), the transfer entropy. Times at
    which a value is missing are left out lag by lag.
    """
    from ..columns.column_table import read_columns
    from ..columns.lagged import check_lags, check_settings
    from ..columns.lagged import lags as lags_of
    from ..output.files import PICTURES, TABLES, check_path, whole_file, write_table
    from .show import show_lags

    chosen = lags_of_text(lags_text)
    settings = check_settings(estimator, past, permutations, 0)
    for path, endings, option in ((output, TABLES, "--output"), (plot, PICTURES, "--plot")):
        if path is not None:
            check_path(path, endings, option, [file])
    if x.strip() == y.strip():
        raise InputError(f"--x and --y are both {x!r}: name two columns")
    say_if_large(file)
    with telling(f"reading {file}"):
        data = read_columns(
            file, [x, y], discrete, exclude=reading.exclude,
            missing_rows=reading.missing_rows or "pairwise", told=reading.told,
            option="--x or --y",
        )  # fmt: skip
    for note in data.notes:
        say(note)
    for why in data.unusable.values():
        raise InputError(why)
    if len(data.titles) != 2:
        raise InputError(
            f"--x and --y mean {len(data.titles)} column(s) ({', '.join(data.titles)}): name two"
        )
    title_x, title_y = data.titles
    series = data.values[title_x], data.values[title_y]
    check_lags(chosen, *map(len, series))
    kinds = {f"discrete_{s}": t in data.labels for s, t in zip("ab", data.titles, strict=True)}
    say_if_cold()
    with chatter_aside(), progress("lags", alike=False) as on_progress:
        table = lags_of(
            *series, lags=chosen, past=past, estimator=settings.estimator,
            permutations=permutations, on_progress=on_progress, **kinds,
        )  # fmt: skip
    say_if_permutations_are_few(table, permutations)
    title = f"I({title_x}[t - lag]; {title_y}[t]), {estimator}, {len(series[0])} rows"
    try:  # files first: standard output may have gone, and a file may fail
        other = "nats" if units == "bits" else "bits"
        one_unit = table.drop(columns=[other, f"given_past_{other}"])
        if output is not None:
            write_table(one_unit, output)
        if plot is not None:
            from ..output.figures import save
            from ..output.lag_plot import lag_figure
            from .show import prepare_figures

            prepare_figures()
            with whole_file(plot) as part:
                save(lag_figure(table, title_x, title_y, units), part)
            say(f"wrote the figure to {plot}")
    finally:
        show_lags(one_unit, title, units, form)
    return SOME_FAILED if table["error"].any() else DONE


def lags_of_text(text: str) -> list[int]:
    """The lags that a text means. Raises InputError for what is none."""
    chosen: list[int] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        if match := LAGS.fullmatch(part):
            first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
            if step < 1 or last < first or (last - first) // step >= MOST_LAGS:
                raise InputError(
                    f"--lags {part!r} holds no lags, or more than {MOST_LAGS:,}: give FIRST:LAST "
                    "or FIRST:LAST:STEP, such as 0:48"
                )
            chosen += range(first, last + 1, step)
        elif re.fullmatch(r"-?\d{1,9}", part, re.ASCII):
            chosen.append(int(part))
        else:
            raise InputError(f"--lags {part!r}: give FIRST:LAST, such as 0:48, or whole numbers")
    if not chosen:
        raise InputError("--lags names no lag: give FIRST:LAST, such as 0:48")
    return list(dict.fromkeys(chosen))
