"""What the user must know about how a file was read, one line for each matter."""

from collections.abc import Sequence

from ..errors import some
from .kinds import Decided
from .reading import Table

MOST = 10  # names in a line


class Notes:
    """Collects notes. `lines` gives them in the order of reading."""

    def __init__(self, table: Table) -> None:
        self._file, self._read_as = str(table.source), list(table.read_as)
        self._markers: dict[str, set[str]] = {}  # marker -> columns in which it was found
        self._left_out: dict[str, list[str]] = {}  # why -> columns
        self._named_all_the_same: set[str] = set()  # why
        self._labels: list[tuple[str, str]] = []
        self._numbers: list[tuple[str, str]] = []
        self._unsure: dict[str, list[tuple[str, str]]] = {}  # option -> columns, and why
        self._words: dict[str, list[tuple[str, str]]] = {}  # option -> columns, and words
        self._suspects: list[str] = []
        self._rows = ""

    def add(self, columns: Sequence[Decided], option: str, declared: set[str]) -> None:
        """Note what was decided about columns. option: the one that declares them labels."""
        for column in columns:
            for marker in column.markers:
                self._markers.setdefault(marker, set()).add(column.name)
            if column.suspects:
                self._suspects.append(f"{column.name} ({column.suspects})")
            if column.name in declared:
                continue
            if column.words:
                self._words.setdefault(option, []).append((column.name, column.words))
            if column.why:
                (self._labels if column.label else self._numbers).append((column.name, column.why))
            elif column.may_be_labels:
                self._unsure.setdefault(option, []).append((column.name, column.may_be_labels))

    def as_numbers(self, columns: Sequence[tuple[str, str]]) -> None:
        """Note labels that are taken as numbers after all: their names, and how."""
        names = {name for name, _ in columns}
        self._labels = [label for label in self._labels if label[0] not in names]
        self._numbers += columns

    def left_out(self, names: list[str], why: str, named: bool = False) -> None:
        """Note columns that are not used because nobody named them; or although somebody did."""
        self._left_out[why] = self._left_out.get(why, []) + names
        if named:
            self._named_all_the_same.add(why)

    def rows(self, text: str) -> None:
        """Note how many rows are used."""
        self._rows = text

    def lines(self) -> list[str]:
        """All notes."""
        read_as = self._read_as + [
            f"missing {marker!r} (in {some(sorted(names), most=3)})"
            for marker, names in sorted(self._markers.items())
        ]
        lines = [f"read {self._file} as: {', '.join(read_as)}"] if read_as else []
        for why, names in self._left_out.items():
            if names:
                shown = some(names, most=MOST)
                hint = "" if why in self._named_all_the_same else " (--columns can name it)"
                lines.append(f"left out, {why}: {shown}{hint}")
        for what, columns in (("labels", self._labels), ("numbers", self._numbers)):
            if columns:
                lines.append(f"taken as {what}: {_with_reasons(columns)}")
        for option, columns in self._unsure.items():
            lines.append(
                f"taken as numbers, and may be labels: {_with_reasons(columns)}. If their order "
                f"means nothing, declare them labels with {option}"
            )
        for option, columns in self._words.items():
            lines.append(
                f"taken as missing, and may be labels: {_with_reasons(columns)}. If they are, "
                f"declare labels with {option}"
            )
        if self._suspects:
            lines.append(
                f"taken as numbers, and may be missing: {some(self._suspects, most=MOST)}. If they "
                "stand for missing values, name them in --missing-values"
            )
        return [*lines, self._rows] if self._rows else lines


def _with_reasons(columns: Sequence[tuple[str, str]]) -> str:
    return some((f"{name} ({why})" for name, why in columns), most=MOST)
