"""Dates and times as numbers: days or seconds since the first one of their column."""

import datetime
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .values import is_missing

DAY = 86400
ISO_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s*(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
OTHER_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(.*)", re.ASCII)
CLOCK = re.compile(r"(\d{1,4}):(\d{2})(?::(\d{2}(?:\.\d+)?))?", re.ASCII)
LIKE_DATE = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}([ T]+\d.*)?", re.ASCII)


def looks_like_date(text: str) -> bool:
    """Whether a text may be a date, in whatever order of day, month and year."""
    return LIKE_DATE.fullmatch(text) is not None


def as_seconds(values: NDArray[Any], name: str) -> tuple[NDArray[np.float64], str]:
    """Times as numbers with NaN for missing ones, and what the numbers are, in words.

    values: an array of NumPy's times, or of Python's times with None. Raises InputError for a
    mixture of dates, times of day and durations.
    """
    if values.dtype.kind == "O":
        present = [v for v in values.tolist() if not is_missing(v)]
        if all(isinstance(v, datetime.time) for v in present):
            clock = [np.nan if is_missing(v) else _seconds_of_day(v) for v in values.tolist()]
            return np.array(clock), "times of day, as seconds since midnight"
        values = _as_numpy(values, name)
    lacking = np.isnat(values)
    numbers = np.full(values.shape, np.nan)
    unit = np.datetime_data(values.dtype)[0]
    if unit == "generic" or lacking.all():
        return numbers, "times"
    if values.dtype.kind == "m":
        numbers[~lacking] = values[~lacking] / np.timedelta64(1, "s")
        return numbers, "durations, as seconds"
    first = values[~lacking].min()
    since = values[~lacking] - first
    start = str(first.astype("M8[s]"))
    if unit in "YM":
        since = values[~lacking].astype("M8[D]") - first.astype("M8[D]")
    seconds = since / np.timedelta64(1, "s")
    if (seconds % DAY == 0).all():
        numbers[~lacking] = seconds / DAY
        shown = start.removesuffix("T00:00:00")
        return numbers, f"dates, as days since {shown}"
    numbers[~lacking] = seconds
    return numbers, f"times, as seconds since {start}"


def _seconds_of_day(value: datetime.time) -> float:
    whole = value.hour * 3600 + value.minute * 60 + value.second
    return whole + value.microsecond / 1e6


def _as_numpy(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Python's dates or durations as NumPy's; with a time zone, as UTC."""
    times: list[Any] = []
    for value in values.ravel().tolist():
        if is_missing(value):
            times.append(None)
        elif isinstance(value, datetime.timedelta | datetime.datetime | datetime.date):
            zone = getattr(value, "tzinfo", None)
            times.append(
                value.astimezone(datetime.UTC).replace(tzinfo=None) if zone else value  # type: ignore
            )
        else:
            times.append(value)
    kinds = {isinstance(v, datetime.timedelta) for v in times if v is not None}
    if len(kinds) > 1 or any(isinstance(v, datetime.time) for v in times):
        raise InputError(
            f"column {name!r} mixes dates, times of day and durations: keep one kind in a column"
        )
    return np.array(times, "m8[us]" if kinds == {True} else "M8[us]").reshape(values.shape)


def text_as_times(
    texts: Mapping[Any, str], values: NDArray[Any], name: str
) -> tuple[NDArray[np.float64], str] | None:
    """ISO dates (2024-01-31, with a time or without) or times of day, as numbers; else None.

    texts: value -> its text, for all values that are not missing.
    """
    if not texts:
        return None
    if all(CLOCK.fullmatch(t) for t in texts.values()):
        by_colons = {t.count(":"): t for t in texts.values()}
        if len(by_colons) > 1:  # 45:10 beside 1:02:10 is in minutes; 10:45 beside 10:45:30 is not
            shown = " and ".join(map(repr, by_colons.values()))
            raise InputError(f"column {name!r} mixes {shown}: write all as hours:minutes:seconds")
        clock = {v: _clock(t) for v, t in texts.items()}
        numbers = np.array([clock.get(v, np.nan) for v in values.tolist()])
        if all(seconds < 2 * DAY for seconds in clock.values()):
            return numbers, "times of day, as seconds since midnight"
        return numbers, "durations"
    order = ""
    if not all(ISO_DATE.fullmatch(t) for t in texts.values()):
        texts, order = _in_iso_order(texts)
        if not all(ISO_DATE.fullmatch(t) for t in texts.values()):
            return None
    fine = any(re.search(r"[.,]\d{7}", t) for t in texts.values())  # finer than a microsecond
    moments = {}
    for value, text in texts.items():
        try:
            moments[value] = _moment(text, "ns" if fine else "us")
        except (ValueError, OverflowError) as error:  # such as 2023-02-30
            raise InputError(
                f"column {name!r} holds {text!r}, which is no date ({error}): correct it"
            ) from None
    times = np.array([moments.get(v) for v in values.tolist()], "M8[ns]" if fine else "M8[us]")
    numbers, why = as_seconds(times, name)
    return numbers, why + order


def _in_iso_order(texts: Mapping[Any, str]) -> tuple[dict[Any, str], str]:
    """Dates with the year last as ISO dates, and what their order is, in words.

    With points, the day comes first. With other signs, a number above 12 tells which is the day;
    if there is none, nothing is changed.
    """
    matches_by_value = {value: OTHER_DATE.fullmatch(text) for value, text in texts.items()}
    matches = [match for match in matches_by_value.values() if match]
    if len(matches) < len(matches_by_value) or len({match[2] for match in matches}) > 1:
        return dict(texts), ""
    first = max(int(match[1]) for match in matches)
    second = max(int(match[3]) for match in matches)
    sign = matches[0][2]
    if sign == "." or (first > 12 >= second):
        day, month, order = 1, 3, sign.join(("day", "month", "year"))
    elif second > 12 >= first:
        day, month, order = 3, 1, sign.join(("month", "day", "year"))
    else:
        return dict(texts), ""
    moved = {
        value: f"{m[4]}-{int(m[month]):02d}-{int(m[day]):02d}{m[5]}"
        for value, m in matches_by_value.items() if m
    }  # fmt: skip
    return moved, f", read as {order}"


def _clock(text: str) -> float:
    match = CLOCK.fullmatch(text)
    assert match
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3] or 0)


def _moment(text: str, unit: str) -> np.datetime64:
    """One ISO date in whole units; with a time zone, as UTC."""
    match = re.fullmatch(r"(.*?)(\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?", text[10:].replace(",", "."))
    assert match
    zone = (match[3] or "").replace("Z", "+00:00")
    moment = datetime.datetime.fromisoformat(text[:10] + match[1] + zone)
    if moment.tzinfo:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    if unit == "ns" and not 1678 <= moment.year <= 2261:
        raise ValueError("nanoseconds are counted from 1678 to 2261 only")
    digits = 9 if unit == "ns" else 6
    fraction = int((match[2] or ".")[1:].ljust(digits, "0"))
    return np.datetime64(moment, unit) + np.timedelta64(fraction, unit)  # type: ignore
