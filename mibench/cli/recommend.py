"""`mibench recommend`: estimators ranked by their errors on tasks like the columns of a file."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .console import (
    DONE,
    FILE,
    SOME_FAILED,
    chatter_aside,
    format_option,
    say_if_cold,
    show_records,
    time_limit_option,
    units_option,
)
from .progress import progress
from .reading import ChosenSides, Reading, reading_options, sides_options

if TYPE_CHECKING:
    from ..recommendation import Recommendation

NATS_PER_UNIT = {"nats": 1.0, "bits": math.log(2)}


@click.command()
@click.argument("file", type=FILE)
@sides_options
@reading_options
@click.option(
    "--similar", type=int, default=20, show_default=True, metavar="N",
    help="Average the errors over the N most similar tasks.",
)  # fmt: skip
@time_limit_option
@click.option(
    "--jobs", type=int, default=1, show_default=True,
    help="Number of processes that share the estimators; -1 for one per core.",
)  # fmt: skip
@units_option
@format_option
def recommend(
    file: Path,
    chosen: ChosenSides,
    reading: Reading,
    similar: int,
    time_limit: float | None,
    jobs: int,
    units: str,
    form: str,
) -> int:
    """Rank estimators by their errors on the tasks that are most like columns of FILE.

    A task is a distribution whose MI is known. A task is like your data if it has as many columns
    and labels, if the estimators say the same of it, and if it raises the same flags. The true MI
    of your data stays unknown: the errors are those on the tasks.
    """
    from ..contract.registry import default_estimators
    from ..contract.sides import Side
    from ..recommendation import check_similar, recommend_for
    from ..running.processes import check_jobs

    check_jobs(jobs)
    check_similar(similar)
    sides = chosen.read(file, reading)
    side_x, side_y = sides.x, sides.y
    default_estimators()  # imports their kernels
    say_if_cold()
    with chatter_aside(), progress("estimators", alike=False) as on_progress:
        advice = recommend_for(
            Side(side_x.values, side_x.discrete), Side(side_y.values, side_y.discrete),
            similar=similar, time_limit=time_limit, jobs=jobs, on_progress=on_progress,
        )  # fmt: skip
    title = (
        f"I({side_x.title}; {side_y.title}), {advice.rows} rows, "
        f"{advice.dims[0]}+{advice.dims[1]} dimensions"
    )
    show_recommendation(advice, title, units, form)
    return SOME_FAILED if (advice.estimators["failure"] != "").any() else DONE


def show_recommendation(advice: "Recommendation", title: str, units: str, form: str) -> None:
    """Print the advice on standard output: the ranking, and the similar tasks."""
    from ..output import text

    ranked: list[dict[Any, Any]] = advice.estimators.to_dict("records")
    tasks: list[dict[Any, Any]] = advice.tasks.to_dict("records")
    if form == "csv":
        show_records(ranked, form)
        return
    if form == "json":
        document = {
            "advice": advice.sentence(units), "best": advice.best, "alike": advice.alike,
            "rows": advice.rows, "dims": advice.dims, "labels": advice.labels,
            "estimators": ranked, "others": advice.others.to_dict("records"), "tasks": tasks,
        }  # fmt: skip
        click.echo(text.to_json(document))
        return
    width, unit = text.shown_width(), NATS_PER_UNIT[units]
    rows: list[list[object]] = [
        [
            row["estimator"],
            text.number(row[units]),
            text.number(row[f"error_{units}"]),
            text.number(row[f"bias_{units}"], sign=True),
            f"{row['too_high']:.0%}",
            row["flags"].replace(";", ", "),
        ]
        for row in ranked
    ]
    headings = ["estimator", "here", "mean error", "bias", "too high", "flags here"]
    ranking = text.plain_table(headings, rows)
    rows = [
        [
            row["estimator"],
            text.number(row[f"error_{units}"]),
            text.number(row[f"bias_{units}"], sign=True),
            f"{row['too_high']:.0%}",
            text.number(row[f"best_error_{units}"]),
            row["tasks"],
        ]
        for row in advice.others.to_dict("records")
    ]
    of_best = f"error of {advice.best}"
    headings = ["estimator", "mean error", "bias", "too high", of_best, "tasks"]
    others: list[Any] = [text.plain_table(headings, rows)] if rows else []
    if others:
        others.insert(0, "Other estimators, on the similar tasks that they have results for:")
    rows = [
        [
            task["task"],
            f"{task['distance']:.1f}",
            task["n"],
            text.number(task["mi_nats"] / unit),
            text.number(task[advice.best] / unit),
        ]
        for task in tasks
    ]
    headings = ["task", "distance", "n", "true MI", of_best]
    of_tasks = text.plain_table(headings, rows)
    failures = [f"{row['estimator']} failed: {row['failure']}" for row in ranked if row["failure"]]
    what = f'In {units}. "here" is the estimate of your data; the errors are those on the tasks.'
    click.echo(
        text.render(
            f"{title}\n{advice.sentence(units)}", what, ranking, *failures,
            *others, "Similar tasks:", of_tasks, width=width,
        ),
        nl=False,
    )  # fmt: skip
