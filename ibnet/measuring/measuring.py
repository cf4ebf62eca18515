"""Estimates I(X;T) and I(T;Y) of every layer, in several processes."""

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
from ..inputs import Inputs
from ..networks.archive import exclusive_lock, explain_write_errors
from ..networks.kept import epochs_to_keep
from ..networks.metadata import check_files
from ..schedule import QUADRATIC_SCHEDULE, as_schedule, positions_of
from ..settings import Setting
from ..training.training import Progress
from .binding import OfLayers, resolve_for_layers
from .estimates import MISSING, EpochRunResults, LayerInformation, Networks, measure_networks
from .exact import refuse_exact_of_floats
from .sources import Measurable, Source, source_of
from .store import StoredResults, open_results
from .trajectories import build_trajectories

with explain_missing_packages("xarray", "zarr"):
    import xarray as xr

Bool: TypeAlias = NDArray[np.bool_]
Int: TypeAlias = NDArray[np.int64]

# The unit of cost is one network at one epoch measured by binning, about a millisecond.
QUADRATIC_COST = 50  # of an estimator that compares all pairs of inputs
MAX_BATCH_COST = 800
MIN_COST_FOR_PROCESSES = 5000


def measure(
    trained: Measurable,
    estimators: EstimatorsLike | None = None,
    *,
    inputs: Inputs = "all",
    epochs: str | Sequence[int] | None = None,
    jobs: int | None = None,
    on_progress: Progress | None = None,
) -> xr.Dataset:
    """Estimate I(X;T) and I(T;Y) of every layer, run and epoch, in bits.

    X is the input, T the outputs of a layer, Y the class label. If the networks are on disk, the
    results are stored next to them: what is stored is not measured again, and an interrupted
    measurement continues. The numbers do not depend on `jobs`.

    Args:
        trained: the networks of `ibnet.train`, or your own, from `ibnet.from_activations`.
        estimators: estimator strings such as "uniform:bins=30", "exact" for quantised networks,
            instances, or functions f(x, y) -> nats; None: those of the setting, and for your own
            networks uniform:bins=30 and adaptive:bins=30. Some parameters that are left out follow
            the network, see `mibench.ibnet.measuring.binding`.
        inputs: "all"; or "train" or "test", those that trained or tested each run. X is uniform
            over the inputs measured, and H(X) = log2 of their number if all differ. Networks,
            epochs and the range of uniform bins are the same for all three. Your own networks have
            "all" alone: their split is unknown.
        epochs: "every", "log:200" (about 200 epochs, evenly spaced on a log scale), or a list such
            as "0,10,100" or [0, 10, 100]; None: every epoch, but "log:50" for estimators that
            compare all pairs of inputs.
        jobs: number of processes, -1 for one per core; None: -1, or 1 if there is little to do.
        on_progress: called as on_progress(done, total); both count networks at single epochs.

    Returns:
        Trajectories: i_xt and i_ty (estimator, run, epoch, layer) in bits, NaN where nothing was
        measured or the estimator failed, with flags, failed (estimator, run, epoch), and
        train_error, test_error (run, epoch) and max_activation (run, epoch, layer), over all
        inputs. The attribute measured_inputs is "all", "train" or "test", and inputs their number.
        `ibnet.failures` tells which failed and why, and `ibnet.flag_lines` which are flagged.

    Raises:
        InputError: for an unknown estimator, epochs that were not trained, train or test inputs
            of your own networks, an invalid number of jobs, or a directory that cannot be read or
            written.

    Example:
        >>> from mibench import ibnet
        >>> trained = ibnet.train("2.2", runs=2, epochs=3)
        >>> ibnet.measure(trained, "uniform:bins=30").i_xt.shape
        (1, 2, 4, 6)
    """
    if jobs is not None:
        check_jobs(jobs)
    schedule = None if epochs is None else as_schedule(epochs)
    source = source_of(trained, inputs)
    resolved = resolve_for_layers(source.estimators() if estimators is None else estimators)
    if source.directory is not None:
        check_files(source.directory)
    with exclusive_lock(source.directory):
        source = source.current()
        if source.length < 1:
            raise InputError(f"{source.directory} holds no epoch: train, or log one, first")
        places = source.places()
        positions = _epochs_to_measure(resolved, schedule, source.epochs()[places])
        epochs_of_estimators = [places[chosen] for chosen in positions]
        plans = []
        instances_of_estimators = [source.instances(estimator) for estimator in resolved]
        for estimator, instances, numbers in zip(
            resolved, instances_of_estimators, epochs_of_estimators, strict=True
        ):
            results = open_results(source, estimator, instances)
            plans.append(_Plan(estimator, instances, numbers, results))
        missing = [plan.missing() for plan in plans]
        if any(m.any() for m in missing):  # reading stored results is not timed as measuring
            with source.timed():
                _measure_missing(source, plans, missing, jobs, on_progress)
        return build_trajectories(source, [plan.results for plan in plans])


