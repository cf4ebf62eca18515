"""The program `mibench`: its sub-commands, and how each run ends.

Parses, calls, prints. Other modules are imported when a command runs, so that `--help` is quick.
"""

import atexit
import errno
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

import click
import click.shell_completion

from ..errors import InputError, bounded
from ..output.safe import visible
from ..plugins import COMMANDS, by_name, load
from .check import check
from .compare import compare, report, results
from .completion import (
    VARIABLE,
    completion,
    estimator_names,
    listing_names,
    one_of,
    several_of,
    shown_names,
    suite_names,
)
from .console import (
    BAD_INPUT,
    DONE,
    INTERRUPTED,
    MAX_SAID,
    READER_GONE,
    SOME_FAILED,
    chatter_aside,
    format_option,
    say,
    show_rows,
    split_names,
    units_option,
)
from .estimate import estimate
from .lags import lags
from .pairwise import pairwise
from .progress import clock, comparison_progress
from .rank import rank
from .recommend import recommend
from .show import show_warmup


class Commands(click.Group):
    """The built-in commands, and those that packages declare in the group `mibench.commands`."""

    def list_commands(self, context: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        return sorted({*super().list_commands(context), *by_name(COMMANDS)})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """A command by its name; a plug-in's is loaded now.

        A plug-in that cannot be loaded is still listed, and says why when it is called.
        """
        command = super().get_command(context, name)
        if command is not None or name not in by_name(COMMANDS):
            return command
        try:
            plugin: click.Command = load(by_name(COMMANDS)[name])
        except InputError as error:
            return _broken_command(name, error)
        return plugin


def _broken_command(name: str, error: InputError) -> click.Command:
    def fail() -> None:
        raise error

    return click.Command(
        name, callback=fail, short_help="(cannot be loaded)", add_help_option=False
    )


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="mibench")
def cli() -> None:
    """Estimate mutual information (MI), and measure how far to trust an estimator.

    `compare` runs estimators on samples whose MI is known. `estimate`, `pairwise`, `rank` and
    `lags` estimate the MI of your own data. `recommend` ranks estimators for them. `check` tests
    whether an estimator has the properties of MI.
    """


@cli.command("list")
@click.argument("what", metavar="WHAT", shell_complete=one_of(listing_names))
@click.option(
    "--suite",
    metavar="NAMES",
    multiple=True,
    shell_complete=several_of(suite_names),
    help="Only the tasks of these suites.",
)
@click.option("--match", metavar="PATTERN", help="Only names that fit, such as '1v1-*'.")
@units_option
@format_option
def list_(what: str, suite: Sequence[str], match: str | None, units: str, form: str) -> int:
    """List what there is: estimators, tasks, suites, flags or settings.

    A task is a distribution whose MI is known, a suite is a group of tasks, and a flag is a reason
    to distrust an estimate. Settings are the networks that `mibench ibnet` trains.
    """
    from .lists import listing

    title, headings, rows = listing(what, units, split_names(suite), match)
    show_rows(title, headings, rows, form)
    return DONE


@cli.command()
@click.argument("name", metavar="NAME", shell_complete=one_of(shown_names))
def show(name: str) -> int:
    """Show what is known about an estimator, a task, a suite or a flag.

    Of an estimator: its parameters with their defaults, its bias and its source. Of a task: the
    true MI, its source, dimensions, suites and construction. Of a flag: its sentence and remedy.
    """
    from ..output.safe import visible
    from ..output.text import shown_width
    from .description import description, folded

    click.echo(folded(visible(description(name), one_line=False), shown_width()))
    return DONE


@cli.command()
@click.option(
    "--estimators", "-e", metavar="SPECS", multiple=True,
    shell_complete=several_of(estimator_names),
    help="Only for these estimators, such as knn,kde (default: those that run if none is "
    "named, and what plug-ins such as ibnet compile).",
)  # fmt: skip
def warmup(estimators: Sequence[str]) -> int:
    """Compile ahead of the first estimate, and keep the machine code on disk.

    The code is kept in the first of these folders that can be written to: NUMBA_CACHE_DIR, if that
    is set; the package's own folder; your cache folder.
    """
    with chatter_aside(), comparison_progress() as on_step:  # imports may take seconds
        from ..compiled.warmup import warmup as compile_all

        warmup_report = compile_all(list(estimators) or None, on_step=on_step)
    show_warmup(warmup_report)
    return SOME_FAILED if warmup_report.unkept or warmup_report.failed else DONE


for command in (
    check, compare, completion, estimate, lags, pairwise, rank, recommend, report, results
):  # fmt: skip
    cli.add_command(command)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line. A user's mistake ends in a message and exit code 2, no traceback."""
    if sys.stdout is None:  # started with standard output closed
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the life of the process
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an old encoding must not cost the result
    with suppress(ValueError):  # outside the main thread, signals cannot be set
        for number in _END_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup does for SIGHUP
                signal.signal(number, _interrupt)
    # Imports make many objects that live on. To look for garbage among them every 700 objects, as
    # Python does, takes a tenth of a short command.
    gc.set_threshold(20_000, 20, 20)
    clock.restart()
    code = _run(list(sys.argv[1:] if args is None else args))
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _output_failed(error)
    # Python looks for cycles of garbage at exit, among all objects of all imported libraries. The
    # process ends anyway: without this search it ends half a second earlier.
    gc.freeze()
    if args is None:
        _end_in_any_case(code)
    sys.exit(code)


SECONDS_TO_END = 3.0


def _end_in_any_case(code: int) -> None:
    """Let the program end although an estimator may have left threads that never do.

    Python waits for such threads before it calls what is to be done at exit.
    """
    others = {thread for thread in threading.enumerate() if not thread.daemon}
    if others == {threading.main_thread()}:
        return
    ending = threading.Event()
    atexit.register(ending.set)  # what is registered last is called first

    def end() -> None:
        if not ending.wait(SECONDS_TO_END):
            atexit._run_exitfuncs()
            os._exit(code)

    threading.Thread(target=end, daemon=True).start()


# SIGHUP: the terminal was closed. Windows has none.
_END_SIGNALS = [getattr(signal, n) for n in ("SIGTERM", "SIGHUP") if hasattr(signal, n)]


def _interrupt(*_: object) -> None:
    """Handle the first request to terminate as Ctrl-C; let further ones not disturb the end."""
    for number in _END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run(args: list[str]) -> int:
    """Run a command and return the exit code."""
    if instruction := os.environ.get(VARIABLE):  # the shell asks what the user might type
        return click.shell_completion.shell_complete(cli, {}, "mibench", VARIABLE, instruction)
    try:
        with cli.make_context("mibench", args) as context:
            return int(cli.invoke(context) or DONE)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(file=shown)
        text = bounded(shown.getvalue(), MAX_SAID)
        click.echo(visible(text, one_line=False), err=True, nl=False)
        return BAD_INPUT
    except MemoryError as error:
        say(
            f"error: not enough memory ({error or 'none is left'}): use a part of the data, or a "
            "machine with more"
        )
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
        return _output_failed(error)


def _output_failed(error: OSError) -> int:
    """The exit code if standard output cannot be written: no reader is left, or a full disk."""
    with suppress(OSError):  # what is still buffered must not fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return READER_GONE
    say(f"error: cannot write to standard output: {error.strerror}")
    return BAD_INPUT
