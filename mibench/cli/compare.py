"""`mibench compare`, `results` and `report`: run estimators on tasks, show stored results."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from ..errors import InputError
from .completion import estimator_names, several_of, suite_names, task_names
from .config import check_found_file, config_file, config_option, from_config
from .console import (
    DONE,
    FILE,
    SOME_FAILED,
    backend_option,
    chatter_aside,
    estimators_option,
    format_option,
    say,
    scheduler_option,
    time_limit_option,
    units_option,
)
from .progress import comparison_progress
from .show import check_results, show_comparison, write_comparison

if TYPE_CHECKING:
    import pandas as pd
    from click.decorators import FC

    from ..api import Interrupted

output_option = click.option(
    "--output", "-o", type=FILE,
    help="Write every result to a .csv, .json or .parquet file, or the page of `mibench report` "
    "to a .html file.",
)  # fmt: skip
plot_option = click.option(
    "--plot", type=FILE, help="Draw the estimates against the true MI: .png, .pdf or .svg."
)


def selection(command: "FC") -> "FC":
    """The options that choose among the results of a store."""
    for option in (
        click.option("--samples", metavar="N,...", help="Only these sample sizes."),
        click.option(
            "--suite", metavar="NAMES", multiple=True, help="Only the tasks of these suites.",
            shell_complete=several_of(suite_names),
        ),
        click.option(
            "--tasks", metavar="NAMES", multiple=True, shell_complete=several_of(task_names),
            help="Only these tasks, or patterns such as '1v1-*'.",
        ),
        click.option(
            "--estimators", "-e", metavar="SPECS", multiple=True,
            shell_complete=several_of(estimator_names),
            help="Only these estimators. A name such as knn stands for knn with any parameters.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@estimators_option
@click.option(
    "--tasks",
    metavar="NAMES",
    multiple=True,
    shell_complete=several_of(task_names),
    help="Tasks to run on, comma-separated. A pattern such as '1v1-*' stands for all that fit.",
)
@click.option(
    "--suite", metavar="NAMES", multiple=True, shell_complete=several_of(suite_names),
    help="Suites of tasks to run on, comma-separated.  [default: quick]",
)  # fmt: skip
@click.option("--samples", metavar="N,...", default="1000", show_default=True, help="Sample sizes.")
@click.option(
    "--seeds", type=click.IntRange(1), default=10, show_default=True,
    help="Number of samples of each task and size. Their seeds are 0, 1, ...",
)  # fmt: skip
@click.option(
    "--jobs", type=int,
    help="Number of processes. Estimates do not depend on it. Times do: give 1 to compare them.  "
    "[default: one per core]",
)  # fmt: skip
@backend_option
@scheduler_option
@time_limit_option
@click.option(
    "--memory-limit", metavar="SIZE",
    help="Stop an estimate that adds more than SIZE, such as 2GB, to the memory of its process. "
    "It is recorded as failed.",
)  # fmt: skip
@click.option(
    "--store", type=FILE,
    help="Keep every result in this file once it is computed, and reuse the results that it holds.",
)  # fmt: skip
@click.option(
    "--against", type=FILE,
    help="Show earlier results next to the new ones: `reference` or `reference-all` (which come "
    "with mibench: of the default or of all estimators), a store or a .parquet file.",
)  # fmt: skip
@output_option
@plot_option
@units_option
@format_option
@config_option
@click.pass_context
def compare(
    context: click.Context,
    estimators: Sequence[str],
    tasks: Sequence[str],
    suite: Sequence[str],
    samples: str,
    seeds: int,
    jobs: int | None,
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
    """Run estimators on tasks whose MI is known, and rank them by error."""
    check_found_file(context)
    if (file := config_file(context)) is not None:
        say(f"options of {file} are used")
        # --tasks and --suite exclude each other: that of the command line wins
        if tasks and suite and from_config(context, "suite"):
            suite = ()
        elif tasks and suite and from_config(context, "tasks"):
            tasks = ()
    check_results(output, plot, store, against)
    sizes = _whole_numbers(samples, "--samples")
    specs: list[str] = []
    baselines: dict[str, str] = {}
    try:
        with chatter_aside(), comparison_progress() as on_step:  # imports may take seconds
            from .. import api
            from ..contract.registry import default_estimators
            from ..contract.resolve import resolve_estimators
            from ..records.against import baseline_name

            resolved = resolve_estimators(list(estimators) or default_estimators())
            specs = [estimator.spec for estimator in resolved]
            if against is not None:
                baselines = {spec: baseline_name(spec, against) for spec in specs}
            records = api.compare(
                resolved,
                tasks=tasks or None,
                suite=suite or None,
                samples=sizes,
                seeds=seeds,
                jobs=(1 if backend == "dask" else -1) if jobs is None else jobs,
                backend=backend,
                scheduler=scheduler,
                time_limit=time_limit,
                memory_limit=memory_limit,
                store=store,
                against=against,
                on_step=on_step,
            )
    except KeyboardInterrupt as stop:
        if getattr(stop, "done", 0):  # it is an `api.Interrupted`
            kept = f"{store} keeps them" if store else "no file was written"
            say(f"{stop}; {kept}. The results so far:")
            show_comparison(cast("Interrupted", stop).table, units, form, baselines)
        raise
    try:  # files first: standard output may have gone, and a file may fail
        write_comparison(records, units, output, plot)
    finally:
        show_comparison(records, units, form, baselines)
    computed = records[records["estimator"].isin(specs)]
    return SOME_FAILED if computed["nats"].isna().any() else DONE


@click.command()
@click.argument("store", type=FILE)
@selection
@output_option
@plot_option
@units_option
@format_option
def results(
    store: Path,
    estimators: Sequence[str],
    tasks: Sequence[str],
    suite: Sequence[str],
    samples: str | None,
    output: Path | None,
    plot: Path | None,
    units: str,
    form: str,
) -> int:
    """Show or export the results in STORE, without computing anything.

    STORE is a file that `mibench compare --store` wrote, a .parquet file of results, `reference`
    for the results of the default estimators that come with mibench, or `reference-all` for those
    of all estimators, most of them on fewer samples.
    """
    check_results(output, plot, store)
    records = _selected(store, estimators, tasks, suite, samples)
    try:
        write_comparison(records, units, output, plot)
    finally:
        show_comparison(records, units, form)
    return DONE


@click.command()
@click.argument("store", type=FILE)
@click.option("--output", "-o", type=FILE, required=True, help="The page: a .html file.")
@selection
@units_option
def report(
    store: Path,
    output: Path,
    estimators: Sequence[str],
    tasks: Sequence[str],
    suite: Sequence[str],
    samples: str | None,
    units: str,
) -> int:
    """Write the results in STORE as one HTML page, which needs no network.

    STORE is a file that `mibench compare --store` wrote, a .parquet file of results, `reference`
    for the results of the default estimators that come with mibench, or `reference-all` for those
    of all estimators, most of them on fewer samples.
    """
    from ..output.files import PAGES, check_path

    check_path(output, PAGES, "--output", [store])
    write_comparison(_selected(store, estimators, tasks, suite, samples), units, output, None)
    return DONE


def _selected(
    store: Path,
    estimators: Sequence[str],
    tasks: Sequence[str],
    suite: Sequence[str],
    samples: str | None,
) -> "pd.DataFrame":
    """The results of a store that the options of `selection` choose."""
    from ..records.query import results as query

    return query(
        store,
        estimators=estimators or None,
        tasks=tasks or None,
        suite=suite or None,
        samples=_whole_numbers(samples, "--samples") if samples is not None else None,
    )


def _whole_numbers(text: str, option: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InputError(f"{option} {text!r}: give whole numbers such as 500,1000") from None
