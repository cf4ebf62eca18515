"""What the shell offers when the user presses TAB. Nothing here imports an estimator or numba."""

import bz2
import csv
import gzip
import lzma
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import click.shell_completion
from click.shell_completion import CompletionItem

VARIABLE = "_MIBENCH_COMPLETE"
SHELLS = ("bash", "zsh", "fish")
READ_AT_MOST = 20_000_000  # bytes of a file, of which all can be read while the user waits
NAMES_FIRST = (".parquet", ".feather", ".arrow", ".npz", ".npy")  # whose values need not be read
HEAD_BYTES = 65_536
OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}

# Changes of click's script for bash, which inserts a name with a space as two words, one with a
# star as the files that fit, and offers nothing after `--x=`, since bash parts words there. The
# other shells quote what is inserted.
OF_BASH = {
    "            COMPREPLY+=($value)\n": """\
            if [[ $value == *[!A-Za-z0-9_.,:=@%/+-]* && ${words[place]} != [\\"\\']* ]]; then
                printf -v value %q "$value"
            fi
            COMPREPLY+=("$value")
""",
    "    local response\n": """\
    local response i words=() place=$COMP_CWORD
    for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
        if [[ ${COMP_WORDS[i]} != "=" || ${COMP_WORDS[i - 1]} != --* ]]; then
            words+=("${COMP_WORDS[i]}")
        elif ((i == COMP_CWORD)); then
            words+=("")
        elif ((i < COMP_CWORD)); then
            ((place--))
        fi
    done
""",
    'COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD ':
        'COMP_WORDS="${words[*]}" COMP_CWORD=$place ',
}  # fmt: skip

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script that completes commands, options and names in SHELL.

    For bash, add to ~/.bashrc: eval "$(mibench completion bash)". For zsh, the same with zsh in
    ~/.zshrc, after compinit. For fish: mibench completion fish >
    ~/.config/fish/completions/mibench.fish
    """
    from .main import cli

    click.shell_completion.shell_complete(cli, {}, "mibench", VARIABLE, f"{shell}_source")


class Bash(click.shell_completion.BashComplete):
    """Completion in bash, with words as bash needs them."""

    def source(self) -> str:
        """The script that the user evaluates."""
        script = super().source()
        if all(old in script for old in OF_BASH):  # another version of click may have another one
            for old, new in OF_BASH.items():
                script = script.replace(old, new)
        return script


click.shell_completion.add_completion_class(Bash)


def estimator_names() -> list[str]:
    """The names of all estimators; none is imported."""
    from ..plugins import ESTIMATORS, by_name

    return sorted(by_name(ESTIMATORS))


def task_names() -> list[str]:
    """The names of all tasks; of those in suites alone, if a package with tasks is broken."""
    from ..tasks.catalogue import list_tasks
    from ..tasks.suites import SUITES

    with suppress(Exception):
        return list_tasks()
    return list(dict.fromkeys(name for suite in SUITES.values() for name in suite))


def suite_names() -> list[str]:
    """The names of all suites."""
    from ..tasks.suites import ALL_SUITES

    return [*ALL_SUITES, "all"]


def flag_names() -> list[str]:
    """The codes of all flags."""
    from ..contract.flags import FLAGS

    return list(FLAGS)


def listing_names() -> list[str]:
    """What `mibench list` can list."""
    from ..plugins import LISTINGS, by_name

    return ["estimators", "tasks", "suites", "flags", *by_name(LISTINGS)]


def shown_names() -> list[str]:
    """What `mibench show` can show."""
    return [*estimator_names(), *flag_names(), *suite_names(), *task_names()]


def one_of(names: Callable[[], Iterable[str]]) -> Complete:
    """Completes one name."""

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(name) for name in names() if name.startswith(incomplete)]

    return complete


def several_of(names: Callable[[], Iterable[str]]) -> Complete:
    """Completes the last of several names with commas; those before are not offered again."""

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return _continued(incomplete, names())

    return complete


def columns(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes the last of several names of columns of FILE."""
    # An option that lacks its value keeps click from assigning FILE, which is then left over.
    files = [context.params.get("file"), *context.args]
    file = next((Path(name) for name in files if name and Path(name).is_file()), None)
    with suppress(Exception):  # of whatever kind: the shell then offers nothing
        return [] if file is None else _continued(incomplete, columns_of(file))
    return []


def _continued(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    before, comma, last = incomplete.rpartition(",")
    given = before.split(",")
    return [
        CompletionItem(f"{before}{comma}{name}")
        for name in names
        if name.startswith(last) and name not in given
    ]


def columns_of(file: Path) -> list[str]:
    """The names of the columns of a file. Of a large text table, those in its first line."""
    from ..columns.readers import open_table
    from ..errors import InputError

    if file.stat().st_size <= READ_AT_MOST or file.suffix in NAMES_FIRST:
        with suppress(InputError):
            table = open_table(file)
            return [name for name in table.names if name not in table.unnamed]
        return []
    if file.suffix in (".zip", ".xlsx", ".xlsm"):
        return []
    with OPENERS.get(file.suffix, open)(file, "rb") as stream:
        head = stream.read(HEAD_BYTES)
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = head.decode(encoding, errors="replace").splitlines()
    separator = max(",;\t|", key=lines[0].count)
    if lines[0].lower().startswith("sep=") and len(lines) > 1:
        separator, lines = lines[0][4:5], lines[1:]
    return [name.strip() for name in next(csv.reader(lines[:1], delimiter=separator))]
