"""The exception for a user's mistake, and the message for an unknown name."""

from collections.abc import Iterable


class InputError(ValueError):
    """Bad input. The message names the offending value and a remedy.

    The command line prints the message and exits with code 2. Every other exception that an
    estimator or a driver raises is a defect, and keeps its traceback.
    """


MAX_MESSAGE = 2000  # characters of a message that is kept; a longer one loses its middle


def message_of(error: BaseException) -> str:
    """The type and the message of an error, as text that can be shown and stored.

    >>> message_of(ValueError("no"))
    'ValueError: no'
    """
    kind = type(error).__name__
    try:
        return f"{kind}: {bounded(str(error))}"
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # its __str__ may raise anything
        return f"{kind}: (its message cannot be shown: {type(problem).__name__})"


def bounded(text: str, most: int = MAX_MESSAGE) -> str:
    r"""A text of hardly more than `most` characters that every encoding of Unicode accepts.

    >>> bounded("\udce9")
    '\\udce9'
    """
    if len(text) > most:
        half = most // 2
        text = f"{text[:half]} [... {len(text):,} characters ...] {text[-half:]}"
    return encodable(text)


def encodable(text: str) -> str:
    """A text with escapes for what no encoding accepts: half a pair of surrogates."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def by_argument(side: str) -> str:
    """How a side is declared labels, for a message; "" for a column, which no argument names.

    >>> by_argument("x"), by_argument("column age")
    (' with discrete_x=True', '')
    """
    return f" with discrete_{side}=True" if side.isidentifier() else ""


MAX_LISTED = 20  # valid names in a message
LISTED = ("estimator", "task", "suite", "flag", "setting")  # what `mibench list` can show


def unknown(what: str, name: str, valid: Iterable[str]) -> str:
    """The message for an unknown name, with up to three names of similar spelling.

    Where there are few valid names it lists them, else it counts the others.

    >>> unknown("estimator", "knm", ["kde", "knn"])
    "unknown estimator 'knm'; did you mean 'knn'? Valid: kde, knn"
    >>> unknown("column", "x1", [f"x{i}" for i in range(10, 90)])
    "unknown column 'x1'; did you mean 'x10', 'x11' or 'x12'? There are 77 others"
    """
    import difflib

    valid = list(valid)
    given = name.lower()
    lower = {v.lower() for v in valid}
    near_names = set(difflib.get_close_matches(given, lower, n=len(lower) + 1, cutoff=0.6))

    def distance(candidate: str) -> tuple[float, bool]:
        ratio = difflib.SequenceMatcher(None, candidate.lower(), given).ratio()
        return -ratio, not candidate.lower().startswith(given)

    close = sorted((v for v in valid if v.lower() in near_names), key=distance)[:3]
    *others, last = map(repr, close) if close else [""]
    near = f"{', '.join(others)} or {last}" if others else last
    hint = f"; did you mean {near}?" if close else "."
    if len(valid) <= MAX_LISTED:
        return f"unknown {what} {name!r}{hint} Valid: {', '.join(valid) or 'none'}"
    where = f": `mibench list {what}s` shows all" if what in LISTED else ""
    if close:
        return f"unknown {what} {name!r}{hint} There are {len(valid) - len(close)} others{where}"
    return f"unknown {what} {name!r}. Valid: {some(valid, most=3)}{where}"


def some(names: Iterable[str], most: int = 40) -> str:
    """Names joined by commas, and the number of the others if there are many.

    >>> some("abcde", most=3)
    'a, b, c and 2 more'
    """
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
