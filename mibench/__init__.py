"""How far to trust a mutual-information estimate.

    import mibench
    mibench.estimate(x, y, "knn:k=5").bits
    mibench.pairwise(table).bits
    mibench.compare(["uniform", "adaptive"], seeds=5)

Names are loaded when first used, so that importing mibench costs next to nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import compare, estimate
    from .catalogue import get_task, list_suites, list_tasks, register_task
    from .errors import InputError
    from .estimator import Estimator
    from .pairs import Pairwise, pairwise
    from .query import results
    from .registry import get_estimator, list_estimators, register
    from .types import Estimate, Record, Task
    from .warming import warmup

# Started in the root of a checkout, Python takes this folder for the package, whatever is
# installed; the folders that an installation puts inside it stand beside it there.
_root = os.path.dirname(os.path.dirname(__file__))
if os.path.isfile(os.path.join(_root, "estimators", "kernels", "__init__.py")):
    __path__.append(_root)

_HOMES = {
    "Estimate": "types",
    "Estimator": "estimator",
    "InputError": "errors",
    "Pairwise": "pairs",
    "Record": "types",
    "Task": "types",
    "compare": "api",
    "estimate": "api",
    "get_estimator": "registry",
    "get_task": "catalogue",
    "list_estimators": "registry",
    "list_suites": "catalogue",
    "list_tasks": "catalogue",
    "pairwise": "pairs",
    "register": "registry",
    "register_task": "catalogue",
    "results": "query",
    "warmup": "warming",
}

__all__ = [
    "Estimate",
    "Estimator",
    "InputError",
    "Pairwise",
    "Record",
    "Task",
    "compare",
    "estimate",
    "get_estimator",
    "get_task",
    "list_estimators",
    "list_suites",
    "list_tasks",
    "pairwise",
    "register",
    "register_task",
    "results",
    "warmup",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("mibench")
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
