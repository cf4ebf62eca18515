"""The thesis's claims as statistics over runs, each with an interval and a verdict."""

from .markdown import to_markdown
from .table import claims_table, verdicts

__all__ = ["claims_table", "to_markdown", "verdicts"]
