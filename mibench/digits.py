"""Whole numbers that a user or a file writes as text."""

MOST = 18  # digits; all such numbers fit into 64 bits


def whole_number(text: str) -> int | None:
    """The number that a text of at most 18 decimal digits writes; None for any other text.

    Python refuses to convert thousands of digits, and takes long for hundreds of thousands.

    >>> whole_number("12"), whole_number("-1"), whole_number("9" * 5000)
    (12, None, None)
    """
    return int(text) if len(text) <= MOST and text.isdecimal() else None
