"""The bottleneck, capacity and rate-distortion beside dit and embo, for docs/bottleneck.md.

    OMP_NUM_THREADS=1 python benchmarks/bottleneck_peers.py curve      # I(X;T) - beta I(T;Y)
    OMP_NUM_THREADS=1 python benchmarks/bottleneck_peers.py channels   # capacity, rate-distortion

dit and embo are no dependencies of mibench. An environment of their own has all three:

    python -m venv peers
    peers/bin/pip install . dit embo
    OMP_NUM_THREADS=1 peers/bin/python benchmarks/bottleneck_peers.py curve

embo weighs a KL divergence in bits against a natural logarithm, so that its beta is log 2 times
the usual one. It is given log 2 times the beta of the others. dit runs on tables of at most 8
rows, and at fewer betas, because five betas of 8 rows take it 12 seconds or more. Times are
those of the processor.
"""

import math
import resource
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench import bottleneck

try:
    import dit
    from dit.algorithms import channel_capacity
    from dit.rate_distortion import InformationBottleneck
    from dit.rate_distortion.blahut_arimoto import blahut_arimoto
    from embo import InformationBottleneck as Embo
except ImportError as error:
    raise SystemExit(
        f"{error}: this command compares mibench with dit and embo. Install them beside it, best "
        "in an environment of their own: pip install . dit embo"
    ) from None

Float = NDArray[np.float64]

LOG2 = math.log(2)
BETAS = np.linspace(1.25, 15, 12)
BETAS_OF_DIT = BETAS[[0, 1, 3, 7, 11]]
MOST_ROWS_OF_DIT = 8
BETWEEN = np.geomspace(1.02, 60, 600)  # betas at which the curve is compared at equal I(X;T)
SLOPES = np.array([0.5, 1.0, 2.0, 4.0, 8.0])
STRICT = {"iterations": 2000, "restarts": 5, "rtol": 1e-10}  # of embo, beside its defaults


def tables() -> Iterator[tuple[str, Float]]:
    """Names and p(x, y)."""
    rng = np.random.default_rng(0)
    yield "example of embo, 2 x 2", np.array([[0.1, 0.4], [0.35, 0.15]])
    example = np.zeros((3, 3))
    example[[0, 0, 1, 2, 2], [0, 2, 2, 1, 2]] = 1 / 5
    yield "example of dit, 3 x 3", example
    for shape in ((4, 4), (8, 6), (16, 8), (30, 10)):
        for concentration in (1.0, 0.3):
            table = rng.dirichlet(np.full(math.prod(shape), concentration)).reshape(shape)
            yield f"Dirichlet {concentration:g}, {shape[0]} x {shape[1]}", table
    table = np.kron(np.eye(4), np.ones((4, 2))) + 0.05 + 0.05 * rng.random((16, 8))
    yield "4 blocks, 16 x 8", table / table.sum()
    places = np.arange(12)
    table = np.exp(-np.abs(np.subtract.outer(places, places)))
    yield "noisy channel, 12 x 12", table / table.sum()


def timed(work: Callable[[], Any], repeat: int = 3) -> tuple[float, Any]:
    """The least processor time of several calls, in seconds, and what the last one returned."""
    times = []
    for _ in range(repeat):
        start = processor_time()
        result = work()
        times.append(processor_time() - start)
    return min(times), result


