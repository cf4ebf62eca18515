"""Estimates I(X;T) and I(T;Y) of every layer from the stored weights, in several processes."""

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

from .._extra import explain_missing_packages
from ..networks.archive import (
    add_duration,
    exclusive_lock,
    explain_read_errors,
    explain_write_errors,
    stored_array,
)
from ..networks.metadata import check_files
from ..networks.trained import Trained
from ..training.training import Progress
from .binding import bind_to_run, refuse_foreign_code, resolve_for_layers
from .estimates import MISSING, EpochRunResults, LayerInformation, measure_networks
from .schedule import QUADRATIC_SCHEDULE, epochs_of
from .store import StoredResults, open_results
from .trajectories import build_trajectories

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr

Bool: TypeAlias = NDArray[np.bool_]
Float32: TypeAlias = NDArray[np.float32]
Int: TypeAlias = NDArray[np.int64]

# The unit of cost is one network at one epoch measured by binning, about a millisecond.
QUADRATIC_COST = 50  # of an estimator that compares all pairs of inputs
MAX_BATCH_COST = 800
MIN_COST_FOR_PROCESSES = 5000


def measure(
    trained: Trained,
    estimators: EstimatorsLike | None = None,
    *,
    epochs: str | None = None,
    jobs: int | None = None,
    on_progress: Progress | None = None,
) -> xr.Dataset:
    """Estimate I(X;T) and I(T;Y) of every layer, run and epoch, in bits.

    X is the input, T the outputs of a layer, Y the class label. If the networks are on disk, the
    results are stored next to them: what is stored is not measured again, and an interrupted
    measurement continues. The numbers do not depend on `jobs`.

    Args:
        trained: the networks.
        estimators: estimator strings such as "uniform:bins=30", instances, or functions
            f(x, y) -> nats; None: those of the setting. Some parameters that are left out follow
            the network, see `mibench.ibnet.measuring.binding`.
        epochs: "every", "log:200" (about 200 epochs, evenly spaced on a log scale), or a list
            "0,10,100"; None: every epoch, but "log:50" for estimators that compare all pairs of
            inputs.
        jobs: number of processes, -1 for one per core; None: -1, or 1 if there is little to do.
        on_progress: called as on_progress(done, total); both count networks at single epochs.

    Returns:
        Trajectories: i_xt and i_ty (estimator, run, epoch, layer) in bits, NaN where nothing was
        measured or the estimator failed, with flags, failed (estimator, run, epoch), and
        train_error, test_error (run, epoch) and max_activation (run, epoch, layer).
        `mibench.ibnet.measuring.trajectories.failures` tells which failed and why.

    Raises:
        InputError: for an unknown estimator, epochs that were not trained, an invalid number of
            jobs, or a directory that cannot be read or written.

    Example:
        >>> from mibench import ibnet
        >>> trained = ibnet.train("2.2", runs=2, epochs=3)
        >>> ibnet.measure(trained, "uniform:bins=30").i_xt.shape
        (1, 2, 4, 6)
    """
    if jobs is not None:
        check_jobs(jobs)
    if estimators is None:
        estimators = trained.setting.estimators
        if trained.directory is not None:
            refuse_foreign_code(estimators, trained.directory / "training.json")
    resolved = resolve_for_layers(estimators)
    if trained.directory is not None:
        check_files(trained.directory)
    with exclusive_lock(trained.directory):
        trained = trained.current()
        if trained.epochs < 0:
            raise InputError(f"{trained.directory} holds no trained epoch: train first")
        epochs_of_estimators = _epochs_to_measure(resolved, epochs, trained.epochs)
        low, high = _extreme_activations(trained)
        plans = []
        for estimator, numbers in zip(resolved, epochs_of_estimators, strict=True):
            instances = [
                bind_to_run(estimator, trained.setting, *limits)
                for limits in zip(low, high, strict=True)
            ]
            results = open_results(trained, estimator, instances)
            plans.append(_Plan(estimator, instances, numbers, results))
        missing = [plan.missing() for plan in plans]
        if any(m.any() for m in missing):  # reading stored results is not timed as measuring
            with add_duration(trained.group, "measure_seconds"):
                _measure_missing(trained, plans, missing, jobs, on_progress)
        return build_trajectories(trained, [plan.results for plan in plans])


def check_plan(
    estimators: EstimatorsLike,
    epochs: str | None,
    last: int,
    jobs: int | None,
) -> None:
    """Raise the InputError that `measure` would raise for networks trained for `last` epochs."""
    if jobs is not None:
        check_jobs(jobs)
    _epochs_to_measure(resolve_for_layers(estimators), epochs, last)


