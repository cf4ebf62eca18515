from . import bottleneck, measures, summary
from .api import compare, estimate
from .checking.running import Consistency, check
from .columns.lagged import lags
from .columns.pairs import Pairwise, pairwise
from .columns.ranking import rank
from .columns.scores import scores
from .compiled.warmup import warmup
from .contract.base import Estimator
from .contract.functions import FunctionEstimator
from .contract.registry import get_estimator, list_estimators, register
from .errors import InputError
from .output.notebook import Overview, overview
from .recommendation import Recommendation, recommend
from .records.query import results
from .tasks.catalogue import get_task, list_suites, list_tasks, register_task
from .types import Estimate, Record, Task

__version__: str

__all__ = [
    "Consistency",
    "Estimate",
    "Estimator",
    "FunctionEstimator",
    "InputError",
    "Overview",
    "Pairwise",
    "Recommendation",
    "Record",
    "Task",
    "bottleneck",
    "check",
    "compare",
    "estimate",
    "get_estimator",
    "get_task",
    "lags",
    "list_estimators",
    "list_suites",
    "list_tasks",
    "measures",
    "overview",
    "pairwise",
    "rank",
    "recommend",
    "register",
    "register_task",
    "results",
    "scores",
    "summary",
    "warmup",
]
