"""`flow` beside zuko's neural spline flow, for docs/neural.md: errors on the same samples.

zuko is no dependency of mibench, so this has an environment of its own:

    python3 -m venv peers
    peers/bin/pip install -c constraints.txt '.[torch]' zuko
    peers/bin/python benchmarks/flow_peer.py          # some ten minutes on one core

Both give log p(y | x) - log p(y) on rows held out, from the same columns, the same parts of the
rows, as many steps of Adam, batches of the same size and the same learning rate. The steps that
are measured are those that are best for the other parts. Times are those of the processor. zuko's
flow has its default: three autoregressive maps by splines of eight pieces, each from a network of
two layers of 64.
"""

import time

import numpy as np
import torch

import mibench
from mibench.contract.variables import as_variable
from mibench.estimators import Flow
from mibench.estimators.neural.device import generator_of, one_thread
from mibench.estimators.neural.parts import Parts
from mibench.estimators.neural.sides import columns_of, exchanged
from mibench.estimators.neural.training import CHECK_EVERY, PATIENCE

try:
    import zuko
except ImportError as error:
    raise SystemExit(
        f"{error}: this command compares mibench with zuko. Install it beside mibench, best in an "
        "environment of their own: pip install '.[torch]' zuko"
    ) from None

TASKS = (
    "1v1-normal-0.75", "1v1-bimodal-0.75", "student-identity-1-1-1", "multinormal-dense-2-2-0.5",
    "multinormal-dense-5-5-0.5", "multinormal-sparse-5-5-2-2.0",
)  # fmt: skip
N, SEEDS = 1000, 2


def by_flow(x: np.ndarray, y: np.ndarray, settings: Flow) -> float:
    return settings.estimate(x, y).nats


def by_zuko(x: np.ndarray, y: np.ndarray, settings: Flow) -> float:
    """The mean over parts of log p(y | x) - log p(y) on the rows of each part, in nats."""
    variables = [as_variable(side, name, discrete=False) for side, name in ((x, "x"), (y, "y"))]
    sides = columns_of(*variables, settings.transform)
    generator = generator_of(settings.seed)
    parts = Parts(exchanged(sides), settings.folds, generator, torch.device("cpu"))
    torch.manual_seed(settings.seed)
    with_x, without = (curves(parts, settings, context) for context in (True, False))
    of_parts = [
        best_of_others(with_x, part) - best_of_others(without, part)
        for part in range(settings.folds)
    ]
    return float(np.mean(of_parts))


def curves(parts: Parts, settings: Flow, context: bool) -> np.ndarray:
    """The mean log density on held-out rows, (parts, checks), of a flow with or without X."""
    found = []
    for train, test in zip(parts.of_others, parts.of_part, strict=True):
        given = parts.a.shape[1] if context else 0
        flow = zuko.flows.NSF(parts.b.shape[1], given)
        adam = torch.optim.Adam(flow.parameters(), settings.learning_rate)
        curve: list[float] = []
        for step in range(settings.steps + 1):
            if step % CHECK_EVERY == 0:
                with torch.no_grad():
                    curve.append(float(mean_log_density(flow, parts, test, context)))
                if len(curve) - 1 - int(np.argmax(curve)) >= PATIENCE:
                    break
            adam.zero_grad()
            batch = train[torch.randperm(len(train))[: settings.batch]]
            (-mean_log_density(flow, parts, batch, context)).backward()
            adam.step()
        found.append(curve + [curve[-1]] * (settings.steps // CHECK_EVERY + 1 - len(curve)))
    return np.array(found)


def mean_log_density(
    flow: "zuko.flows.NSF", parts: Parts, rows: torch.Tensor, context: bool
) -> torch.Tensor:
    return flow(parts.a[rows] if context else None).log_prob(parts.b[rows]).mean()


def best_of_others(curve: np.ndarray, part: int) -> float:
    """The value of a part at the check that is best for the others."""
    return float(curve[part, np.argmax(np.delete(curve, part, axis=0).mean(axis=0))])


def main() -> None:
    print("| task | true MI | error of `flow` | error of zuko | time of `flow` | time of zuko |")
    print("|---|---|---|---|---|---|")
    settings, errors = Flow(), []
    settings.warm_up(*mibench.get_task(TASKS[0]).sample(N, 0))
    for name in TASKS:
        task = mibench.get_task(name)
        rows = []
        for seed in range(SEEDS):
            x, y = task.sample(N, seed)
            for estimate in (by_flow, by_zuko):
                start = time.process_time()
                with one_thread():
                    nats = estimate(x, y, settings)
                rows.append((nats - task.mi_nats, time.process_time() - start))
        measured = np.reshape(rows, (SEEDS, 2, 2))  # of each estimator: its error, its time
        errors.append(np.abs(measured[:, :, 0]))
        means = measured.mean(axis=0)
        said = (f"{round(error, 2) + 0.0:+.2f}" for error in means[:, 0])  # no -0.00
        cells = [f"`{name}`", f"{task.mi_nats:.2f}", *said]
        print("| " + " | ".join([*cells, *(f"{s:.1f} s" for s in means[:, 1])]) + " |", flush=True)
    ours, theirs = np.concatenate(errors).mean(axis=0)
    print(f"mean absolute error: {ours:.3f} nats of `flow`, {theirs:.3f} of zuko")


if __name__ == "__main__":
    main()