def _epochs_to_measure(
    resolved: Sequence[ResolvedEstimator], schedule: str | None, last: int
) -> list[Int]:
    """For each estimator the epochs to measure."""
    defaults = [
        QUADRATIC_SCHEDULE if _is_quadratic(estimator) else "every" for estimator in resolved
    ]
    return [epochs_of(schedule or default, last) for default in defaults]


def _is_quadratic(resolved: ResolvedEstimator) -> bool:
    """Whether the cost of an estimator grows with the number of pairs of rows."""
    return bool(getattr(resolved.estimator, "quadratic", False))


def _extreme_activations(trained: Trained) -> tuple[list[float], list[float]]:
    """The smallest and the largest activation of each run, over all layers and epochs."""
    limits = []
    for name, fold in (("min_activation", np.nanmin), ("max_activation", np.nanmax)):
        with explain_read_errors(trained.directory):
            values = stored_array(trained.group, name)[: trained.epochs + 1]
        values = np.where(np.isfinite(values), values, np.float32(0))
        limits.append([float(v) for v in fold(values, axis=(0, 2))])
    return limits[0], limits[1]


@dataclass(frozen=True, eq=False)
class _Plan:
    """One estimator, its instance for each run, the epochs to measure, and the stored results."""

    resolved: ResolvedEstimator
    instances: Sequence[SupportsEstimate]
    epochs: Int
    results: StoredResults

    def missing(self) -> NDArray[np.bool_]:
        """(epochs trained + 1, runs): what is still to be measured."""
        finished = self.results.is_finished()
        requested = np.zeros_like(finished)
        requested[self.epochs] = True
        return requested & ~finished


def _measure_missing(
    trained: Trained,
    plans: Sequence[_Plan],
    missing: Sequence[Bool],
    jobs: int | None,
    on_progress: Progress | None,
) -> None:
    total = int(sum(m.sum() for m in missing))
    costs = [QUADRATIC_COST if _is_quadratic(plan.resolved) else 1 for plan in plans]
    slices = list(_batch_slices(trained, missing, costs))
    if jobs is None:
        total_cost = sum(int(m.sum()) * c for m, c in zip(missing, costs, strict=True))
        jobs = 1 if total_cost < MIN_COST_FOR_PROCESSES else -1
    layers, is_diverged = LayerInformation(trained.setting, trained.data), trained.is_diverged
    done = 0

    def batches() -> Iterator[_Batch]:  # weights are read when a process is free
        for epochs, runs in slices:
            with explain_read_errors(trained.directory):
                weights = stored_array(trained.group, "weights")[epochs][:, runs]
            todo = [m[epochs, runs] for m in missing]
            estimators = [plan.instances[runs] for plan in plans]
            yield _Batch(layers, epochs, runs, weights, is_diverged[epochs, runs], todo, estimators)

    with closing(in_processes(_measure_batch, batches(), jobs)) as finished:
        for epochs, runs, all_results in finished:
            with explain_write_errors(trained.directory):
                for plan, results in zip(plans, all_results, strict=True):
                    if (results.state != MISSING).any():
                        plan.results.write(epochs, runs, results)
            done += sum(int((results.state != MISSING).sum()) for results in all_results)
            if on_progress is not None:
                on_progress(done, total)


def _batch_slices(
    trained: Trained, missing: Sequence[Bool], costs: Sequence[int]
) -> Iterator[tuple[slice, slice]]:
    """The epochs and runs of each batch: at most some seconds of work, in the epochs of a file."""
    for first in range(0, trained.epochs + 1, trained.chunk):
        epochs = slice(first, min(first + trained.chunk, trained.epochs + 1))
        cost_by_run = sum(c * m[epochs].sum(axis=0) for c, m in zip(costs, missing, strict=True))
        first_run, batch_cost = 0, 0
        for run, cost in enumerate(np.asarray(cost_by_run).tolist()):
            if batch_cost + cost > MAX_BATCH_COST and batch_cost > 0:
                yield epochs, slice(first_run, run)
                first_run, batch_cost = run, 0
            batch_cost += cost
        if batch_cost > 0:
            yield epochs, slice(first_run, trained.setting.runs)


@dataclass(frozen=True, eq=False)
class _Batch:
    """What a process needs to measure some epochs of some runs, see `measure_networks`."""

    layers: LayerInformation
    epochs: slice
    runs: slice
    weights: Float32
    is_diverged: Bool
    todo: list[Bool]
    estimators: list[Sequence[SupportsEstimate]]


def _measure_batch(batch: _Batch) -> tuple[slice, slice, list[EpochRunResults]]:
    results = measure_networks(
        batch.layers, batch.weights, batch.is_diverged, batch.todo, batch.estimators
    )
    return batch.epochs, batch.runs, results