def processor_time() -> float:
    """Of this process and of those that it started, such as embo's, and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def of_embo(p_xy: Float, **options: Any) -> Float:
    """I(X;T) and I(T;Y) in nats, (betas, 2), the smallest beta first."""
    np.random.seed(0)  # noqa: NPY002 - which the peer draws from
    search = Embo(
        pxy=p_xy.copy(), minbeta=BETAS[0] * LOG2, maxbeta=BETAS[-1] * LOG2, numbeta=len(BETAS),
        ensure_monotonic_bound=False, **options,
    )  # fmt: skip
    i_xt, i_ty, _, _ = search.get_bottleneck()
    return LOG2 * np.column_stack([i_xt, i_ty])


def of_dit(p_xy: Float) -> Float:
    """As `of_embo`, at the betas of dit."""
    np.random.seed(0)  # noqa: NPY002 - which the peer draws from
    given = dit.Distribution.from_ndarray(p_xy)
    search = InformationBottleneck.functional()
    points = [search(given, beta=beta, rvs=[[0], [1]]) for beta in BETAS_OF_DIT]
    return LOG2 * np.array(points, dtype=float)


def curve() -> None:
    """How far the peers are above the Lagrangian of mibench, and below its I(T;Y)."""
    print("Lagrangian: I(X;T) - beta I(T;Y) of the peer less that of mibench, in nats,")
    print("smallest and largest of all betas.")
    print("I(T;Y): that of mibench less that of the peer at the same I(X;T), in nats.\n")
    print("| p(x, y) | peer | Lagrangian | I(T;Y) | ms of peer | ms of mibench | times faster |")
    print("|---|---|---|---|---|---|---|")
    for name, p_xy in tables():
        fine = bottleneck.information_bottleneck(p_xy, np.concatenate([BETAS, BETWEEN]))
        peers: list[tuple[str, Float, Callable[[], Float]]] = [
            ("embo", BETAS, partial(of_embo, p_xy)),
            ("embo, strict", BETAS, partial(of_embo, p_xy, **STRICT)),
        ]
        if len(p_xy) <= MOST_ROWS_OF_DIT:
            peers.append(("dit", BETAS_OF_DIT, partial(of_dit, p_xy)))
        for peer, betas, work in peers:
            ours, found = timed(partial(bottleneck.information_bottleneck, p_xy, betas), 5)
            theirs, points = timed(work, 3 if peer == "embo" else 1)
            lagrangian = (points[:, 0] - betas * points[:, 1]) - (
                found.i_xt - found.betas * found.i_ty
            )[::-1]
            below = fine.at(points[:, 0]) - points[:, 1]
            print(f"| {name} | {peer} | {_span(lagrangian)} | {_span(below)} | {1e3 * theirs:.0f} "
                  f"| {1e3 * ours:.1f} | {theirs / ours:.0f} |", flush=True)  # fmt: skip


def channels() -> None:
    """Capacity and rate-distortion beside dit."""
    print("Capacity: that of mibench less that of dit, in nats; the gap is the bound of mibench.\n")
    print("| channel | capacity | gap | ms of dit | ms of mibench | times faster |")
    print("|---|---|---|---|---|---|")
    rng = np.random.default_rng(1)
    for rows, columns in ((4, 4), (8, 6), (16, 8), (30, 10), (10, 30)):
        channel = rng.dirichlet(np.ones(columns), rows)
        ours, found = timed(partial(bottleneck.capacity, channel))
        theirs, (bits, _) = timed(partial(channel_capacity, channel))
        print(f"| {rows} x {columns} | {found.nats - LOG2 * bits:+.1e} | {found.gap:.1e} | "
              f"{1e3 * theirs:.1f} | {1e3 * ours:.1f} | {theirs / ours:.1f} |")  # fmt: skip
    print("\nRate-distortion: R + slope D of dit less that of mibench, in nats, smallest and "
          f"largest of the slopes {', '.join(f'{slope:g}' for slope in SLOPES)}.\n")  # fmt: skip
    print("| source and distortion | R + slope D | largest gap | ms of dit | ms of mibench | "
          "times faster |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    for size in (3, 8, 20):
        source = rng.dirichlet(np.ones(size))
        apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
        for name, d in (("Hamming", 1 - np.eye(size)), ("absolute", apart)):
            ours, points = timed(partial(bottleneck.rate_distortion, source, d, SLOPES))
            theirs, found = timed(partial(_rates_of_dit, source, d), 1)
            above = found - (points.nats + SLOPES * points.distortion)
            print(f"| {size} values, {name} | {_span(above)} | {points.gaps.max():.1e} | "
                  f"{1e3 * theirs:.0f} | {1e3 * ours:.1f} | {theirs / ours:.0f} |")  # fmt: skip


def _rates_of_dit(source: Float, distortion: Float) -> Float:
    """R + slope D of each slope, in nats; of dit's p(x, t), since its own rate may overflow."""
    np.random.seed(0)  # noqa: NPY002 - which the peer draws from
    values = []
    for slope in SLOPES:  # dit weighs by powers of 2
        _, p_xt = blahut_arimoto(source, slope / LOG2, distortion=lambda *_: distortion)
        apart = np.outer(p_xt.sum(axis=1), p_xt.sum(axis=0))
        used = p_xt > 0
        rate = float((p_xt[used] * np.log(p_xt[used] / apart[used])).sum())
        values.append(rate + slope * float((p_xt * distortion).sum()))
    return np.array(values)


def _span(values: Float) -> str:
    return f"{values.min():+.1e} to {values.max():+.1e}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(", ".join(f"{name} {version(name)}" for name in ("dit", "embo", "numpy")) + "\n")
    {"curve": curve, "channels": channels}[sys.argv[1]]()
