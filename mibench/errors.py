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


def bounded(text: str) -> str:
    r"""A text of at most some 2000 characters that every encoding of Unicode accepts.

    >>> bounded("\udce9")
    '\\udce9'
    """
    if len(text) > MAX_MESSAGE:
        half = MAX_MESSAGE // 2
        text = f"{text[:half]} [... {len(text):,} characters ...] {text[-half:]}"
    return encodable(text)


def encodable(text: str) -> str:
    """A text with escapes for what no encoding accepts: half a pair of surrogates."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def unknown(what: str, name: str, valid: Iterable[str]) -> str:
    """The message for an unknown name, with the valid names and those of similar spelling.

    >>> unknown("estimator", "knm", ["kde", "knn"])
    "unknown estimator 'knm'; did you mean 'knn'? Valid: kde, knn"
    """
    import difflib

    valid = list(valid)
    lower = difflib.get_close_matches(name.lower(), [v.lower() for v in valid], n=3, cutoff=0.6)
    close = [v for v in valid if v.lower() in lower][:3]
    hint = f"; did you mean {' or '.join(repr(c) for c in close)}?" if close else "."
    return f"unknown {what} {name!r}{hint} Valid: {some(valid, most=250) or 'none'}"


def some(names: Iterable[str], most: int = 40) -> str:
    """Names joined by commas, and the number of the others if there are many.

    >>> some("abcde", most=3)
    'a, b, c and 2 more'
    """
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
