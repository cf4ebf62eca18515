"""Runs the cells of a comparison: in this process, in several, or on a cluster."""

from collections.abc import Iterator, Sequence

from ..errors import InputError
from ..types import Record
from ..versions import package_version
from .cells import Cell, record_of
from .dask import in_cluster
from .limits import Limits, run_limited
from .processes import in_processes

BACKENDS = ("joblib", "dask")

_Item = tuple[int, Cell, Limits, str]  # its place, the cell, limits, the version that sent it
_Done = tuple[int, Record]


def check_backend(backend: str, scheduler: str | None, jobs: int) -> None:
    """Raise InputError for options that do not fit together."""
    if backend not in BACKENDS:
        raise InputError(f"unknown backend {backend!r}. Valid: {', '.join(BACKENDS)}")
    if (backend == "dask") != (scheduler is not None):
        raise InputError("backend dask and the address of a scheduler belong together: give both")
    if backend == "dask" and jobs != 1:
        raise InputError(f"jobs is {jobs}, but a Dask cluster has its own workers: leave it out")


def run_cells(
    cells: Sequence[Cell], limits: Limits, jobs: int = 1, scheduler: str | None = None
) -> Iterator[_Done]:
    """Place in `cells` and record, as they are finished: in any order if there are several workers.

    jobs: processes; -1 for one a core. scheduler: the address of a Dask cluster to run on instead.
    The numbers depend on neither.
    """
    items = [(place, cell, limits, package_version("mibench")) for place, cell in enumerate(cells)]
    if scheduler is not None:
        return in_cluster(_run_item, items, scheduler, _failed_item)
    return in_processes(_run_item, items, jobs)


def _run_item(item: _Item) -> _Done:
    place, cell, limits, sender = item
    if (installed := package_version("mibench")) != sender:
        raise InputError(
            f"a worker has mibench {installed}, not {sender}: install the same everywhere"
        )
    return place, run_limited(cell, limits)


def _failed_item(item: _Item, message: str) -> _Done:
    place, cell, *_ = item
    return place, record_of(cell, message, 0.0)
