"""Prints the results of a command, and writes its result files."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from ..contract.flags import FLAGS
from ..errors import some
from .console import say, show_records

if TYPE_CHECKING:
    import pandas as pd

    from ..columns.pairs import Pairwise
    from ..compiled.warmup import WarmupReport

MOST_SHOWN = 1000  # pairs of columns in a table for people
MOST_NAMES = 10  # columns that failed for one reason
NO_EARLIER: Mapping[str, str] = MappingProxyType({})


def check_results(output: Path | None, plot: Path | None, *kept: Path | None) -> None:
    """Raise InputError, before any work, if a result file cannot be written.

    kept: files of the same command that a result must not replace.
    """
    from ..output.files import PAGES, PICTURES, TABLES, check_path

    if output is not None:
        check_path(output, TABLES + PAGES, "--output", kept)
    if plot is not None:
        check_path(plot, PICTURES, "--plot", kept)


def prepare_figures() -> None:
    """Let figures be drawn without a window, and their texts stay what they are."""
    os.environ["MPLBACKEND"] = "agg"  # a user's setting may not be installed
    import matplotlib

    # A file matplotlibrc in the working directory may ask for TeX, for which names would be code.
    matplotlib.rcParams["text.usetex"] = False


def show_comparison(
    records: "pd.DataFrame", units: str, form: str, earlier: Mapping[str, str] = NO_EARLIER
) -> None:
    """Print estimates, ranking, flags and failures on standard output.

    earlier: estimator -> the name of its earlier results, to list what has become worse.
    """
    from .. import summary
    from ..output import text
    from ..output.safe import to_csv

    cases_in_nats = summary.by_case(records)
    cases = summary.in_units(cases_in_nats, units)
    if form == "csv":
        click.echo(to_csv(cases), nl=False)
        return
    ranks = summary.in_units(summary.ranking(records, cases_in_nats), units)
    failures = summary.failures(records)
    worse = summary.in_units(summary.worsened(records, earlier), units)
    if form == "json":
        parts = {"cases": cases, "ranking": ranks, "failures": failures, "worsened": worse}
        click.echo(text.to_json({k: v.to_dict("records") for k, v in parts.items()}))
        return
    failed = [
        f"failed: {row.estimator} on {row.task}, n={row.n}, {row.times} time(s): {row.error}"
        for row in failures.itertuples()
    ]
    worsened = [
        f"worse than {earlier[row['estimator']]}: {row['task']}"
        + (f", n={row['n']}" if row["n"] else "")
        + f": RMSE {row[f'rmse_before_{units}']:.3f} before, {row[f'rmse_{units}']:.3f} now, "
        f"{row['failures']} new failure(s)"
        for _, row in worse.iterrows()
    ]
    width = text.shown_width()
    click.echo(
        text.render(
            f"Ranking by RMSE in {units}, over the {int(ranks['cells'].max())} samples on which no "
            f"estimator failed{_not_ranked(ranks)}",
            *text.ranking_tables(ranks, units, len(cases.drop_duplicates(["task", "n"])), width),
            *text.task_tables(cases, units, width),
            *_flag_lines(summary.flag_counts(records)),
            *failed,
            *worsened,
            width=width,
        ),
        nl=False,
    )


def _not_ranked(ranks: "pd.DataFrame") -> str:
    """What the heading says of estimators that have estimates, but for too few tasks."""
    names = ranks.loc[(ranks["cells"] == 0) & (ranks["failure_rate"] < 1), "estimator"]
    if ranks["cells"].max() == 0 or names.empty:
        return ""
    return f" (not ranked, with estimates for less than half of the tasks: {', '.join(names)})"


def _flag_lines(counts: "pd.DataFrame") -> list[str]:
    """The flags with their meanings, each once, and which estimators raised them how often."""
    lines = ["Flags, and how many estimates raised them"] if len(counts) else []
    for code, of_code in counts.groupby("flag"):
        lines.append(f"  {code}: {FLAGS.get(str(code), 'see the page of the estimator')}")
        raised = [f"{row.estimator} {row.cells} of {row.of}" for row in of_code.itertuples()]
        lines.append(f"    {', '.join(raised)}")
    return lines


def write_comparison(
    records: "pd.DataFrame", units: str, output: Path | None, plot: Path | None
) -> None:
    """Write the result files: all records as a table, or the page; and the figure."""
    from .. import summary
    from ..output.files import PAGES, whole_file, write_table

    if output is not None and output.suffix.lower() in PAGES:
        from ..output.page import page

        with whole_file(output) as part:
            part.write_text(page(records, units), encoding="utf-8")
        say(f"wrote a page about {len(records)} estimates to {output}")
    elif output is not None:
        write_table(summary.in_units(records, units), output)
        say(f"wrote {len(records)} estimates to {output}")
    if plot is not None:
        prepare_figures()
        from ..output.figures import estimate_against_truth, save

        figure = estimate_against_truth(summary.in_units(summary.by_case(records), units), units)
        with whole_file(plot) as part:
            save(figure, part)
        say(f"wrote the figure to {plot}")


def write_estimates(document: dict[str, Any], output: Path) -> None:
    """Write estimates of a data file: all that is known to a .json file, or a table of them."""
    import pandas as pd

    from ..output import text
    from ..output.files import whole_file, write_table
    from .estimates import as_rows

    if output.suffix.lower() == ".json":
        with whole_file(output) as part:
            part.write_text(text.to_json(document), encoding="utf-8")
    else:
        write_table(pd.DataFrame(as_rows(document)), output)
    say(f"wrote {len(document['estimates'])} estimates to {output}")


def show_estimates(
    results: list[tuple[str, Any, float]],
    document: dict[str, Any],
    title: str,
    units: str,
    form: str,
) -> None:
    """Print estimates of a data file, with the sentences of their flags, on standard output.

    document: the same estimates, as `estimates.as_document` gives them.
    """
    from ..output import text
    from .estimates import as_rows

    if form == "table":
        reasons: dict[str, list[str]] = {}
        for spec, estimate, _ in results:
            for sentence in getattr(estimate, "flags", {}).values():
                reasons.setdefault(sentence, []).append(spec)
        lines = [f"{', '.join(specs)}: {sentence}" for sentence, specs in reasons.items()]
        table = text.estimate_table(results, units)
        if "verdict" in document:
            title = f"{title}\n{document['verdict']}"
        click.echo(text.render(title, table, *lines, width=text.shown_width()), nl=False)
    elif form == "json":
        click.echo(text.to_json(document))
    else:
        show_records(as_rows(document), form)


def write_pairs(
    pairs: "Pairwise", units: str, output: Path | None, plot: Path | None, edges: Path | None
) -> None:
    """Write the result files: all pairs as a table, the figure, and the network."""
    from ..output.files import whole_file, write_table

    if output is not None:
        write_table(_sorted_pairs(pairs, units), output)
        say(f"wrote {len(pairs.table)} pairs to {output}")
    if edges is not None:
        from ..output.edges import write_edges

        count = write_edges(pairs.table, pairs.columns, units, edges)
        say(f"wrote {count} edges to {edges}")
    if plot is not None:
        prepare_figures()
        from ..output.figures import save
        from ..output.heatmap import heat_map

        figure = heat_map(pairs.bits if units == "bits" else pairs.nats, units)
        with whole_file(plot) as part:
            save(figure, part)
        say(f"wrote the figure to {plot}")


def show_pairs(pairs: "Pairwise", title: str, units: str, form: str) -> None:
    """Print all pairs, largest MI first, and below them the meaning of their flags and errors."""
    from ..output import text

    rows = _sorted_pairs(pairs, units)
    if form != "table":
        show_records([dict(zip(rows.columns, row, strict=True)) for row in rows.to_numpy()], form)
        return
    lines = _about_flags_and_failures(rows, "pairs")
    if len(rows) > MOST_SHOWN:
        lines.insert(0, f"{len(rows) - MOST_SHOWN} weaker pairs are not shown: --output has all")
    table = text.pairs_table(rows.iloc[:MOST_SHOWN], units)
    click.echo(text.render(title, table, *lines, width=text.shown_width()), nl=False)


def show_ranking(
    ranking: "pd.DataFrame", title: str, units: str, form: str, top: int | None
) -> None:
    """Print the first columns of a ranking, and below them the meaning of flags and errors."""
    from ..output import text
    from ..output.column_tables import ranking_of_columns

    rows = in_one_unit(ranking, units)
    if form != "table":
        show_records([dict(zip(rows.columns, row, strict=True)) for row in rows.to_numpy()], form)
        return
    done = rows[rows["error"] == ""]
    first = done if top is None else done.iloc[:top]
    lines = _about_flags_and_failures(first, "columns")
    if len(first) < len(done):
        lines.insert(
            0, f"{len(done) - len(first)} more columns: --top shows them, --output has all"
        )
    lines += _failed_columns(rows[rows["error"] != ""])
    table = ranking_of_columns(first, units)
    click.echo(text.render(title, table, *lines, width=text.shown_width()), nl=False)


def show_lags(table: "pd.DataFrame", title: str, units: str, form: str) -> None:
    """Print MI by lag, in the units, and below it the meaning of flags and errors."""
    from ..output import text
    from ..output.column_tables import lags_table

    if form != "table":
        show_records([dict(zip(table.columns, row, strict=True)) for row in table.to_numpy()], form)
        return
    lines = _about_flags_and_failures(table, "lags")
    shown = lags_table(table, units)
    click.echo(text.render(title, shown, *lines, width=text.shown_width()), nl=False)


def _failed_columns(rows: "pd.DataFrame") -> list[str]:
    """Why columns of a ranking failed: one line for each reason, with the columns."""
    by_reason: dict[str, list[str]] = {}
    for name, error in zip(rows["feature"], rows["error"], strict=True):
        by_reason.setdefault(error.removeprefix("InputError: "), []).append(str(name))
    return [
        f"failed: {why}" if why.startswith(f"column {names[0]!r}")
        else f"failed: {some(names, MOST_NAMES)}: {why}"
        for why, names in by_reason.items()
    ]  # fmt: skip


def in_one_unit(ranking: "pd.DataFrame", units: str) -> "pd.DataFrame":
    """A ranking without the columns of the other unit."""
    other = "nats" if units == "bits" else "bits"
    return ranking.drop(columns=[other, f"redundancy_{other}"], errors="ignore")


def _about_flags_and_failures(rows: "pd.DataFrame", what: str) -> list[str]:
    """How many rows have each flag and each error, with the meanings."""
    flagged = Counter(code for codes in rows["flags"] for code in codes.split(";") if code)
    failed = Counter(error for error in rows["error"] if error)
    lines = [
        f"flagged {code}, {count} of {len(rows)} {what}: "
        f"{FLAGS.get(code.removeprefix('given_past_'), 'see the estimator')}"
        for code, count in flagged.items()
    ]
    return [*lines, *(f"failed, {n} of {len(rows)} {what}: {why}" for why, n in failed.items())]


def _sorted_pairs(pairs: "Pairwise", units: str) -> "pd.DataFrame":
    """The pairs with the largest MI first and failures last."""
    rows = pairs.table.sort_values(units, ascending=False, kind="stable")
    tested = [name for name in ("p_value", "q_value") if name in rows]
    return rows[["x", "y", units, *tested, "rows", "flags", "error"]]


def show_warmup(report: "WarmupReport") -> None:
    """Print what a warm-up did and where the code is, and its failures on standard error."""
    from ..output.text import duration

    names, time = ", ".join(report.names), duration(report.seconds)
    if report.compiled:
        click.echo(f"compiled {report.compiled} kernels for {names} in {time}")
    elif report.loaded:
        click.echo(f"all kernels for {names} were compiled already; loaded in {time}")
    else:
        click.echo(f"{names}: nothing to compile, as there are no kernels of mibench")
    if report.files:
        click.echo(f"kept: {report.size / 1e6:.1f} MB in {report.files} files in")
        for folder in report.folders:
            click.echo(f"  {folder}")
    for why in dict.fromkeys(report.unkept.values()):
        kernels = [kernel for kernel, reason in report.unkept.items() if reason == why]
        say(f"not kept, so each process compiles it again: {', '.join(kernels)}: {why}")
    for name, why in report.failed.items():
        say(f"failed: {name}: {why}")
