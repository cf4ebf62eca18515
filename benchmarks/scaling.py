"""Measure how time and memory grow with rows and dimensions: `python benchmarks/scaling.py`.

This makes docs/performance/*.csv and *.png, and the tables of docs/performance.md. Each point
(estimator, rows, dimensions) runs in a separate process, compiled and warmed up first; its memory
is the peak above what that process held before. Measured points are stored, so a run that was
stopped continues; `--again` measures all of them again.

    python benchmarks/scaling.py            everything, in about ten minutes on two quiet cores
    python benchmarks/scaling.py --short    fewer and smaller points
    python benchmarks/scaling.py --draw     tables and figures from the stored measurements
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
from mibench.running.machine import machine, peak_memory, restarted_peak_memory

OUTPUT = Path(__file__).parents[1] / "docs" / "performance"
PEERS: dict[str, Work] = {
    "scikit-learn knn": knn_by_scikit_learn,
    "ennemi knn": knn_by_ennemi,
    "infomeasure knn": knn_by_infomeasure,
    "scikit-learn kde": kde_by_scikit_learn,
    "infomeasure kde": kde_by_infomeasure,
}
# The others are built on the work of these, or train networks, whose time is a parameter.
OURS = ("adaptive", "kde", "knn", "uniform", "canonical")
SCALARS_ONLY = ("scikit-learn knn", "ennemi knn")

ROWS = (*(f * 10**e for e in range(3, 7) for f in (1, 3)), 10**7)
DIMS = (1, 2, 5, 10, 25, 50)  # per side
DIMS_ROWS = 10_000
SWEPT_DIMS = (1, 5)
SHORT_ROWS, SHORT_DIMS = ROWS[:5], DIMS[:4]
WARM_ROWS = 1000
REPEAT_SECONDS = 0.5  # calls are repeated for so long, and the shortest time counts
RATIO_REPEAT_SECONDS = 2.0
MAX_CALLS = 20
MAX_MEMORY_SHARE = 0.5  # of the free memory, that a point may be predicted to need
TIMEOUT_FACTOR = 5  # times the limit, after which a point that was predicted to meet it is stopped
COLUMNS = ("estimator", "n", "dims", "seconds", "runs", "bytes", "nats", "not_run")

Point = tuple[str, int, int]
Row = dict[str, Any]


def work_of(name: str) -> Work:
    """The function of x and y that is timed."""
    if name in PEERS:
        return PEERS[name]
    estimator = mibench.get_estimator(name)
    return lambda x, y: estimator.estimate(x, y).nats


def repeated(
    work: Work, x: Array, y: Array, seconds: float = REPEAT_SECONDS
) -> tuple[float, int, float]:
    """The shortest time of a call, the number of calls, and the result."""
    times: list[float] = []
    while not times or (sum(times) < seconds and len(times) < MAX_CALLS):
        start = time.perf_counter()
        result = work(x, y)
        times.append(time.perf_counter() - start)
    return min(times), len(times), result


def run_point(name: str, n: int, dims: int) -> Row:
    """Measure one point in this process, which has done nothing else."""
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
    if seconds < REPEAT_SECONDS:
        shortest, calls, _ = repeated(work, x, y)
        seconds, runs = min(seconds, shortest), runs + calls
    memory = math.nan if before is None or after is None else after - before
    return {"seconds": seconds, "runs": runs, "bytes": memory, "nats": nats}


def run_group(name: str, n: int) -> list[Row]:
    """Time mibench and its peers on one piece of work, in this process."""
    group = GROUPS[name]
    x, y = group.data(n, group.dims)
    rows = []
    for who, work in [("mibench", group.ours), *((w, p.work) for w, p in group.peers.items())]:
        work(x[:WARM_ROWS], y[:WARM_ROWS])
        seconds, runs, nats = repeated(work, x, y, RATIO_REPEAT_SECONDS)
        rows.append({"work": name, "n": n, "who": who, "seconds": seconds, "runs": runs,
                      "nats": nats})  # fmt: skip
    return rows


def versions() -> str:
    """The versions of Python and of the packages that are measured."""
    names = ("mibench", "numpy", "numba", "scipy", "scikit-learn", "ennemi", "infomeasure")
    return ", ".join([f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in names)])


def in_a_process(limit: float, *arguments: object) -> Any:
    """Run this file with these arguments; the JSON that it prints. Raises if it fails."""
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else "killed")
    return json.loads(done.stdout.splitlines()[-1])


def chains(short: bool) -> Iterator[list[Point]]:
    """Chains of points of rising cost. A chain ends where the next point would take too long."""
    rows, dimensions = (SHORT_ROWS, SHORT_DIMS) if short else (ROWS, DIMS)
    for name in [*OURS, *PEERS]:
        for dims in SWEPT_DIMS[: 1 if name in SCALARS_ONLY else None]:
            yield [(name, n, dims) for n in rows]
        if name not in SCALARS_ONLY:
            yield [(name, DIMS_ROWS, dims) for dims in dimensions]


def predicted(done: list[tuple[Point, Row]], point: Point, what: str) -> float:
    """Time or memory of a point, extrapolated from the two before it; 0 if there are fewer."""
    if len(done) < 2:
        return 0.0
    (a, first), (b, second) = done[-2:]
    step = math.log(b[1] * b[2] / (a[1] * a[2]))
    exponent = math.log(max(second[what], 1e-9) / max(first[what], 1e-9)) / step
    exponent = min(max(exponent, 0.0 if what == "seconds" else 1.0), 3.0)
    return second[what] * (point[1] * point[2] / (b[1] * b[2])) ** exponent


def why_not(done: list[tuple[Point, Row]], point: Point, limit: float) -> str:
    """The reason not to run a point, or an empty string."""
    seconds = predicted(done, point, "seconds")
    if seconds > limit:
        return f"about {seconds:,.0f} s"
    memory = predicted(done, point, "bytes")
    if memory > MAX_MEMORY_SHARE * psutil.virtual_memory().available:
        return f"about {memory / 1e9:.2g} GB"
    return ""


def measure_chain(
    chain: list[Point], table: dict[Point, Row], limit: float, save: Callable[[], None]
) -> None:
    """Run the points of a chain that the table lacks, and record the first that is not run."""
    done: list[tuple[Point, Row]] = []
    for point in chain:
        row = table.get(point)
        if row is None or row["not_run"]:
            reason = why_not(done, point, limit)
            if not reason:
                print(*point, file=sys.stderr, flush=True)
                try:
                    table[point] = in_a_process(60 + TIMEOUT_FACTOR * limit, "--point", *point)
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    reason = str(error)[:80] if isinstance(error, RuntimeError) else "too long"
            if reason:
                table[point] = dict.fromkeys(("seconds", "runs", "bytes", "nats"), math.nan)
            table[point]["not_run"] = reason
            save()
        if table[point]["not_run"]:
            return
        done.append((point, table[point]))


def measure(output: Path, short: bool, limit: float) -> None:
    """Measure everything that has not been measured yet."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / "scaling.csv"
    table = {(r["estimator"], r["n"], r["dims"]): r for r in read(path)}

    def save() -> None:
        keys = [dict(zip(COLUMNS[:3], point, strict=True)) for point in table]
        write(path, [{**row, **key} for key, row in zip(keys, table.values(), strict=True)])

    machine_values = {row["what"]: row["value"] for row in read(output / "machine.csv")}
    if not machine_values:
        machine_values = {"load": os.getloadavg()[0], **in_a_process(300, "--machine")}
    machine_values["limit_seconds"] = limit
    write(output / "machine.csv", [{"what": k, "value": v} for k, v in machine_values.items()])
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
    """The rows of a csv file, with numbers parsed; no rows if there is no file."""
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
    """Measure what is missing, draw the figures, and write the tables to the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer and smaller points")
    parser.add_argument("--again", action="store_true", help="measure all points again")
    parser.add_argument("--draw", action="store_true", help="measure nothing")
    parser.add_argument("--limit", type=float, help="seconds that a point may be predicted to take")
    parser.add_argument(
        "--output",
        type=Path,
        default=OUTPUT,
        help="folder of the csv files and figures; the page is FOLDER.md",
    )
    for hidden in ("--point", "--group"):
        parser.add_argument(hidden, nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--machine", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.point:
        print(json.dumps(run_point(options.point[0], int(options.point[1]), int(options.point[2]))))
    elif options.group:
        print(json.dumps(run_group(options.group[0], int(options.group[1]))))
    elif options.machine:
        from scaling_limits import measure as measure_machine

        print(json.dumps({"machine": machine(), "versions": versions(), **measure_machine()}))
    else:
        if options.again:
            for old in options.output.glob("*.csv"):
                old.unlink()
        if not options.draw:
            measure(
                options.output, options.short, options.limit or (2.0 if options.short else 20.0)
            )
        from scaling_page import draw

        files = ("scaling", "ratios", "machine")
        draw(options.output, *(read(options.output / f"{name}.csv") for name in files))


if __name__ == "__main__":
    main()
