"""What the commands share: options, messages, progress, and rows in the form asked for."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)
units_option = click.option(
    "--units", type=click.Choice(["bits", "nats"]), default="bits", show_default=True,
    help="Unit of every MI shown.",
)  # fmt: skip
format_option = click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table",
    show_default=True, help="Form of the result on standard output.",
)  # fmt: skip


def say(message: str) -> None:
    """A message on standard error."""
    click.echo(f"mibench: {message}", err=True)


@contextmanager
def chatter_aside() -> Iterator[None]:
    """Whatever is printed in the block, by processes started there too, goes to standard error.

    Estimators and their libraries may print; standard output is for results.
    """
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # closed: nothing can come out there
        yield
        return
    try:
        os.dup2(2 if sys.stderr is not None else os.open(os.devnull, os.O_WRONLY), 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def progress(what: str) -> Iterator[Any]:
    """A live progress bar on standard error, if that is a terminal; gives update(done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    bar = Progress(
        what, BarColumn(None), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_rows(title: str, headings: list[str], rows: list[list[object]], form: str) -> None:
    """A table with a title, or its rows as records."""
    from ..output import text

    if form == "table":
        click.echo(text.render(title, text.plain_table(headings, rows)), nl=False)
    else:
        show_records([dict(zip(headings, row, strict=True)) for row in rows], form)


def show_records(rows: list[dict[str, Any]], form: str) -> None:
    """Records as csv or json."""
    from ..output import text

    if form == "json":
        click.echo(text.to_json(rows))
    else:
        import pandas as pd

        click.echo(pd.DataFrame(rows).to_csv(index=False), nl=False)
