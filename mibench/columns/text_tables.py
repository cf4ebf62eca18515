"""Reads columns of a text file: numbers to the last bit, labels as the text that stands there."""

import warnings
from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from .dialect import Dialect, detect, open_text
from .lines import split
from .reading import ReadAs, distinguished, named, without_rows
from .sources import Source
from .values import MISSING_WORDS

WIDE = 1000  # with more columns, only those asked for are converted


class TextTable:
    """The columns of a csv file or of its relatives: see `reading.Table`."""

    def __init__(self, source: Source, told: ReadAs) -> None:
        self.source, self.dialect = source, detect(source, told)
        self.decimal = self.dialect.decimal
        self.read_as = self.dialect.shown()
        self.names, self.unnamed = named(
            source,
            distinguished(self.dialect.header or [""] * self.dialect.width, self.read_as),
        )
        self.codes = {self.names[place]: why for place, why in self.dialect.codes.items()}
        for place, example in self.dialect.like_groups.items():
            self.read_as.append(f"decimal point in {example} (in {self.names[place]})")

    def read(self, names: Sequence[str], labels: set[str]) -> dict[str, Any]:
        """The columns as pandas' Series."""
        position = {name: i for i, name in enumerate(self.names)}
        wanted = [position[name] for name in names]
        options: dict[str, Any] = {}
        if len(self.names) > WIDE:
            _check_lengths(self.source, self.dialect, len(self.names))
            options["usecols"] = sorted(set(wanted)) or [0]
        texts = [position[name] for name in labels]
        try:
            table = _parsed(
                self.source, self.dialect, names=range(len(self.names)),
                dtype=dict.fromkeys(texts, str), keep_default_na=False,
                na_values=self._missing(wanted, set(texts)), **options,
            )  # fmt: skip
        except Exception:
            _check_lengths(self.source, self.dialect, len(self.names))  # a clearer message
            raise
        if len(table) == 0:
            raise without_rows(self.source, self.names)
        return {name: table[i] for name, i in zip(names, wanted, strict=True)}

    @staticmethod
    def _missing(wanted: list[int], texts: set[int]) -> Any:
        """What is missing: an empty field, and words where the text itself is not the label."""
        words = ["", *MISSING_WORDS]
        if not texts:  # for each column is far slower in a table of thousands
            return words
        return {place: [""] if place in texts else words for place in wanted}


def _parsed(source: Source, dialect: Dialect, **options: Any) -> Any:
    import pandas as pd

    text = open_text(source, dialect.encoding, dialect.skipped)
    with warnings.catch_warnings(), text as file:
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # Pandas is about to drop the option, and reads numbers exactly without it from then on.
        warnings.filterwarnings("ignore", "The 'float_precision' argument")
        # Without index_col=False a row with one field too many shifts all columns by one.
        header = None if dialect.in_comment or not dialect.header else 0
        separator = r"\s+" if dialect.separator == " " else dialect.separator
        # Quoted fields may hold the separator as a decimal sign. Pandas does not take both.
        decimal = "." if dialect.decimal == separator else dialect.decimal
        return pd.read_csv(
            file, sep=separator, decimal=decimal, header=header, index_col=False,
            skipinitialspace=True, low_memory=False, dtype_backend="numpy_nullable",
            float_precision="round_trip", **options,
        )  # fmt: skip


def _check_lengths(source: Source, dialect: Dialect, count: int) -> None:
    """Raise InputError for a row with more fields than the header."""
    with open_text(source, dialect.encoding, dialect.skipped) as lines:
        rows = split(lines, dialect.separator)
        for row in rows:
            if len(row) > count:
                raise InputError(
                    f"{source} cannot be read as csv: it has {len(row)} fields in line "
                    f"{rows.line_num + dialect.skipped}, and {count} in its header: correct that "
                    "line, or give --header LINE if the names stand in a later line"
                )
