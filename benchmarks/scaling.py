"""How time and memory grow with rows and dimensions: `python benchmarks/scaling.py`.

Makes docs/performance/*.csv and *.png, and the tables of docs/performance.md. Every cell
(estimator, rows, dimensions) runs in a process of its own, compiled and warmed up first; its
memory is the peak above what that process held before. Finished cells are kept, so a run that was
stopped goes on; `--again` measures all of them again.

    python benchmarks/scaling.py            all of it, in about ten minutes on two quiet cores
    python benchmarks/scaling.py --short    fewer and smaller cells
    python benchmarks/scaling.py --draw     tables and figures from the numbers that are there
"""

import argparse
import csv
import gc
import json
import math
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from peers import (
    GROUPS,
    Array,
    Work,
    kde_by_infomeasure,
    kde_by_scikit_learn,
    knn_by_ennemi,
    knn_by_infomeasure,
    knn_by_scikit_learn,
    normal,
)

import mibench
from mibench.errors import InputError
from mibench.running.machine import machine, peak_memory, restarted_peak_memory

OUTPUT = Path(__file__).parents[1] / "docs" / "performance"
PEERS: dict[str, Work] = {
    "scikit-learn knn": knn_by_scikit_learn,
    "ennemi knn": knn_by_ennemi,
    "infomeasure knn": knn_by_infomeasure,
    "scikit-learn kde": kde_by_scikit_learn,
    "infomeasure kde": kde_by_infomeasure,
}
SCALARS_ONLY = ("scikit-learn knn", "ennemi knn")

ROWS = (*(f * 10**e for e in range(3, 7) for f in (1, 3)), 10**7)
DIMS = (1, 2, 5, 10, 25, 50)  # a side
DIMS_ROWS = 10_000
SWEPT_DIMS = (1, 5)
SHORT_ROWS, SHORT_DIMS = ROWS[:5], DIMS[:4]
WARM_ROWS = 1000
ENOUGH_SECONDS = 0.5  # of repetitions, the shortest of which counts
ENOUGH_FOR_RATIOS = 2.0
MOST_RUNS = 20
MEMORY_SHARE = 0.5  # of what is free, which no cell is let to come near
GRACE = 5  # times the limit, at which a cell that was predicted to keep it is stopped
COLUMNS = ("estimator", "n", "dims", "seconds", "runs", "bytes", "nats", "not_run")

Cell = tuple[str, int, int]
Row = dict[str, Any]


def ours() -> list[str]:
    """The estimators that mibench has built in and that need no parameter."""
    found = []
    for name in mibench.list_estimators():
        try:
            one = mibench.get_estimator(name)
        except InputError:
            continue
        if type(one).__module__.startswith("mibench.estimators"):
            found.append(name)
    return sorted(found, key=lambda name: (name == "canonical", name))


def work_of(name: str) -> Work:
    """What is timed."""
    if name in PEERS:
        return PEERS[name]
    estimator = mibench.get_estimator(name)
    return lambda x, y: estimator.estimate(x, y).nats


def repeated(
    work: Work, x: Array, y: Array, enough: float = ENOUGH_SECONDS
) -> tuple[float, int, float]:
    """The shortest time of a call, the number of calls, and the result."""
    times: list[float] = []
    while not times or (sum(times) < enough and len(times) < MOST_RUNS):
        start = time.perf_counter()
        found = work(x, y)
        times.append(time.perf_counter() - start)
    return min(times), len(times), found


def run_cell(name: str, n: int, dims: int) -> Row:
    """Measure one cell in this process, which has done nothing else."""
    x, y = normal(n, dims)
    work = work_of(name)
    if name not in PEERS:
        mibench.get_estimator(name).warm_up(x[:WARM_ROWS], y[:WARM_ROWS])
    work(x[:WARM_ROWS], y[:WARM_ROWS])
    gc.collect()
    restarted_peak_memory()
    before = peak_memory()
    start = time.perf_counter()
    nats = work(x, y)
    seconds, runs = time.perf_counter() - start, 1
    after = peak_memory()
    if seconds < ENOUGH_SECONDS:
        again, more, _ = repeated(work, x, y)
        seconds, runs = min(seconds, again), runs + more
    memory = math.nan if before is None or after is None else after - before
    return {"seconds": seconds, "runs": runs, "bytes": memory, "nats": nats}


def run_group(name: str, n: int) -> list[Row]:
    """Time mibench and its peers on one piece of work, in this process."""
    group = GROUPS[name]
    x, y = group.data(n, group.dims)
    found = []
    for who, work in [("mibench", group.ours), *((w, p.work) for w, p in group.peers.items())]:
        work(x[:WARM_ROWS], y[:WARM_ROWS])
        seconds, runs, nats = repeated(work, x, y, ENOUGH_FOR_RATIOS)
        found.append({"work": name, "n": n, "who": who, "seconds": seconds, "runs": runs,
                      "nats": nats})  # fmt: skip
    return found


def versions() -> str:
    """Of Python and of the packages that do the work."""
    names = ("mibench", "numpy", "numba", "scipy", "scikit-learn", "ennemi", "infomeasure")
    return ", ".join([f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in names)])


def in_a_process(limit: float, *arguments: object) -> Any:
    """What this file prints as JSON when it runs with these arguments; raises if it fails."""
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else "killed")
    return json.loads(done.stdout.splitlines()[-1])


