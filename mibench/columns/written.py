"""Numbers as people write them: 12 %, $1,234.50, 1.234,5, 5.1 cm, 1.0D+02.

A column is read only if all of its texts are written in one way, and only one reading fits.
"""

import re
from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeVar

MONEY = "€$£¥"
SCALES = frozenset([*MONEY, "%", "‰", "°", ""])  # signs that are never a part of a label
SPACES = " \u00a0\u202f"
GROUPS = f"'\u2019{SPACES}"  # that only group digits
WRITTEN = re.compile(
    rf"(?P<sign>[+-]?)[{SPACES}]*(?P<before>[{MONEY}]?)[{SPACES}]*(?P<sign2>[+-]?)"
    rf"(?P<digits>(?:\d[\d.,{GROUPS}]*|[.,]\d+))(?P<exponent>(?:[eE][+-]?\d+|[dD][+-]\d+)?)"
    rf"[{SPACES}]*(?P<after>[^\d\s.,:;'+-][^\d:]*)?",
    re.ASCII,
)

V = TypeVar("V", bound=Hashable)


class Written(NamedTuple):
    """Numbers that were read, and how, in words.

    Attributes:
        numbers: Value -> its number.
        how: Such as "without '%'".
        unit: Whether a word, such as cm, was left out, which may be a part of a label.
    """

    numbers: Mapping[Hashable, float]
    how: str
    unit: bool


def read_written(texts: Mapping[V, str], decimal: str, told: bool = False) -> Written | None:
    """The numbers of a column, or None if it is not written in one way with one reading.

    Args:
        texts: Value -> its text, for all values that are not missing.
        decimal: The decimal sign of the table.
        told: Whether the user says so. Then the other sign groups digits.
    """
    parts = {}
    for value, text in texts.items():
        match = WRITTEN.fullmatch(text.replace("\u2212", "-"))
        if match is None or (match["sign"] and match["sign2"]):
            return None
        parts[value] = match
    around = {(m["before"], (m["after"] or "").strip()) for m in parts.values()}
    if len(around) != 1:
        return None
    bodies = {value: match["digits"].strip(SPACES) for value, match in parts.items()}
    signs = _signs(set(bodies.values()), decimal, told)
    if signs is None:
        return None
    point, group = signs
    numbers: dict[Hashable, float] = {}
    for value, match in parts.items():
        number = _number(bodies[value], point, group)
        if number is None or (match["exponent"] and group in bodies[value] and group):
            return None
        exponent = re.sub("[dD]", "e", match["exponent"])
        numbers[value] = float(f"{match['sign']}{match['sign2']}{number}{exponent}")
    ((before, after),) = around
    how = [f"without {sign!r}" for sign in (before, after) if sign]
    if group and any(group in body for body in bodies.values()):
        how.append("spaces group digits" if group in SPACES else f"{group!r} groups digits")
    if point != decimal and any(point in body for body in bodies.values()):
        how.append("decimal comma" if point == "," else "decimal point")
    return Written(numbers, ", ".join(how), after not in SCALES)


def _signs(bodies: set[str], decimal: str, told: bool) -> tuple[str, str] | None:
    """The decimal sign, and the sign that groups digits ("" if none does); None if unclear."""
    groups = {sign for body in bodies for sign in body if sign in GROUPS}
    points: set[str] = set()
    open_to_both: set[str] = set()
    for body in bodies:
        signs = [sign for sign in body if sign in ".,"]
        if not signs:
            continue
        last = signs[-1]
        if len(set(signs)) == 2:
            points.add(last)
            groups.add(signs[0])
        elif len(signs) > 1:
            groups.add(last)
        elif _may_group(body, last):
            open_to_both.add(last)
        else:
            points.add(last)
    if told:
        points.add(decimal)
        groups |= open_to_both - {decimal}
    if len(points) > 1 or len(groups) > 1 or points & groups:
        return None
    for sign in open_to_both - points - groups:
        if points:  # the other sign is the decimal one
            groups.add(sign)
        elif groups & set(".,") or sign == decimal == ".":
            points.add(sign)
        else:
            return None
    if len(points) > 1 or len(groups) > 1:
        return None
    return next(iter(points), decimal), next(iter(groups), "")


def _may_group(body: str, sign: str) -> bool:
    """Whether a sign that occurs once may group digits."""
    before, _, after = body.partition(sign)
    return re.fullmatch(r"[1-9]\d{0,2}", before) is not None and len(after) == 3


def _number(body: str, point: str, group: str) -> str | None:
    """Digits with a decimal point, without groups; None if the groups are not of three digits."""
    whole, sign, fraction = body.partition(point)
    if group and group in whole:
        if not re.fullmatch(rf"[1-9]\d{{0,2}}({re.escape(group)}\d{{3}})+", whole):
            return None
        whole = whole.replace(group, "")
    if re.fullmatch(r"\d*", whole) is None or re.fullmatch(r"\d*", fraction) is None:
        return None
    return f"{whole}{'.' if sign else ''}{fraction}" if whole or fraction else None
