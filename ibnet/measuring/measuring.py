"""Estimating I(X;T) and I(T;Y) of every layer, from the weights that training kept."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mibench.contract.resolve import EstimatorsLike, ResolvedEstimator
from mibench.errors import InputError
from mibench.running.processes import check_jobs, in_processes
from mibench.types import SupportsEstimate

from .._extra import needs
from ..networks.archive import (
    add_duration,
    exclusive_lock,
    explain_read_errors,
    explain_write_errors,
    stored_array,
)
from ..networks.trained import Trained
from ..training.training import Progress
from .binding import bind, resolve_for_layers
from .cells import MISSING, EpochRunResults, LayerInformation, measure_networks
from .schedule import QUADRATIC_SCHEDULE, epochs_of
from .store import StoredResults, open_results
from .trajectories import trajectories

with needs("xarray", "zarr"):
    import xarray as xr

Bool: TypeAlias = NDArray[np.bool_]
Float32: TypeAlias = NDArray[np.float32]
Int: TypeAlias = NDArray[np.int64]

# In cells (one network at one epoch) measured by binning, about a millisecond each.
PAIRWISE_COST = 50
TASK_COST = 800
WORTH_PROCESSES = 5000


def measure(
    trained: Trained,
    estimators: EstimatorsLike | None = None,
    *,
    epochs: str | None = None,
    jobs: int | None = None,
    on_progress: Progress | None = None,
) -> xr.Dataset:
    """Estimate I(X;T) and I(T;Y) of every layer, run and epoch, in bits.

    estimators: specs such as "uniform:bins=30", instances, or functions f(x, y) -> nats; None: the
    setting's. Parameters that are left out follow the network (`mibench.ibnet.measuring.binding`).
    epochs: "every", "log:200" or a list "0,10,100"; None: every one, but "log:50" for estimators
    that compare all pairs of inputs. jobs: processes, -1 for one a core; None: that, or 1 if there
    is little to do. The numbers do not depend on it. on_progress(done, total): in epochs of single
    networks.

    Returns trajectories: i_xt, i_ty (estimator, run, epoch, layer), NaN where nothing was measured,
    with train_error, test_error, max_activation and flags. Kept beside the networks if they are on
    disk: what is there already is not measured again, and an interrupted measurement goes on.
    A layer that fails is NaN; `mibench.ibnet.measuring.trajectories.failures` says why.
    """
    if jobs is not None:
        check_jobs(jobs)
    ones = resolve_for_layers(trained.setting.estimators if estimators is None else estimators)
    with exclusive_lock(trained.directory):
        trained = trained.current()
        if trained.epochs < 0:
            raise InputError(f"{trained.directory} holds no trained epoch: train first")
        plans = _plans(ones, epochs, trained.epochs)
        low, high = _extremes(trained)
        works = []
        for one, plan in zip(ones, plans, strict=True):
            bound = [bind(one, trained.setting, *limits) for limits in zip(low, high, strict=True)]
            works.append(_Work(one, bound, plan, open_results(trained, one, bound)))
        missing = [work.missing() for work in works]
        if any(m.any() for m in missing):  # or looking again would count as measuring
            with add_duration(trained.group, "measure_seconds"):
                _measure_all(trained, works, missing, jobs, on_progress)
        return trajectories(trained, [work.measured for work in works])


def check_plan(
    estimators: EstimatorsLike,
    epochs: str | None,
    last: int,
    jobs: int | None,
) -> None:
    """Raise the InputError that `measure` would, before any work, for `last` epochs trained."""
    if jobs is not None:
        check_jobs(jobs)
    _plans(resolve_for_layers(estimators), epochs, last)


def _plans(ones: Sequence[ResolvedEstimator], epochs: str | None, last: int) -> list[Int]:
    """For each estimator the epochs to measure."""
    return [
        epochs_of(epochs or (QUADRATIC_SCHEDULE if _is_quadratic(one.estimator) else "every"), last)
        for one in ones
    ]


def _is_quadratic(estimator: SupportsEstimate) -> bool:
    """Whether an estimator compares all pairs of rows, so that it is run on fewer epochs."""
    return bool(getattr(estimator, "quadratic", False))


def _extremes(trained: Trained) -> tuple[list[float], list[float]]:
    """Each run's least and largest activation over all layers and epochs trained."""
    limits = []
    for name, fold in (("min_activation", np.nanmin), ("max_activation", np.nanmax)):
        with explain_read_errors(trained.directory):
            values = stored_array(trained.group, name)[: trained.epochs + 1]
        values = np.where(np.isfinite(values), values, np.float32(0))
        limits.append([float(v) for v in fold(values, axis=(0, 2))])
    return limits[0], limits[1]