def chains(short: bool) -> Iterator[list[Cell]]:
    """Cells of rising cost, each chain to be left where the next would take too long."""
    rows, many = (SHORT_ROWS, SHORT_DIMS) if short else (ROWS, DIMS)
    for name in [*ours(), *PEERS]:
        for dims in SWEPT_DIMS[: 1 if name in SCALARS_ONLY else None]:
            yield [(name, n, dims) for n in rows]
        if name not in SCALARS_ONLY:
            yield [(name, DIMS_ROWS, dims) for dims in many]


def predicted(done: list[tuple[Cell, Row]], cell: Cell, what: str) -> float:
    """Time or memory of a cell, as the two before it go on; 0 where there are no two."""
    if len(done) < 2:
        return 0.0
    (a, first), (b, second) = done[-2:]
    step = math.log(b[1] * b[2] / (a[1] * a[2]))
    grows = math.log(max(second[what], 1e-9) / max(first[what], 1e-9)) / step
    grows = min(max(grows, 0.0 if what == "seconds" else 1.0), 3.0)
    return second[what] * (cell[1] * cell[2] / (b[1] * b[2])) ** grows


def why_not(done: list[tuple[Cell, Row]], cell: Cell, limit: float) -> str:
    """Why a cell is not run, or nothing."""
    seconds = predicted(done, cell, "seconds")
    if seconds > limit:
        return f"about {seconds:,.0f} s"
    memory = predicted(done, cell, "bytes")
    if memory > MEMORY_SHARE * psutil.virtual_memory().available:
        return f"about {memory / 1e9:.2g} GB"
    return ""


def measure_chain(
    chain: list[Cell], table: dict[Cell, Row], limit: float, save: Callable[[], None]
) -> None:
    """Run the cells of a chain that the table lacks, and note the first that is not run."""
    done: list[tuple[Cell, Row]] = []
    for cell in chain:
        row = table.get(cell)
        if row is None or row["not_run"]:
            reason = why_not(done, cell, limit)
            if not reason:
                print(*cell, file=sys.stderr, flush=True)
                try:
                    table[cell] = in_a_process(60 + GRACE * limit, "--cell", *cell)
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    reason = str(error)[:80] if isinstance(error, RuntimeError) else "too long"
            if reason:
                table[cell] = dict.fromkeys(("seconds", "runs", "bytes", "nats"), math.nan)
            table[cell]["not_run"] = reason
            save()
        if table[cell]["not_run"]:
            return
        done.append((cell, table[cell]))


def measure(output: Path, short: bool, limit: float) -> None:
    """Everything that is not there yet."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / "scaling.csv"
    table = {(r["estimator"], r["n"], r["dims"]): r for r in read(path)}

    def save() -> None:
        keys = [dict(zip(COLUMNS[:3], cell, strict=True)) for cell in table]
        write(path, [{**row, **key} for key, row in zip(keys, table.values(), strict=True)])

    known = {row["what"]: row["value"] for row in read(output / "machine.csv")}
    if not known:
        known = {"load": os.getloadavg()[0], **in_a_process(300, "--machine")}
    known["limit_seconds"] = limit
    write(output / "machine.csv", [{"what": k, "value": v} for k, v in known.items()])
    for chain in chains(short):
        measure_chain(chain, table, limit, save)
    ratios = read(output / "ratios.csv")
    for name, group in GROUPS.items():
        n = group.short if short else group.n
        if n is not None and not any(r["work"] == name and r["n"] == n for r in ratios):
            print(name, n, file=sys.stderr, flush=True)
            ratios = [r for r in ratios if r["work"] != name]
            ratios += in_a_process(600, "--group", name, n)
            write(output / "ratios.csv", ratios)


def read(path: Path) -> list[Row]:
    """The rows of a csv file, numbers as such; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{k: _number(v) for k, v in row.items()} for row in csv.DictReader(file)]


def _number(text: str) -> Any:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace a csv file."""
    part = path.with_suffix(".part")
    with part.open("w", newline="") as file:
        names = COLUMNS if path.stem == "scaling" else tuple(rows[0])
        sheet = csv.DictWriter(file, names, lineterminator="\n")
        sheet.writeheader()
        for row in rows:
            sheet.writerow({k: _text(v) for k, v in row.items()})
    part.replace(path)


def _text(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value


def main() -> None:
    """Measure what is missing, draw it, and write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer and smaller cells")
    parser.add_argument("--again", action="store_true", help="measure finished cells again")
    parser.add_argument("--draw", action="store_true", help="measure nothing")
    parser.add_argument("--limit", type=float, help="seconds a cell may be predicted to take")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder; .md is its page")
    for hidden in ("--cell", "--group"):
        parser.add_argument(hidden, nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--machine", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cell:
        print(json.dumps(run_cell(given.cell[0], int(given.cell[1]), int(given.cell[2]))))
    elif given.group:
        print(json.dumps(run_group(given.group[0], int(given.group[1]))))
    elif given.machine:
        from scaling_limits import measure as measure_machine

        print(json.dumps({"machine": machine(), "versions": versions(), **measure_machine()}))
    else:
        if given.again:
            for old in given.output.glob("*.csv"):
                old.unlink()
        if not given.draw:
            measure(given.output, given.short, given.limit or (2.0 if given.short else 20.0))
        from scaling_page import draw

        files = ("scaling", "ratios", "machine")
        draw(given.output, *(read(given.output / f"{name}.csv") for name in files))


if __name__ == "__main__":
    main()
