"""The command line: parses, calls, prints. Everything else is imported when a command runs."""

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mibench.ibnet.cli import ibnet

from ..errors import InputError
from .console import FILE, chatter_aside, format_option, progress, say, show_rows, units_option
from .pairwise import pairwise
from .show import check_results, show_comparison, show_estimates, show_warmup, write_comparison

if TYPE_CHECKING:
    import pandas as pd
    from click.decorators import FC

DONE, SOME_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
READER_GONE = 141  # 128 + SIGPIPE, as the shell reports for any program in `| head -1`

estimators_option = click.option(
    "--estimators", "-e", metavar="SPECS", multiple=True,
    help="Comma-separated specs such as uniform,knn:k=5 (default: every estimator that needs no "
    "parameters).",
)  # fmt: skip


output_option = click.option(
    "--output", "-o", type=FILE,
    help="Write every cell to a .csv, .json or .parquet, or the page of `report` to a .html.",
)  # fmt: skip


def selection(command: "FC") -> "FC":
    """The options that choose among the records of a store."""
    for option in (
        click.option("--samples", metavar="N,...", help="Only these sample sizes."),
        click.option("--suite", metavar="NAME", help="Only the tasks of this suite."),
        click.option("--tasks", metavar="NAMES", multiple=True, help="Only these tasks."),
        click.option(
            "--estimators", "-e", metavar="SPECS", multiple=True,
            help="Only these specs; a name such as knn stands for all of its specs.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="mibench")
def cli() -> None:
    """How far to trust a mutual-information estimate."""


@cli.command()
@estimators_option
@click.option("--tasks", metavar="NAMES", multiple=True, help="Comma-separated tasks to run on.")
@click.option("--suite", metavar="NAME", help="Suite of tasks to run on.  [default: quick]")
@click.option("--samples", metavar="N,...", default="1000", show_default=True, help="Sample sizes.")
@click.option(
    "--seeds", type=click.IntRange(1), default=10, show_default=True, help="Samples per case."
)
@click.option(
    "--jobs", type=int, default=1, show_default=True,
    help="Processes; -1 for one a core. The numbers do not depend on it.",
)  # fmt: skip
@click.option(
    "--backend", type=click.Choice(["joblib", "dask"]), default="joblib", show_default=True,
    help="What runs the cells: processes here, or a Dask cluster (extra `dask`).",
)  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS", help="Of the Dask cluster: tcp://host:8786.")
@click.option(
    "--time-limit", type=float, metavar="SECONDS",
    help="Stop an estimate that takes longer, and record it as failed.",
)  # fmt: skip
@click.option(
    "--memory-limit", metavar="SIZE",
    help="Stop an estimate that takes more memory, such as 2GB, and record it as failed.",
)  # fmt: skip
@click.option("--store", type=FILE, help="Keep every finished cell in this file, and reuse it.")
@click.option(
    "--against", type=FILE,
    help="Set earlier results beside: `reference` (which mibench brings), a store or a .parquet.",
)  # fmt: skip
@output_option
@click.option("--plot", type=FILE, help="Draw estimate against truth: .png, .pdf or .svg.")
@units_option
@format_option
def compare(
    estimators: Sequence[str],
    tasks: Sequence[str],
    suite: str | None,
    samples: str,
    seeds: int,
    jobs: int,
    backend: str,
    scheduler: str | None,
    time_limit: float | None,
    memory_limit: str | None,
    store: Path | None,
    against: Path | None,
    output: Path | None,
    plot: Path | None,
    units: str,
    form: str,
) -> int:
    """Compare estimators on cases whose MI is known."""
    from .. import api
    from ..contract.registry import resolve_estimators
    from ..records.against import baseline_name

    check_results(output, plot)
    sizes = _numbers(samples, "--samples")
    chosen = [one.spec for one in resolve_estimators(_specs(estimators))]
    earlier = {} if against is None else {spec: baseline_name(spec, against) for spec in chosen}
    try:
        with chatter_aside(), progress("cells") as on_progress:
            records = api.compare(
                chosen,
                tasks=tasks or None,
                suite=suite,
                samples=sizes,
                seeds=seeds,
                jobs=jobs,
                backend=backend,
                scheduler=scheduler,
                time_limit=time_limit,
                memory_limit=memory_limit,
                store=store,
                against=against,
                on_progress=on_progress,
            )
    except api.Interrupted as stop:
        if stop.done:
            kept = f"{store} keeps them" if store else "no file was written"
            say(f"{stop}; {kept}. The finished cells:")
            show_comparison(stop.table, units, form, earlier)
        raise
    try:  # files first: standard output may have gone, and a file may fail
        write_comparison(records, units, output, plot)
    finally:
        show_comparison(records, units, form, earlier)
    own = records[records["estimator"].isin(chosen)]
    return SOME_FAILED if own["nats"].isna().any() else DONE


@cli.command()
@click.argument("store", type=FILE)
@selection
@output_option
@click.option("--plot", type=FILE, help="Draw estimate against truth: .png, .pdf or .svg.")
@units_option
@format_option
def results(
    store: Path,
    estimators: Sequence[str],
    tasks: Sequence[str],
    suite: str | None,
    samples: str | None,
    output: Path | None,
    plot: Path | None,
    units: str,
    form: str,
) -> int:
    """Show or export what `compare --store STORE` kept, without computing anything."""
    check_results(output, plot)
    records = _chosen(store, estimators, tasks, suite, samples)
    try:
        write_comparison(records, units, output, plot)
    finally:
        show_comparison(records, units, form)
    return DONE


@cli.command()
@click.argument("store", type=FILE)
@click.option("--output", "-o", type=FILE, required=True, help="The page: a .html file.")
@selection
@units_option
def report(
    store: Path,
    output: Path,
    estimators: Sequence[str],
    tasks: Sequence[str],
    suite: str | None,
    samples: str | None,
    units: str,
) -> int:
    """Show what `compare --store STORE` kept as one page for a browser, which needs no network."""
    from ..output.files import PAGES, check_path

    check_path(output, PAGES, "--output")
    write_comparison(_chosen(store, estimators, tasks, suite, samples), units, output, None)
    return DONE


@cli.command()
@click.argument("file", type=FILE)
@click.option("--x", "x", metavar="COLS", multiple=True, required=True, help="Columns of X.")
@click.option("--y", "y", metavar="COLS", multiple=True, required=True, help="Columns of Y.")
@click.option("--discrete-x", is_flag=True, help="X is labels; several columns are one symbol.")
@click.option("--discrete-y", is_flag=True, help="Y is labels; several columns are one symbol.")
@click.option("--drop-missing", is_flag=True, help="Leave out rows without a finite value.")
@estimators_option
@units_option
@format_option
def estimate(
    file: Path,
    x: Sequence[str],
    y: Sequence[str],
    discrete_x: bool,
    discrete_y: bool,
    drop_missing: bool,
    estimators: Sequence[str],
    units: str,
    form: str,
) -> int:
    """Estimate I(X;Y) from columns of FILE (.csv, .parquet, or arrays of an .npz).

    COLS are comma-separated names; several columns make one vector.
    """
    from ..columns.files import read_sides
    from ..contract.registry import resolve_estimators
    from ..running.cells import private_copies, timed_estimate

    chosen = resolve_estimators(_specs(estimators))
    a, b = read_sides(
        file, _split(x), _split(y),
        discrete_x=discrete_x, discrete_y=discrete_y, drop_missing=drop_missing,
    )  # fmt: skip
    pair, kinds = (a.values, b.values), {"discrete_x": discrete_x, "discrete_y": discrete_y}
    with chatter_aside():
        results = [
            (one.spec, *timed_estimate(one, private_copies(pair, one), **kinds)) for one in chosen
        ]
    shape = f"{len(a.values)} rows, {a.values.shape[1]}+{b.values.shape[1]} dimensions"
    show_estimates(results, f"I({a.title}; {b.title}), {shape}", units, form)
    return SOME_FAILED if any(isinstance(found, str) for _, found, _ in results) else DONE


@cli.command("list")
@click.argument("what", type=click.Choice(["estimators", "tasks", "suites", "flags", "settings"]))
@units_option
@format_option
def list_(what: str, units: str, form: str) -> int:
    """List estimators, tasks, suites, flags of estimates, or the settings of ibnet."""
    from .lists import listing

    title, headings, rows = listing(what, units)
    show_rows(title, headings, rows, form)
    return DONE


@cli.command()
@click.option(
    "--estimators", "-e", metavar="SPECS", multiple=True,
    help="Only for these specs (default: every estimator that needs no parameters, and the "
    "networks of ibnet).",
)  # fmt: skip
def warmup(estimators: Sequence[str]) -> int:
    """Compile now what the first estimates would wait for, and keep it on disk.

    It is kept in NUMBA_CACHE_DIR if that is set, else beside the package, else in your folder for
    caches: the first that can be written to.
    """
    from ..compiled.warmup import warmup as compile_all

    with chatter_aside(), progress("calls") as on_progress:
        found = compile_all(list(estimators) or None, on_progress=on_progress)
    show_warmup(found)
    return SOME_FAILED if found.unkept or found.failed else DONE


cli.add_command(ibnet)
cli.add_command(pairwise)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; every mistake ends in a message and an exit code, not a traceback."""
    if sys.stdout is None:  # started with standard output closed
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the life of the process
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an old encoding must not cost the result
    with suppress(ValueError):  # not in the main thread: then it is not ours to set
        signal.signal(signal.SIGTERM, _stop)
    code = _guarded(list(sys.argv[1:] if args is None else args))
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _lost_output(error)
    sys.exit(code)


def _stop(*_: object) -> None:
    """Being told to end is handled as Ctrl-C is."""
    raise KeyboardInterrupt


def _guarded(args: list[str]) -> int:
    try:
        with cli.make_context("mibench", args) as context:
            return int(cli.invoke(context) or DONE)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except InputError as error:
        say(f"error: {error}")
        return BAD_INPUT
    except (KeyboardInterrupt, click.Abort) as stop:
        say(str(stop) or "interrupted")
        return INTERRUPTED
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        return _lost_output(error)


def _lost_output(error: OSError) -> int:
    """Standard output cannot be written: its reader has gone, or the disk is full."""
    with suppress(OSError):  # what is still buffered must not fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return READER_GONE
    say(f"error: cannot write to standard output: {error.strerror}")
    return BAD_INPUT


def _split(names: Sequence[str]) -> list[str]:
    return [n.strip() for group in names for n in group.split(",") if n.strip()]


def _specs(estimators: Sequence[str]) -> list[str]:
    from ..contract.registry import default_estimators

    return list(estimators) or default_estimators()


def _chosen(
    store: Path,
    estimators: Sequence[str],
    tasks: Sequence[str],
    suite: str | None,
    samples: str | None,
) -> "pd.DataFrame":
    """The records of a store that `selection` leaves."""
    from ..records.query import results as query

    return query(
        store,
        estimators=estimators or None,
        tasks=tasks or None,
        suite=suite,
        samples=_numbers(samples, "--samples") if samples is not None else None,
    )


def _numbers(text: str, option: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InputError(f"{option} {text!r}: give whole numbers such as 500,1000") from None