@dataclass(frozen=True, eq=False)
class _Work:
    """One estimator, bound to each run, at its epochs, and where its results go."""

    one: ResolvedEstimator
    bound: Sequence[SupportsEstimate]
    epochs: Int
    measured: StoredResults

    @property
    def quadratic(self) -> bool:
        """Whether it is one of the slow ones."""
        return _is_quadratic(self.one.estimator)

    def missing(self) -> NDArray[np.bool_]:
        """(epochs trained + 1, runs): what is still to be measured."""
        done = self.measured.finished()
        wanted = np.zeros_like(done)
        wanted[self.epochs] = True
        return wanted & ~done


def _measure_all(
    trained: Trained,
    works: Sequence[_Work],
    missing: Sequence[Bool],
    jobs: int | None,
    on_progress: Progress | None,
) -> None:
    total = int(sum(m.sum() for m in missing))
    costs = [PAIRWISE_COST if work.quadratic else 1 for work in works]
    tasks = list(_tasks(trained, missing, costs))
    if jobs is None:
        cost = sum(int(m.sum()) * c for m, c in zip(missing, costs, strict=True))
        jobs = 1 if cost < WORTH_PROCESSES else -1
    layers, lost = LayerInformation(trained.setting, trained.data), trained.is_diverged
    done = 0

    def items() -> Iterator[_Item]:  # read when a process is free for it
        for epochs, runs in tasks:
            with explain_read_errors(trained.directory):
                weights = stored_array(trained.group, "weights")[epochs][:, runs]
            todo = [m[epochs, runs] for m in missing]
            estimators = [w.bound[runs] for w in works]
            yield _Item(layers, epochs, runs, weights, lost[epochs, runs], todo, estimators)

    with closing(in_processes(_measure_item, items(), jobs)) as finished:
        for epochs, runs, results in finished:
            with explain_write_errors(trained.directory):
                for work, cells in zip(works, results, strict=True):
                    if (cells.state != MISSING).any():
                        work.measured.write(epochs, runs, cells)
            done += sum(int((cells.state != MISSING).sum()) for cells in results)
            if on_progress is not None:
                on_progress(done, total)


def _tasks(
    trained: Trained, missing: Sequence[Bool], costs: Sequence[int]
) -> Iterator[tuple[slice, slice]]:
    """Epochs and runs that make a task each: some seconds of work in one file's epochs."""
    for first in range(0, trained.epochs + 1, trained.chunk):
        epochs = slice(first, min(first + trained.chunk, trained.epochs + 1))
        by_run = sum(c * m[epochs].sum(axis=0) for c, m in zip(costs, missing, strict=True))
        begin, cost = 0, 0
        for run, more in enumerate(np.asarray(by_run).tolist()):
            if cost + more > TASK_COST and cost > 0:
                yield epochs, slice(begin, run)
                begin, cost = run, 0
            cost += more
        if cost > 0:
            yield epochs, slice(begin, trained.setting.runs)


@dataclass(frozen=True, eq=False)
class _Item:
    """What a process needs to measure a task."""

    layers: LayerInformation
    epochs: slice
    runs: slice
    weights: Float32
    lost: Bool
    todo: list[Bool]
    estimators: list[Sequence[SupportsEstimate]]


def _measure_item(item: _Item) -> tuple[slice, slice, list[EpochRunResults]]:
    found = measure_networks(item.layers, item.weights, item.lost, item.todo, item.estimators)
    return item.epochs, item.runs, found
