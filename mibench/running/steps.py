"""How far a comparison is, and how long the rest takes once that can be told."""

import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from .evaluation import Evaluation

COMPILING, ESTIMATES = "compiling", "estimates"
SECONDS_BETWEEN_EXTRAPOLATIONS = 0.5


@dataclass(frozen=True)
class Step:
    """What a comparison does now.

    Attributes:
        phase: "compiling" or "estimates".
        done: how much of the phase is done.
        total: of this number.
        running: what was begun last, such as "knn on 1v1-normal-0.5, n=1000".
        seconds_left: the time that the rest of the estimates takes; None until an estimate of
            each kind (estimator, task, n) is done.
        cold: whether no machine code was kept when the phase of compiling began.
    """

    phase: str
    done: int
    total: int
    running: str = ""
    seconds_left: float | None = None
    cold: bool = False


class Remaining:
    """Extrapolates from the estimates that are done to those that are left."""

    def __init__(self, evaluations: Sequence[Evaluation]) -> None:
        self._left = Counter(map(_kind, evaluations))
        self._unknown = set(self._left)
        self._seconds: dict[Hashable, float] = dict.fromkeys(self._left, 0.0)
        self._count: Counter[Hashable] = Counter()

    def finished(self, evaluation: Evaluation, seconds: float) -> None:
        """Note that an estimate is done, and its seconds."""
        kind = _kind(evaluation)
        self._left[kind] -= 1
        self._seconds[kind] += seconds
        self._count[kind] += 1
        self._unknown.discard(kind)

    def seconds(self, elapsed: float) -> float | None:
        """The seconds left, if those of the estimates so far took `elapsed` in all."""
        done = sum(self._seconds.values())
        if self._unknown or not done:
            return None
        mean = {kind: self._seconds[kind] / count for kind, count in self._count.items()}
        return elapsed * sum(mean[kind] * left for kind, left in self._left.items()) / done


class Progress:
    """Tells those who ask for it how far the estimates of a comparison are.

    reused: how many results were there before. on_progress: called with the number of results and
    of all; on_step: called with a `Step`.
    """

    def __init__(
        self,
        todo: Sequence[Evaluation],
        reused: int,
        on_progress: Callable[[int, int], object] | None,
        on_step: Callable[[Step], object] | None,
    ) -> None:
        self._on_progress, self._on_step = on_progress, on_step
        self._done, self._total, self._running = reused, reused + len(todo), ""
        self._remaining = Remaining(todo)
        self._start = self._extrapolated = 0.0
        self._seconds_left: float | None = None

    def step(self, step: Step) -> None:
        """Tell a step."""
        if self._on_step is not None:
            self._on_step(step)

    def begun(self, evaluation: Evaluation) -> None:
        """Tell that an estimate begins."""
        self._start = self._start or time.monotonic()
        if self._on_step is not None:
            self._running = named(evaluation)
            self._tell()

    def finished(self, evaluation: Evaluation, seconds: float) -> None:
        """Tell that an estimate is done."""
        self._done += 1
        if self._on_progress is not None:
            self._on_progress(self._done, self._total)
        if self._on_step is None:
            return
        self._remaining.finished(evaluation, seconds)
        now = time.monotonic()
        if now - self._extrapolated > SECONDS_BETWEEN_EXTRAPOLATIONS:
            self._extrapolated = now
            self._seconds_left = self._remaining.seconds(now - self._start)
        self._tell()

    def _tell(self) -> None:
        self.step(Step(ESTIMATES, self._done, self._total, self._running, self._seconds_left))


def named(evaluation: Evaluation) -> str:
    """An evaluation in words."""
    return f"{evaluation.estimator.spec} on {evaluation.task.name}, n={evaluation.n}"


def _kind(evaluation: Evaluation) -> Hashable:
    return evaluation.estimator.spec, evaluation.task.name, evaluation.n
