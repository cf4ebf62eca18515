"""What a command prints and the files that it writes, beside its messages."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from ..contract.flags import FLAGS
from .console import say, show_records

if TYPE_CHECKING:
    import pandas as pd

    from ..columns.pairs import Pairwise
    from ..compiled.warmup import WarmupReport

NOTHING: Mapping[str, str] = MappingProxyType({})


def check_results(output: Path | None, plot: Path | None) -> None:
    """Raise InputError, before any work, for files that could not be written."""
    from ..output.files import PAGES, PICTURES, TABLES, check_path

    if output is not None:
        check_path(output, TABLES + PAGES, "--output")
    if plot is not None:
        check_path(plot, PICTURES, "--plot")


def show_comparison(
    records: "pd.DataFrame", units: str, form: str, earlier: Mapping[str, str] = NOTHING
) -> None:
    """Cases, ranking, flags and failures on standard output.

    earlier: estimator -> the name of its earlier results, for what has become worse.
    """
    from .. import summary
    from ..output import text

    of_cases = summary.by_case(records)
    cases = summary.in_units(of_cases, units)
    if form == "csv":
        click.echo(cases.to_csv(index=False), nl=False)
        return
    ranks = summary.in_units(summary.ranking(records, of_cases), units)
    failed = summary.failures(records)
    worse = summary.in_units(summary.worsened(records, earlier), units)
    if form == "json":
        parts = {"cases": cases, "ranking": ranks, "failures": failed, "worsened": worse}
        click.echo(text.to_json({k: v.to_dict("records") for k, v in parts.items()}))
        return
    lines = [
        f"failed: {row.estimator} on {row.task}, n={row.n}, {row.times} time(s): {row.error}"
        for row in failed.itertuples()
    ]
    grown = [
        f"worse than {earlier[row['estimator']]}: {row['task']}"
        + (f", n={row['n']}" if row["n"] else "")
        + f": RMSE {row[f'rmse_before_{units}']:.3f} before, {row[f'rmse_{units}']:.3f} now, "
        f"{row['failures']} new failure(s)"
        for _, row in worse.iterrows()
    ]
    flagged = [
        f"flagged {row.flag}: {row.estimator}, {row.cells} of {row.of} cells"
        for row in summary.flag_counts(records).itertuples()
    ]
    click.echo(
        text.render(
            f"Estimates in {units}: mean ± sd over seeds, * marks the smallest RMSE of a case",
            text.case_table(cases, units),
            f"Ranking by RMSE in {units}, over the {int(ranks['cells'].max())} cells that every "
            "estimator finished",
            text.ranking_table(ranks, units),
            *flagged,
            *lines,
            *grown,
        ),
        nl=False,
    )


def write_comparison(
    records: "pd.DataFrame", units: str, output: Path | None, plot: Path | None
) -> None:
    """The files asked for: every cell as a table, or the page; and the figure."""
    from .. import summary
    from ..output.files import PAGES, whole_file, write_table

    if output is not None and output.suffix.lower() in PAGES:
        from ..output.page import page

        with whole_file(output) as part:
            part.write_text(page(records, units), encoding="utf-8")
        say(f"wrote the page of {len(records)} cells to {output}")
    elif output is not None:
        write_table(summary.in_units(records, units), output)
        say(f"wrote {len(records)} cells to {output}")
    if plot is not None:
        os.environ["MPLBACKEND"] = "agg"  # no window is opened, so a user's choice cannot matter
        from ..output.figures import estimate_against_truth, save

        figure = estimate_against_truth(summary.in_units(summary.by_case(records), units), units)
        with whole_file(plot) as part:
            save(figure, part)
        say(f"drew {plot}")


def show_estimates(
    results: list[tuple[str, Any, float]], title: str, units: str, form: str
) -> None:
    """Estimates of one's own data, with the sentences of their flags, on standard output."""
    from ..output import text

    if form == "table":
        reasons: dict[str, list[str]] = {}
        for spec, found, _ in results:
            for sentence in getattr(found, "flags", {}).values():
                reasons.setdefault(sentence, []).append(spec)
        lines = [f"{', '.join(specs)}: {sentence}" for sentence, specs in reasons.items()]
        table = text.estimate_table(results, units)
        click.echo(text.render(title, table, *lines), nl=False)
        return
    rows = []
    for spec, found, seconds in results:
        failed = isinstance(found, str)
        rows.append(
            {
                "estimator": spec,
                units: None if failed else getattr(found, units),
                "seconds": seconds,
                "flags": "" if failed else ";".join(found.flags),
                "error": found if failed else "",
            }
        )
    show_records(rows, form)


def write_pairs(found: "Pairwise", units: str, output: Path | None, plot: Path | None) -> None:
    """The files asked for: every pair as a table, and the figure."""
    from ..output.files import whole_file, write_table

    if output is not None:
        write_table(_sorted_pairs(found, units), output)
        say(f"wrote {len(found.table)} pairs to {output}")
    if plot is not None:
        os.environ["MPLBACKEND"] = "agg"
        from ..output.figures import save
        from ..output.heatmap import heat_map

        figure = heat_map(found.bits if units == "bits" else found.nats, units)
        with whole_file(plot) as part:
            save(figure, part)
        say(f"drew {plot}")


def show_pairs(found: "Pairwise", title: str, units: str, form: str) -> None:
    """All pairs on standard output, the largest MI first; below them, why not to trust some."""
    from ..output import text

    rows = _sorted_pairs(found, units)
    if form != "table":
        show_records([dict(zip(rows.columns, row, strict=True)) for row in rows.to_numpy()], form)
        return
    flagged = Counter(code for codes in rows["flags"] for code in codes.split(";") if code)
    failed = Counter(error for error in rows["error"] if error)
    lines = [
        f"flagged {code}, {count} of {len(rows)} pairs: {FLAGS.get(code, 'see the estimator')}"
        for code, count in flagged.items()
    ]
    lines += [f"failed, {count} of {len(rows)} pairs: {why}" for why, count in failed.items()]
    click.echo(text.render(title, text.pairs_table(rows, units), *lines), nl=False)


def _sorted_pairs(found: "Pairwise", units: str) -> "pd.DataFrame":
    """The largest MI first, failures last."""
    rows = found.table.sort_values(units, ascending=False, kind="stable")
    return rows[["x", "y", units, "flags", "error"]]


def show_warmup(found: "WarmupReport") -> None:
    """What a warm-up did and where the code is, on standard output; what it could not, beside."""
    names = ", ".join(found.names)
    if found.compiled:
        click.echo(f"compiled {found.compiled} kernels for {names} in {found.seconds:.1f} s")
    elif found.loaded:
        click.echo(f"all kernels for {names} were there already: {found.seconds:.1f} s")
    else:
        click.echo(f"{names}: no kernels of mibench, nothing to keep")
    if found.files:
        click.echo(f"kept: {found.size / 1e6:.1f} MB in {found.files} files in")
        for folder in found.folders:
            click.echo(f"  {folder}")
    for why in dict.fromkeys(found.unkept.values()):
        kernels = [kernel for kernel, its in found.unkept.items() if its == why]
        say(f"not kept, so that each process compiles it again: {', '.join(kernels)}: {why}")
    for name, why in found.failed.items():
        say(f"failed: {name}: {why}")
