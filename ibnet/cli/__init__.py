"""The commands `mibench ibnet ...`: they parse options, call functions and print results.

All other modules are imported when a command runs.
"""

from . import networks, questions  # noqa: F401 - they add their commands to the group
from .group import ibnet

__all__ = ["ibnet"]
