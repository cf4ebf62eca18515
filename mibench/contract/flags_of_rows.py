"""Flags of rows that are not independent. `flags` has them too, with the codes of all flags."""

from .flag_text import Flag


def dependent_rows(correlation_x: float, correlation_y: float) -> Flag:
    """Consecutive rows are correlated on both sides."""
    return "dependent_rows", (
        f"Dependent rows: each row resembles the next (correlations of {correlation_x:.2f} in x "
        f"and {correlation_y:.2f} in y), as in a time series. The estimate assumes independent "
        "rows, and may be far too high: two independent series then seem to share information. Use "
        "differences, or rows far enough apart. If the rows are independent but were sorted, "
        "ignore this flag."
    )


def copied_rows(copies: int, n: int) -> Flag:
    """Rows occur several times, x and y together."""
    return "copied_rows", (
        f"Copied rows: {copies} of {n} rows are exact copies of others, as after oversampling or "
        "in a bootstrap sample. A row and its copy share all information, so the estimate is too "
        "high. Remove the copies. If your data really have so few different rows, ignore this flag."
    )


def near_copies() -> Flag:
    """Rows come in close groups, or lie between two others."""
    return "near_copies", (
        "Near copies: rows come in groups that are closer together than independent rows are, or "
        "lie on a line between two others. This happens with copies with added noise, repeated "
        "measurements of the same subject, and rows made from others (SMOTE). Such rows share "
        "information, so the estimate may be far too high. Keep one row of each group, or use the "
        "rows as they were before others were added. If your data take few values, blurred by "
        "noise, or follow exact formulas, ignore this flag."
    )
