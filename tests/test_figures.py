"""Figures of results: looks belong to names, and many tasks stay readable."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from mibench.output.figures import MOST_ROWS, estimate_against_truth
from mibench.output.looks import COLOURS, OWN_PLACES, looks
from mibench.output.many_tasks import ROWS_OF_BLOCK


def test_a_look_belongs_to_a_name():
    names = [*OWN_PLACES, "knn:k=5", "mine", "function:call=mine.py:f"]
    together = looks(names)
    for name in OWN_PLACES:
        assert together[name] == looks([name])[name]
    assert looks(reversed(names)) == together
    alone = looks(["mine", "knn"])["mine"]
    assert alone == looks(["mine", "uniform", "kde"])["mine"]
    assert alone.colour not in {
        look.colour for name, look in together.items() if name in OWN_PLACES
    }


@pytest.mark.parametrize("count", [1, 8, 56])
def test_looks_differ(count):
    names = [f"knn:k={k}" for k in range(1, count + 1)]
    found = looks(names)
    assert len(set(found.values())) == count
    if count <= len(COLOURS):
        assert len({look.colour for look in found.values()}) == count


def table(tasks, sizes=(100, 1000)):
    """Cases as from `summary.by_case`: "high" is too high, "low" too low, by the task's number."""
    rows = []
    for (task, n), name in itertools.product(
        itertools.product(range(tasks), sizes), ("high", "low")
    ):
        error = (task + 1) / 100 * (1 if name == "high" else -1)
        missing = name == "low" and task == 3
        rows.append({
            "task": f"task-{task}$", "n": n, "estimator": name, "dim_x": 1, "dim_y": 2, "seeds": 3,
            "mi_bits": task / 10, "mean_bits": np.nan if missing else task / 10 + error,
            "sd_bits": 0.1, "bias_bits": np.nan if missing else error,
        })  # fmt: skip
    return pd.DataFrame(rows)


def test_many_tasks_are_a_heat_map():
    tasks = 150
    figure = estimate_against_truth(table(tasks), "bits")
    figure.draw_without_rendering()
    panels, blocks = figure.subfigs[0].axes, figure.subfigs[1].axes[:3]
    assert [axes.get_title(loc="left") for axes in panels] == ["high", "low"]
    assert len(blocks) == -(-tasks // ROWS_OF_BLOCK)
    names = [label.get_text() for axes in blocks for label in axes.get_yticklabels()]
    assert names == [rf"task-{task}\$  1+2" for task in range(tasks)]  # sorted by truth
    values = np.ma.concatenate([axes.collections[0].get_array() for axes in blocks])
    assert values.shape == (tasks, 4)
    assert (values[:, :2] > 0).all()
    assert (values[:, 2:].compressed() < 0).all()
    assert values.mask.sum() == 2  # no estimate
    assert values[7].tolist() == pytest.approx([0.08, 0.08, -0.08, -0.08])


def test_few_tasks_have_a_row_each():
    few = MOST_ROWS // 2
    figure = estimate_against_truth(table(few), "bits")
    _, errors = figure.axes
    assert len(errors.get_yticklabels()) == 2 * few


@pytest.mark.parametrize("seed", [3, 5])
def test_names_at_the_ends_of_lines_cover_no_marker(seed, monkeypatch):
    """As in docs/performance/: also where many lines end near each other, and others pass by."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    from scaling_labels import separate, settle

    rng = np.random.default_rng(seed)
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.subplots()
    axes.set_xlim(-1, 14)
    axes.set_ylim(-6, 20)
    labels = []
    for name in ("kde", "knn", "canonical", "infomeasure knn", "scikit-learn knn", "ennemi knn"):
        x = np.arange(rng.integers(4, 11))
        y = x * rng.uniform(0.7, 1.5)
        axes.plot(x, y, marker="o", markersize=5)
        labels.append(
            axes.annotate(name, (x[-1], y[-1]), (7, 0), textcoords="offset points", va="center",
                          fontsize=8)
        )  # fmt: skip
    settle(figure)
    separate(figure, axes, labels)
    markers = axes.transData.transform(np.concatenate([line.get_xydata() for line in axes.lines]))
    for label in labels:
        halo = label.get_window_extent().padded(2.5 * figure.dpi / 72)
        assert halo.count_contains(markers) == 0, label.get_text()


@pytest.mark.parametrize("scale", [0.3, 1, 10, 60])
def test_numbers_at_the_axes_do_not_touch(scale):
    cases = table(8)
    cases[["mean_bits", "bias_bits"]] *= 100 * scale / 8
    figure = estimate_against_truth(cases, "bits")
    figure.draw_without_rendering()
    left, right = figure.axes
    for axis in (left.xaxis, left.yaxis, right.xaxis):
        low, high = sorted(axis.get_view_interval())
        ticks = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
        boxes = [tick.label1.get_window_extent() for tick in ticks]
        assert len(boxes) >= 2
        assert 0 in [tick.get_loc() for tick in ticks]
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
