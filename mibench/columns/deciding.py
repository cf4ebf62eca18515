"""Decides what a column of a file holds, with what the file says beyond the values."""

from dataclasses import replace
from typing import Any

from ..errors import InputError
from .kinds import Decided, decide
from .reading import ReadAs, Table
from .text_tables import TextTable
from .values import MISSING_WORDS, missing


def decide_of_file(
    raw: dict[str, Any],
    name: str,
    declared: bool,
    told: ReadAs,
    table: Table,
    remedy: str,
    prefix: str = "",
) -> Decided:
    """The kind of one column, which is taken out of `raw` to save memory."""
    try:
        decided = decide(
            raw.pop(name), name, declared=declared, told=told.missing, decimal_sign=table.decimal,
            decimal_told=told.decimal is not None, remedy=remedy,
            typed=not isinstance(table, TextTable),
        )  # fmt: skip
    except InputError as error:
        raise InputError(f"{prefix}{error}") from None
    if not isinstance(table, TextTable):
        return decided
    if name in table.codes and not decided.label:
        return replace(decided, may_be_labels=table.codes[name])
    if decided.why == "text" and missing(decided.values).any():
        words = set(table.read([name], {name})[name].dropna()) & set(MISSING_WORDS)
        decided = replace(decided, markers=decided.markers | words)
    return decided


def why_no_label(column: Decided, remedy: str) -> str:
    """The message for a column of texts that are no labels, since all or most occur once."""
    return f"column {column.name!r} holds {column.identifies}: leave it out, or {remedy}"
