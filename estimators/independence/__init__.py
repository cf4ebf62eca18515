"""The test of independence of estimators that take too long for hundreds of estimates."""

from .combined import Combined

__all__ = ["Combined"]
