"""The file mibench.toml: options of `mibench compare` that are kept with a project."""

import os
import tomllib
from pathlib import Path
from typing import Any

import click

from ..errors import InputError, unknown

DEFAULT = Path("mibench.toml")
TABLE = "compare"
FOUND = f"{__name__}.found"
FILES = ("store", "against", "output", "plot")


def use_config(context: click.Context, parameter: click.Parameter, file: Path | None) -> None:
    """Take the options that the command line lacks from a file: this one, or mibench.toml here."""
    if context.resilient_parsing or (file is None and not DEFAULT.is_file()):
        return
    context.meta[FOUND] = file is None
    file = file or DEFAULT
    options = {option.name: option for option in context.command.params if option.expose_value}
    context.default_map = {
        **(context.default_map or {}),
        **{
            name: _as_option(value, options[name], f"{file}: {key}")
            for key, value in read_table(file).items()
            if (name := _parameter(key, context.command, file))
        },
    }
    context.meta[__name__] = str(file)


def read_table(file: Path) -> dict[str, Any]:
    """The table [compare] of a file. Raises InputError if there is no such file or table."""
    if os.path.exists(file) and not os.path.isfile(file):  # a pipe would never end
        raise InputError(f"{file} is no plain file: name a TOML file")
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is no TOML file: {error or type(error).__name__}") from None
    for name in content:
        if name != TABLE:
            raise InputError(f"{file}: {unknown('table', name, [TABLE])}")
    table = content.get(TABLE, {})
    if not isinstance(table, dict):
        raise InputError(f"{file}: {TABLE} is no table: write [{TABLE}] above its options")
    return table


def _parameter(key: str, command: click.Command, file: Path) -> str:
    """The name of the parameter that a key such as time-limit sets."""
    names = {
        text.removeprefix("--"): parameter.name or ""
        for parameter in command.params
        for text in parameter.opts
        if text.startswith("--") and parameter.expose_value
    }
    wanted = key.replace("_", "-")
    if wanted not in names:
        raise InputError(f"{file}: {unknown('option', key, sorted(names))}")
    return names[wanted]


def _as_option(value: Any, option: click.Parameter, where: str) -> Any:
    """A value as the command line would give it: texts, several of them joined by commas."""
    values = value if isinstance(value, list) else [value]
    if not values or any(isinstance(v, bool | dict | list) for v in values):
        raise InputError(f"{where} = {value!r}: give a text or a number, or a list of them")
    text = ",".join(map(str, values))
    return [text] if getattr(option, "multiple", False) else text


def config_file(context: click.Context) -> str | None:
    """The file whose options are used, if any."""
    file: str | None = context.meta.get(__name__)
    return file


def check_found_file(context: click.Context) -> None:
    """Raise InputError if mibench.toml asks for what a file that nobody named must not decide.

    The folder may come from somebody else. So its file names no code to run, no scheduler, whose
    answers can run code, and no files outside the folder, unless --config names it.
    """
    if not context.meta.get(FOUND):
        return
    from ..contract.registry import runs_given_code
    from ..contract.specs import split_specs

    def refuse(what: str, option: str) -> None:
        raise InputError(
            f"{DEFAULT} {what}, and nobody named this file: give --config {DEFAULT} if you trust "
            f"it, or {option} as you want it"
        )

    if from_config(context, "estimators"):
        for spec in [spec for text in context.params["estimators"] for spec in split_specs(text)]:
            if runs_given_code(spec):
                refuse(f"names the estimator {spec!r}, which runs code", "--estimators")
    if from_config(context, "scheduler"):
        refuse("names a Dask scheduler, which can send code to this process", "--scheduler")
    for name in FILES:
        path = context.params[name]
        if path is not None and from_config(context, name) and _is_outside(path):
            refuse(f"names the file {path}, which is not in its folder", f"--{name}")


def _is_outside(path: Path) -> bool:
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(os.curdir))


def from_config(context: click.Context, name: str) -> bool:
    """Whether the value of a parameter comes from the file."""
    return context.get_parameter_source(name) is click.core.ParameterSource.DEFAULT_MAP


config_option = click.option(
    "--config", type=click.Path(path_type=Path), is_eager=True, expose_value=False,
    callback=use_config, metavar="FILE",
    help="Options in the table [compare] of a TOML file; those of the command line win.  "
    "[default: mibench.toml, if there is one]",
)  # fmt: skip
