"""Summaries of records: bias, RMSE, ranking, failures, flags. Pure functions of a table."""

from .statistics import by_case, failures, flag_counts, in_units, ranking, worsened

__all__ = ["by_case", "failures", "flag_counts", "in_units", "ranking", "worsened"]
