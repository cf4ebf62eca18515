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
    from .columns.pairs import Pairwise, pairwise
    from .compiled.warmup import warmup
    from .contract.base import Estimator
    from .contract.registry import get_estimator, list_estimators, register
    from .errors import InputError
    from .records.query import results
    from .tasks.catalogue import get_task, list_suites, list_tasks, register_task
    from .types import Estimate, Record, Task

# Started in the root of a checkout, Python takes this folder for the package, whatever is
# installed; the folders that an installation puts inside it stand beside it there.
_root = os.path.dirname(os.path.dirname(__file__))
if os.path.isfile(os.path.join(_root, "estimators", "kernels", "__init__.py")):
    __path__.append(_root)

_HOMES = {
    "Estimate": "types",
    "Estimator": "contract.base",
    "InputError": "errors",
    "Pairwise": "columns.pairs",
    "Record": "types",
    "Task": "types",
    "compare": "api",
    "estimate": "api",
    "get_estimator": "contract.registry",
    "get_task": "tasks.catalogue",
    "list_estimators": "contract.registry",
    "list_suites": "tasks.catalogue",
    "list_tasks": "tasks.catalogue",
    "pairwise": "columns.pairs",
    "register": "contract.registry",
    "register_task": "tasks.catalogue",
    "results": "records.query",
    "warmup": "compiled.warmup",
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
