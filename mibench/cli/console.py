"""What the commands share: exit codes, options, messages, printing of rows."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import click

from ..errors import bounded
from .completion import estimator_names, several_of

DONE, SOME_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
READER_GONE = 141  # 128 + SIGPIPE, as the shell reports for any program in `| head -1`

FILE = click.Path(path_type=Path)
estimators_option = click.option(
    "--estimators", "-e", metavar="SPECS", multiple=True,
    shell_complete=several_of(estimator_names),
    help="Estimators, comma-separated, such as uniform,knn:k=5 (default: those for any kind "
    "of data; others run when they are named).",
)  # fmt: skip
backend_option = click.option(
    "--backend", type=click.Choice(["processes", "dask", "joblib"]), default="processes",
    show_default=True,
    help="Where estimators run: in processes on this machine (also called joblib), or on a Dask "
    "cluster (extra `dask`).",
)  # fmt: skip
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", help="Address of the Dask scheduler: tcp://host:8786."
)
time_limit_option = click.option(
    "--time-limit", type=float, metavar="SECONDS",
    help="Stop an estimate that takes longer than this, and count it as failed.",
)  # fmt: skip
units_option = click.option(
    "--units", type=click.Choice(["bits", "nats"]), default="bits", show_default=True,
    help="Unit of every MI shown.",
)  # fmt: skip
format_option = click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table",
    show_default=True, help="Format of the result on standard output.",
)  # fmt: skip


def split_names(names: Sequence[str]) -> list[str]:
    """Names from options that may be repeated and may hold several, comma-separated."""
    return [name.strip() for group in names for name in group.split(",") if name.strip()]


def say(message: str) -> None:
    """Print a message on standard error. A terminal gets lines that fit, with whole words.

    If standard error is closed, no result is lost by it.
    """
    from ..output.safe import visible

    shown = f"mibench: {visible(bounded(message, MAX_SAID), one_line=False)}"
    if sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        shown = "\n".join(
            # without an indent, so that a command in a message can be copied
            textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)
            for line in shown.splitlines()
        )
    with suppress(OSError, ValueError):
        click.echo(shown, err=True)


@contextmanager
def chatter_aside() -> Iterator[None]:
    """Send what is printed in the block to standard error, also by processes started in it.

    Estimators and their libraries may print, but standard output holds results only.
    """
    sys.stdout.flush()
    saved_stdout = None
    with suppress(OSError):  # what is closed cannot be printed to
        saved_stdout = os.dup(1)
        os.dup2(2 if sys.stderr is not None else os.open(os.devnull, os.O_WRONLY), 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if saved_stdout is not None:
            with suppress(OSError):  # an estimator may close what it did not open
                os.dup2(saved_stdout, 1)
                os.close(saved_stdout)


MAX_SAID = 10_000  # characters of a message, which may hold texts of any length from a file
COMPILES = "compiling what the estimates need, once per installation: up to a minute"
LARGE = 10_000_000  # bytes of a file that takes seconds to read


def say_if_cold() -> None:
    """Say that code is compiled, if none is kept. The estimators must have been imported."""
    cache = sys.modules.get("mibench.compiled.cache")
    if cache is None or cache.config.DISABLE_JIT or not cache.sources or not cache.can_keep():
        return
    if not cache.anything_kept():
        say(COMPILES)


def say_if_large(file: Path) -> None:
    """Say that a large file is read, which takes seconds."""
    with suppress(OSError):  # such as a name that is too long, which reading says
        if file.is_file() and (size := file.stat().st_size) >= LARGE:
            say(f"reading {file}, {size / 1e6:.0f} MB")


def show_rows(title: str, headings: list[str], rows: list[list[object]], form: str) -> None:
    """Print a table with a title, or its rows as csv or json."""
    from ..output import text

    if form == "table":
        width = text.shown_width()
        table = text.plain_table(headings, rows)
        click.echo(text.render(title, table, width=width), nl=False)
    else:
        show_records([dict(zip(headings, row, strict=True)) for row in rows], form)


def show_records(rows: list[dict[str, Any]], form: str) -> None:
    """Print records as csv or json."""
    from ..output import text

    if form == "json":
        click.echo(text.to_json(rows))
    else:
        import pandas as pd

        from ..output.safe import to_csv

        click.echo(to_csv(pd.DataFrame(rows)), nl=False)
