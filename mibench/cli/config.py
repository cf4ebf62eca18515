"""The file mibench.toml: options of `mibench compare` that are kept with a project."""

import tomllib
from pathlib import Path
from typing import Any

import click

from ..errors import InputError, unknown

DEFAULT = Path("mibench.toml")
TABLE = "compare"


def use_config(context: click.Context, parameter: click.Parameter, file: Path | None) -> None:
    """Take the options that the command line lacks from a file: this one, or mibench.toml here."""
    if context.resilient_parsing or (file is None and not DEFAULT.is_file()):
        return
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
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is no TOML file: {error}") from None
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


def from_config(context: click.Context, name: str) -> bool:
    """Whether the value of a parameter comes from the file."""
    return context.get_parameter_source(name) is click.core.ParameterSource.DEFAULT_MAP


config_option = click.option(
    "--config", type=click.Path(path_type=Path), is_eager=True, expose_value=False,
    callback=use_config, metavar="FILE",
    help="Options in the table [compare] of a TOML file; those of the command line win.  "
    "[default: mibench.toml, if there is one]",
)  # fmt: skip
