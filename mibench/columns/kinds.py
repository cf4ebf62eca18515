"""What a column holds: numbers, labels or times. Nothing is guessed that could be two things."""

import datetime
import decimal
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .suspects import suspects
from .times import as_seconds, looks_like_date, text_as_times
from .values import MAX_EXACT, MISSING_WORDS, column_values, is_missing, is_number, missing
from .written import read_written

# What means "missing" among numbers, beside what is missing in every column.
MARKERS = frozenset(
    {"", "?", "-", "--", ".", "..", "na", "n.a.", "N.A.", "none", "missing", "#DIV/0!"}
).union(MISSING_WORDS)
MARKERS_OF_TEXT = frozenset({"", "?"}).union(MISSING_WORDS)  # a dash or a point may be a label
LEADING_ZERO = re.compile(r"0\d+", re.ASCII)
LIKE_NUMBER = re.compile(
    r"[+-]?\s*[€$£¥]?\s*[+-]?\d[\d.,'_\s\u00a0\u202f\u2019]*(e[+-]?\d+)?\s*[€$£¥%]?", re.IGNORECASE
)
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([.,' ]\d{3})+([.,]\d+)?", re.ASCII)
MANY = 20  # rows, in which equal labels must be expected
FEW = 12  # distinct whole numbers that may be labels
ROWS_OF_EACH = 5  # on average, for such a proposal
TIMES = (datetime.date, datetime.datetime, datetime.time, datetime.timedelta, np.datetime64)


@dataclass(frozen=True, eq=False)
class Decided:
    """A column whose kind is decided.

    Attributes:
        name: Its name.
        values: (n, d): float64 with NaN for missing values; or labels, with None.
        label: Whether it holds labels.
        why: Why it is taken so, in words, if the user did not say it and it is not plain.
        markers: Texts that were found and taken as missing, beside the usual ones.
        may_be_labels: Why these numbers may be labels after all; "" if nothing speaks for it.
        identifies: What is wrong with texts that nobody declared labels, if all or most occur once.
        suspects: What may stand for missing values among numbers, in words.
    """

    name: str
    values: NDArray[Any]
    label: bool
    why: str = ""
    markers: frozenset[str] = field(default=frozenset())
    may_be_labels: str = ""
    identifies: str = ""
    suspects: str = ""

    @property
    def words(self) -> str:
        """Words such as NA that are taken as missing among texts, and may be labels, as text."""
        missing_words = self.markers & set(MISSING_WORDS) if self.why == "text" else ()
        return ", ".join(map(repr, sorted(missing_words)))

    @property
    def titles(self) -> list[str]:
        """A title for each of the d columns."""
        d = self.values.shape[1]
        return [self.name] if d == 1 else [f"{self.name}[:, {j}]" for j in range(d)]


def decide(
    raw: Any,
    name: str,
    *,
    declared: bool,
    told: tuple[str, ...] = (),
    decimal_sign: str = ".",
    decimal_told: bool = False,
    remedy: str = "declare it labels",
    typed: bool = False,
) -> Decided:
    """Decide what a column holds.

    Args:
        raw: A Series, or an array (n,) or (n, d).
        name: Its name.
        declared: Whether the user says that it holds labels.
        told: What the user says is missing.
        decimal_sign: The decimal sign of its texts.
        decimal_told: Whether the user says so, and it was not only found.
        remedy: How to declare labels, for messages.
        typed: Whether the file itself tells texts and numbers apart, so that texts are meant.

    Raises:
        InputError: for what is neither; it names the value, the row and a remedy.
    """
    import pandas as pd

    shape = np.shape(raw)
    if isinstance(raw, np.ndarray):
        if raw.ndim not in (1, 2):
            raise InputError(f"array {name!r} has shape {shape}: give (n,) or (n, d)")
        if raw.dtype.kind == "c" and not declared:
            raise InputError(
                f"array {name!r} holds complex numbers: give real and imaginary parts as two "
                "columns"
            )
        raw = pd.Series(raw.ravel()) if raw.dtype.kind in "UmM" else raw
    matrix = (shape[0], -1) if shape[0] else (0, 1)
    if isinstance(getattr(raw, "dtype", None), pd.DatetimeTZDtype):
        raw = raw.dt.tz_convert("UTC").dt.tz_localize(None)
    if getattr(getattr(raw, "dtype", None), "kind", "O") in "mM" and not declared:
        numbers, why = as_seconds(raw.to_numpy(), name)
        return Decided(name, numbers.reshape(matrix), False, why)
    values = raw if isinstance(raw, np.ndarray) else column_values(raw)
    dtype = getattr(raw, "dtype", None)
    if declared:
        return Decided(name, _labels(values, told).reshape(matrix), True)
    if isinstance(dtype, pd.CategoricalDtype):
        return Decided(name, _labels(values, told).reshape(matrix), True, "categories")
    if values.dtype.kind == "b" or getattr(dtype, "name", "") in ("bool", "boolean"):
        if values.dtype.kind != "b":
            values = raw.astype(object).where(raw.notna(), None).to_numpy(dtype=object)
        values = _labels(values, told)
        return Decided(name, values.reshape(matrix), True, "true or false")
    if values.dtype.kind in "iuf":
        return _numbers(values, name, told, matrix)
    kinds = set(map(type, values[~missing(values)]))
    if kinds and all(issubclass(kind, TIMES) for kind in kinds):
        numbers, why = as_seconds(values, name)
        return Decided(name, numbers.reshape(matrix), False, why)
    if kinds <= {int, float, decimal.Decimal}:
        numbers = np.array([np.nan if is_missing(v) else float(v) for v in values])
        return _numbers(numbers, name, told, matrix)
    if kinds <= {bool, np.bool_}:
        return Decided(name, _labels(values, told).reshape(matrix), True, "true or false")
    if kinds <= {bytes}:
        return Decided(name, _labels(values, told).reshape(matrix), True, "bytes")
    if not kinds <= {str, int, float, bool}:
        other = sorted(kind.__name__ for kind in kinds - {str, int, float, bool})[0]
        raise InputError(f"column {name!r} holds {other} values: store numbers, text or dates")
    signs = decimal_sign, decimal_told
    return _text(values, name, told, signs, remedy, matrix, typed)


def _labels(values: NDArray[Any], told: tuple[str, ...]) -> NDArray[Any]:
    """Labels, with None for what the user says is missing."""
    if not told:
        return values
    out = np.array([str(v) in told for v in values.ravel()], np.bool_).reshape(values.shape)
    if not out.any():
        return values
    labels = values.astype(object)
    labels[out] = None
    return labels


def _numbers(
    values: NDArray[Any], name: str, told: tuple[str, ...], matrix: tuple[int, int]
) -> Decided:
    whole = values.dtype.kind in "iu"
    numbers = values.astype(np.float64)
    for marker in told:
        if is_number(marker):
            numbers[numbers == float(marker)] = np.nan
    numbers = _finite(numbers, name).reshape(matrix)
    if whole and values.size and max(-int(values.min()), int(values.max())) > MAX_EXACT:
        return Decided(name, numbers, False, may_be_labels="more than 15 digits, rounded")
    why = "few whole numbers" if _is_few(numbers, whole) else ""
    return Decided(name, numbers, False, may_be_labels=why, suspects=suspects(numbers))


def _finite(numbers: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Numbers without an infinite one, which is no missing value unless the user says so."""
    infinite = np.argwhere(np.isinf(numbers))
    if len(infinite):
        value, row = numbers[tuple(infinite[0])], infinite[0][0]
        raise InputError(
            f"column {name!r} holds {value} in row {row + 1}, {len(infinite)} such value(s) in "
            "all: correct it, or leave such rows out with --missing-values inf,-inf"
        )
    return numbers


def _is_few(numbers: NDArray[np.float64], whole: bool) -> bool:
    if numbers.shape[1] != 1:
        return False
    column = numbers[:, 0]
    some = column[:1000][np.isfinite(column[:1000])]
    if not whole and (some != np.floor(some)).any():
        return False
    if len(np.unique(some)) > FEW:
        return False
    distinct = np.unique(column[np.isfinite(column)])
    whole = bool((distinct == np.floor(distinct)).all())
    return whole and 2 <= len(distinct) <= FEW and len(column) >= ROWS_OF_EACH * len(distinct)


def _text(
    values: NDArray[Any],
    name: str,
    told: tuple[str, ...],
    signs: tuple[str, bool],
    remedy: str,
    matrix: tuple[int, int],
    typed: bool,
) -> Decided:
    """A column of texts: numbers if all are, dates if all are, labels if none looks like either."""
    decimal_sign, decimal_told = signs
    texts = {v: str(v).strip() for v in set(values[~missing(values)].tolist())}
    if decimal_sign == "," and _has_decimal_points(texts.values()):
        decimal_sign = "."
    plain = {v: t.replace(",", ".") if decimal_sign == "," else t for v, t in texts.items()}
    out = {v for v, t in texts.items() if t in told}
    odd = {v for v, t in texts.items() if t in MARKERS} - out
    rest = texts.keys() - out - odd
    if not rest:
        return Decided(name, np.full(values.shape, np.nan).reshape(matrix), False)

    def number(value: object) -> bool:
        grouped = decimal_sign == "," and "." in texts[value]
        return not grouped and is_number(plain[value])

    numbers = {v for v in rest if number(v)}
    codes = typed and any(LEADING_ZERO.fullmatch(texts[v]) for v in numbers)
    if codes:
        numbers = set()

    def of_numbers(parsed: Mapping[Any, float], why: str) -> Decided:
        column = np.array([parsed.get(v, np.nan) for v in values.tolist()])
        markers = frozenset(texts[v] for v in odd)
        return replace(_numbers(column, name, told, matrix), why=why, markers=markers)

    if len(numbers) == len(rest):
        all_texts = typed and all(isinstance(v, str) for v in rest)
        parsed = {v: float(plain[v]) for v in rest}
        return of_numbers(parsed, "texts that are numbers" if all_texts else "")
    times = text_as_times({v: texts[v] for v in rest}, values, name)
    if times is not None:
        odd_texts = frozenset(texts[v] for v in odd)
        return Decided(name, times[0].reshape(matrix), False, times[1], odd_texts)
    counts = Counter(v for v in values.tolist() if v in rest)
    once = sum(count == 1 for count in counts.values())
    mostly_once = counts.total() > MANY and 2 * once > counts.total()
    if not codes:
        written = read_written({v: texts[v] for v in rest}, decimal_sign, decimal_told)
        if written is not None and (mostly_once or not written.unit):
            return of_numbers(written.numbers, written.how)
    unclear = {} if codes else {v: why for v in rest - numbers if (why := _why_unclear(texts[v]))}
    if numbers or unclear:
        refused = (rest - numbers) if numbers else unclear.keys()
        width = max(1, len(values) // max(1, matrix[0]))
        place, value = next((i, v) for i, v in enumerate(values.tolist()) if v in refused)
        what, fix = unclear.get(value, ("which is not a number", "correct it"))
        raise InputError(
            f"column {name!r} holds {str(value)!r} in row {place // width + 1}, {what}: {fix}, "
            f"give --missing-values if it is missing, or {remedy}"
        )
    odd_of_text = {v for v in odd if texts[v] in MARKERS_OF_TEXT}
    gone = out | odd_of_text
    labels = values.copy()
    if gone:
        labels[[v in gone for v in values.tolist()]] = None
    markers = frozenset(texts[v] for v in odd_of_text)
    identifies = ""
    if mostly_once and once == counts.total():
        identifies = "another text in every row, so that it names the rows"
    elif mostly_once:
        identifies = f"texts of which most occur once ({once} of {counts.total()})"
    return Decided(name, labels.reshape(matrix), True, "text", markers, identifies=identifies)


def _has_decimal_points(texts: Iterable[str]) -> bool:
    """Whether points are decimal signs in a column, in a file whose other columns have commas."""
    numbers = [text for text in texts if is_number(text.replace(",", "."))]
    pointed = any("." in text and not GROUPED.fullmatch(text) for text in numbers)
    return pointed and not any("," in text for text in numbers)


def _why_unclear(text: str) -> tuple[str, str] | None:
    """What a text may be that looks like a number or a date, and a remedy; None for neither."""
    if GROUPED.fullmatch(text):
        return (
            "which may be a whole number in groups of digits, or a decimal",
            "tell the decimal sign with --decimal",
        )
    if is_number(text.replace(",", ".")):
        return "which is a number only with --decimal ,", "write decimals with a point"
    if looks_like_date(text):
        return "which may be a date", "write dates as 2024-01-31"
    if LIKE_NUMBER.fullmatch(text):
        return "which is no plain number", "write it with digits and a point alone"
    return None
