"""The exception for a user's mistake, and the message for an unknown name."""

from collections.abc import Iterable


class InputError(ValueError):
    """Bad input. The message names the offending value and a remedy.

    The command line prints the message and exits with code 2. Every other exception that an
    estimator or a driver raises is a defect, and keeps its traceback.
    """


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
    return f"unknown {what} {name!r}{hint} Valid: {', '.join(valid) or 'none'}"
