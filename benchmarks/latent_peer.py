"""`latent` beside the program of its authors, for docs/neural.md: errors on the same images.

latentmi asks for NumPy 1, but for one name it works with NumPy 2. So it has an environment of its
own, without its requirements:

    python3 -m venv peers
    peers/bin/pip install -c constraints.txt '.[torch,mnist]' tqdm
    peers/bin/pip install --no-deps latentmi
    OMP_NUM_THREADS=1 peers/bin/python benchmarks/latent_peer.py    # half an hour on one core

Both have their defaults: codes of eight numbers, whose MI k-NN gives. latentmi measures half of the
rows with networks that the other half trained, `latent` each third with those of the others. Times
are those of the processor.
"""

import contextlib
import io
import time

import numpy as np
import torch
from estimators_page import AGREEMENTS, zeros_and_ones
from scipy.stats import entropy

import mibench

np.NaN = np.nan  # noqa: NPY201  the name of NumPy 1
try:
    from latentmi import lmi
except ImportError as error:
    raise SystemExit(
        f"{error}: this command compares mibench with latentmi. Install it beside mibench, in an "
        "environment of their own: pip install tqdm && pip install --no-deps latentmi"
    ) from None

N = 5000


def by_latent(x: np.ndarray, y: np.ndarray) -> float:
    return mibench.estimate(x, y, "latent").bits


def by_authors(x: np.ndarray, y: np.ndarray) -> float:
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002  which it draws from
    with contextlib.redirect_stdout(io.StringIO()):  # a line for each of 300 epochs
        rows = lmi.estimate(x, y)[0]  # bits, NaN for the rows that trained
    return float(np.nanmean(rows))


def main() -> None:
    print("| images | true MI | error of `latent` | error of latentmi | times |")
    print("|---|---|---|---|---|")
    pairs = {}
    for agree in AGREEMENTS:
        truth = 1 - float(entropy([agree, 1 - agree], base=2))
        pairs[f"0 and 1, digits agree in {agree:.0%}"] = truth, zeros_and_ones(N, agree)
    mibench.estimate(np.arange(60.0), np.arange(60.0) ** 2, "latent")  # compiles
    errors = []
    for name, (truth, sides) in pairs.items():
        cells, times = [], []
        for estimate in (by_latent, by_authors):
            start = time.process_time()
            cells.append(estimate(*sides) - truth)
            times.append(f"{time.process_time() - start:.0f} s")
        errors.append(cells)
        shown = " | ".join(f"{error:+.3f}" for error in cells)
        print(f"| {name} | {truth:.3f} | {shown} | {', '.join(times)} |", flush=True)
    ours, theirs = np.abs(errors).mean(axis=0)
    print(f"mean absolute error: {ours:.3f} bits of `latent`, {theirs:.3f} of latentmi")


if __name__ == "__main__":
    main()
