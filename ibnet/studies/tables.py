"""The results of a study as tables to read."""

import pandas as pd

Rows = list[list[object]]


def tables(table: pd.DataFrame, ranks: pd.DataFrame) -> dict[str, tuple[list[str], Rows]]:
    """Title -> headings and rows, from `study_table` and `study_ranks`."""
    conditions: Rows = [
        [
            row["estimator"], row["condition"], row["layer"], row["runs"],
            _span(row["compression"], row["low"], row["high"]),
            _span(row["change"], row["change_low"], row["change_high"]),
            _span(100 * row["test_error"], 100 * row["error_low"], 100 * row["error_high"], 1),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    together: Rows = [
        [
            row["estimator"], row["layer"],
            *(
                _meaning(*(row[f"{name}{part}"] for part in ("", "_low", "_high")))
                for name in ("within", "between")
            ),
        ]
        for row in ranks.to_dict("records")
    ]  # fmt: skip
    return {
        "Compression (bits), its change from the first condition, and test error (%), with 95% "
        "intervals of means over runs": (
            ["estimator", "condition", "layer", "runs", "compression", "change", "test error"],
            conditions,
        ),
        "More compression goes with which test error? Spearman's correlation": (
            ["estimator", "layer", "runs of a condition", "all conditions"],
            together,
        ),
    }


def _span(value: float, low: float, high: float, digits: int = 2) -> str:
    if value != value:
        return ""
    shown = f"{value:.{digits}f}"
    return shown if low != low else f"{shown} ({low:.{digits}f} to {high:.{digits}f})"


def _meaning(value: float, low: float, high: float) -> str:
    if value != value:
        return "unknown: too few runs, or all the same"
    word = "larger" if low > 0 else "smaller" if high < 0 else "neither"
    return f"{word}: {_span(value, low, high)}"
