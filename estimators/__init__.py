"""The built-in estimators. Each is loaded when first asked for.

`from mibench.estimators import Uniform, Adaptive, Canonical, KDE, KNN`; and `Function` and
`Executable`, for estimators that are not built in.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adaptive import Adaptive
    from .canonical import Canonical
    from .executable import Executable
    from .function import Function
    from .kde import KDE
    from .knn import KNN
    from .uniform import Uniform

_HOMES = {
    "Adaptive": "adaptive",
    "Canonical": "canonical",
    "Executable": "executable",
    "Function": "function",
    "KDE": "kde",
    "KNN": "knn",
    "Uniform": "uniform",
}

__all__ = ["KDE", "KNN", "Adaptive", "Canonical", "Executable", "Function", "Uniform"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
