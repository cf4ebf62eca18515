"""What the estimators by neural networks have in common: parameters, and a cheap warm-up."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from numpy.typing import ArrayLike
from pydantic import Field

from mibench.contract.base import Estimator
from mibench.contract.variables import Variable
from mibench.types import Estimate

from ..binning.labels import information_of_labels
from ..independence import Combined
from ..shared.torch_extra import needs_torch
from .doubts import less_than_knn
from .sides import Columns, Transform, check_rows, columns_of

if TYPE_CHECKING:
    from .bounds import Objective

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class NeuralEstimator(Estimator):
    """An estimator that trains networks, and reports what they give on rows held out.

    The rows are cut into `folds` parts. For each part, a network of its own is trained on the other
    parts and measured on this one. All networks train side by side. The weights that are measured
    on a part are those of the step that was best on the *other* parts, so that no row decides when
    to stop before it is measured.

    Attributes:
        steps: the most steps of training.
        batch: rows of a step.
        hidden: the width of the hidden layers.
        learning_rate: of Adam.
        folds: parts of the rows, at least 2.
        transform: "ranks", normal scores of the ranks of each column, or "standardize".
        seed: of the weights, the batches and the parts.
        device: "cpu", "cuda", or "auto": CUDA if it is there.
        time_limit: seconds after which training ends with the best weights so far, or None.
    """

    steps: Annotated[int, Field(ge=1)] = 400
    batch: Annotated[int, Field(ge=8)] = 256
    hidden: Annotated[int, Field(ge=1)] = 64
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.005
    folds: Annotated[int, Field(ge=2)] = 3
    transform: Transform = "ranks"
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    device: Device = "cpu"
    time_limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    by_default: ClassVar[bool] = False
    difference: ClassVar[bool] = False  # of networks with X and without, and so no bound
    rows_of_a_fold: ClassVar[int] = 4  # at least

    def tested_by(self, tests: int = 1) -> Estimator:
        """A quick one: a test of independence needs hundreds of estimates; any is exact."""
        return Combined.for_tests(tests)

    def warm_up(
        self,
        x: ArrayLike,
        y: ArrayLike,
        *,
        discrete_x: bool = False,
        discrete_y: bool = False,
        rows: int | None = None,
    ) -> None:
        """Import torch and train for one step."""
        brief = replace(self, steps=1)
        brief.estimate(x, y, discrete_x=discrete_x, discrete_y=discrete_y)

    def _estimate(self, x: Variable, y: Variable) -> Estimate:
        if x.discrete and y.discrete:
            return information_of_labels(x, y, "auto")
        name = type(self).__name__.lower()
        check_rows(name, x.n, self.folds, self.rows_of_a_fold)
        columns = columns_of(x, y, self.transform)
        with needs_torch(f"{name} trains neural networks and"):
            from .device import one_thread
        with one_thread():
            estimate = self._by_networks(columns)
        more = less_than_knn(estimate.nats, name, x, y)
        return replace(estimate, flags={**estimate.flags, **more})

    @abstractmethod
    def _by_networks(self, columns: Columns) -> Estimate:
        """The estimate, for which torch is there."""


@dataclass(frozen=True)
class CriticEstimator(NeuralEstimator):
    """An estimator by a critic, a function of pairs of rows that is trained to increase a bound.

    Attributes:
        negatives: other rows of Y that each row of X is paired with in a step.
    """

    negatives: Annotated[int, Field(ge=1)] = 3

    def _by_networks(self, columns: Columns) -> Estimate:
        from .critics import estimate_by_critics

        return estimate_by_critics(columns, self, self._objective())

    @abstractmethod
    def _objective(self) -> "Objective":
        """What is trained for, and reported."""