def check_plan(
    estimators: EstimatorsLike,
    epochs: str | None,
    setting: Setting,
    jobs: int | None,
    keep: str = "every",
) -> None:
    """Raise the InputError that `measure` would raise for networks of a setting.

    keep: as in `train`.
    """
    if jobs is not None:
        check_jobs(jobs)
    resolved = resolve_for_layers(estimators)
    refuse_exact_of_floats(resolved, setting)
    _epochs_to_measure(resolved, epochs, epochs_to_keep(keep, setting.epochs))


def _epochs_to_measure(
    resolved: Sequence[ResolvedEstimator], schedule: str | None, numbers: Int
) -> list[Int]:
    """For each estimator the positions of the epochs to measure among those that there are."""
    defaults = [
        QUADRATIC_SCHEDULE if _is_quadratic(estimator) else "every" for estimator in resolved
    ]
    return [positions_of(schedule or default, numbers) for default in defaults]


def _is_quadratic(resolved: ResolvedEstimator) -> bool:
    """Whether the cost of an estimator grows with the number of pairs of rows."""
    return bool(getattr(resolved.estimator, "quadratic", False))


@dataclass(frozen=True, eq=False)
class _Plan:
    """One estimator, its instance for each run, the epochs to measure, and the stored results."""

    resolved: ResolvedEstimator
    instances: Sequence[SupportsEstimate | OfLayers]
    epochs: Int
    results: StoredResults

    def missing(self) -> NDArray[np.bool_]:
        """(number of epochs, runs): what is still to be measured."""
        finished = self.results.is_finished()
        requested = np.zeros_like(finished)
        requested[self.epochs] = True
        return requested & ~finished


def _measure_missing(
    source: Source,
    plans: Sequence[_Plan],
    missing: Sequence[Bool],
    jobs: int | None,
    on_progress: Progress | None,
) -> None:
    total = int(sum(m.sum() for m in missing))
    costs = [source.cost * (QUADRATIC_COST if _is_quadratic(p.resolved) else 1) for p in plans]
    slices = list(_batch_slices(source, missing, costs))
    if jobs is None:
        total_cost = sum(int(m.sum()) * c for m, c in zip(missing, costs, strict=True))
        jobs = 1 if total_cost < MIN_COST_FOR_PROCESSES else -1
    layers, is_diverged = source.information(), source.is_diverged()
    done = 0

    def batches() -> Iterator[_Batch]:  # networks are read when a process is free
        for epochs, runs in slices:
            networks = source.networks(epochs, runs)
            todo = [m[epochs, runs] for m in missing]
            estimators = [plan.instances[runs] for plan in plans]
            yield _Batch(
                layers[runs], epochs, runs, networks, is_diverged[epochs, runs], todo, estimators
            )

    with closing(in_processes(_measure_batch, batches(), jobs)) as finished:
        for epochs, runs, all_results in finished:
            with explain_write_errors(source.directory):
                for plan, results in zip(plans, all_results, strict=True):
                    if (results.state != MISSING).any():
                        plan.results.write(epochs, runs, results)
            done += sum(int((results.state != MISSING).sum()) for results in all_results)
            if on_progress is not None:
                on_progress(done, total)


def _batch_slices(
    source: Source, missing: Sequence[Bool], costs: Sequence[int]
) -> Iterator[tuple[slice, slice]]:
    """The epochs and runs of each batch: at most some seconds of work, in the epochs of a file."""
    for first in range(0, source.length, source.chunk):
        epochs = slice(first, min(first + source.chunk, source.length))
        cost_by_run = sum(c * m[epochs].sum(axis=0) for c, m in zip(costs, missing, strict=True))
        first_run, batch_cost = 0, 0
        for run, cost in enumerate(np.asarray(cost_by_run).tolist()):
            if batch_cost + cost > MAX_BATCH_COST and batch_cost > 0:
                yield epochs, slice(first_run, run)
                first_run, batch_cost = run, 0
            batch_cost += cost
        if batch_cost > 0:
            yield epochs, slice(first_run, source.runs)


@dataclass(frozen=True, eq=False)
class _Batch:
    """What a process needs to measure some epochs of some runs, see `measure_networks`."""

    layers: Sequence[LayerInformation]
    epochs: slice
    runs: slice
    networks: Networks
    is_diverged: Bool
    todo: list[Bool]
    estimators: list[Sequence[SupportsEstimate | OfLayers]]


def _measure_batch(batch: _Batch) -> tuple[slice, slice, list[EpochRunResults]]:
    results = measure_networks(
        batch.layers, batch.networks, batch.is_diverged, batch.todo, batch.estimators
    )
    return batch.epochs, batch.runs, results
