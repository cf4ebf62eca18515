"""Makes text from data harmless where it is shown: in terminals, spreadsheets and figures.

Names of columns, tasks and estimators, and messages in stores, may come from somebody else.
"""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Control characters, of which escape sequences consist, and those that turn the direction of text.
_HIDDEN = [
    *range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, 0x2028, 0x2029,
    *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF,
]  # fmt: skip
_SHOWN = {code: ascii(chr(code))[1:-1] for code in _HIDDEN}
_SHOWN_IN_LINES = {code: shown for code, shown in _SHOWN.items() if chr(code) not in "\n\t"}
# A spreadsheet reads a cell that starts with one of these as a formula; the last four are theirs in
# full width.
MAX_IN_FIGURES = 300  # characters of a text; drawing takes time for each
FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def visible(text: str, *, one_line: bool = True) -> str:
    r"""The text with control characters written out, so that a terminal does not obey them.

    one_line: line breaks and tabs are written out too.

    >>> visible("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return text.translate(_SHOWN if one_line else _SHOWN_IN_LINES)


def visible_lines(text: str) -> str:
    """A text of several lines with control characters written out, apart from the line breaks."""
    return visible(text, one_line=False)


def html_text(value: object) -> str:
    r"""A value as text of an HTML page: neither markup nor control characters.

    >>> html_text("<b>\x1b[31m")
    '&lt;b&gt;\\x1b[31m'
    """
    return escape(visible(str(value)))


def plain_cell(value: Any) -> Any:
    """A value of a csv file: a text that a spreadsheet would take for a formula gets a quote mark.

    >>> plain_cell("=1+1"), plain_cell("a-b"), plain_cell(-1.5)
    ("'=1+1", 'a-b', -1.5)
    """
    if not isinstance(value, str):
        return value
    shown = visible(value, one_line=False)
    return f"'{shown}" if value.startswith(FORMULA_STARTS) else shown


def to_csv(table: "pd.DataFrame", path: Path | None = None, **options: Any) -> str | None:
    """Write a table as csv, or return its text, with every text as `plain_cell` gives it."""
    safe = table.rename(columns=plain_cell)
    for position in range(safe.shape[1]):
        column: pd.Series[Any] = safe.iloc[:, position]
        if getattr(column.dtype, "kind", "O") == "O":
            safe.isetitem(position, column.map(plain_cell).to_numpy(dtype=object))
    text: str | None = safe.to_csv(path, index=False, **options)
    return text


def plain_math(text: str) -> str:
    r"""A text for a figure, in which "$" starts no formula.

    >>> plain_math("price in $")
    'price in \\$'
    """
    if len(text) > MAX_IN_FIGURES:
        text = f"{text[: MAX_IN_FIGURES // 2]}...{text[-MAX_IN_FIGURES // 2 :]}"
    return visible(text, one_line=False).replace("$", r"\$")
