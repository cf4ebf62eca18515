"""What `mibench show NAME` says about an estimator, a task, a suite or a flag, as text."""

import inspect
import re
import textwrap
from collections.abc import Callable
from functools import partial
from typing import Any

from ..contract import flags
from ..contract.parameters import has_text_parameter, parameter_fields, required_parameters, to_text
from ..contract.registry import estimator_class, list_estimators, origin
from ..contract.specs import name_in
from ..errors import InputError, unknown
from ..tasks.catalogue import get_task, list_suites, list_tasks, suite_names
from ..tasks.random import is_random
from ..types import Task

FULL = 92  # characters of a line of a docstring that has no room for the next word

# Arguments for the sentence of a flag, as it might be raised; none where it takes none.
EXAMPLES: dict[str, dict[str, Any]] = {
    "ties": {"count": 12, "n": 1000},
    "few_samples": {"n": 100, "dims": 20},
    "more_bins_than_samples": {"bins": 10_000, "n": 1000},
    "outside_range": {"count": 12, "low": -1.0, "high": 1.0},
    "scales": {"ratio": 50.0, "standardized": False},
    "outliers": {"what": "two values lie far from all others"},
    "rare_labels": {"count": 3, "n": 1000},
    "ceiling": {"nats": 6.9, "limit": 6.9, "n": 1000},
    "unseen": {"nats": 0.5},
    "fine_structure": {"rise": 0.2},
    "more_pairs": {"used": 2, "more": 1},
    "left_over": {"nats": 0.1},
    "straight_lines": {"nats": 9.0, "most": 4.6},
    "not_mi": {"name": "sliced", "what": "the mean over projections, at most the MI"},
    "bandwidth": {"narrow": 1.2, "wide": 0.8},
    "by_chance": {"nats": 0.8},
    "capped": {"count": 12, "n": 1000, "cap": 2.0},
    "not_normal": {"side": "x", "kurtosis": 12.0, "of_normal": 3.0},
    "likely_off": {"risk": 0.6, "nats": 0.1, "share": 0.15},
    "rising": {"nats": 1.2, "halves": 1.0},
    "halves_differ": {"low": 0.5, "high": 1.0},
    "own_codes": {"count": 4000, "n": 4096},
    "monte_carlo_error": {"error": 0.02, "wanted": 0.007},
    "not_converged": {"steps": 500, "difference": False},
    "overfitted": {"nats": 0.6, "in_training": 1.2, "difference": False},
    "bounds_disagree": {"nats": 6.5, "name": "InfoNCE", "other": 5.2},
    "rare_conditions": {"count": 12, "n": 1000},
    "coarse_condition": {"nats": 0.1},
    "unresolved": {"side": "X", "share": 0.9},
    "chain_rule": {"first": 0.1, "second": 0.3},
    "far_apart": {"nats": 3.0, "m": 1000},
    "knn_finds_more": {"knn": 1.2, "nats": 1.0},
    "no_p_value": {"message": "300 rows of a series have 299 shifts"},
    "uncalibrated": {"reasons": ["50 rows (learned from 60 to 8000)"]},
    "dependent_rows": {"correlation_x": 0.9, "correlation_y": 0.8},
    "copied_rows": {"copies": 500, "n": 1000},
    "near_copies": {},
    "bin_bias": {"bias": 0.2, "n": 1000},
    "misfit": {"excess": 0.2},
    "beyond_evidence": {"n": 50, "dims": 100, "rows": 200, "most": 50},
    "sparse_labels": {"n": 100, "labels_x": 40, "labels_y": 40, "shared": 20, "correction": "auto"},
}


def description(name: str) -> str:
    """The text about a name, as a user gives it. Raises InputError for an unknown name."""
    if name_in(name) in list_estimators():
        return _estimator(name_in(name))
    if name in flags.FLAGS:
        return _flag(name)
    if name in list_suites():
        return _suite(name)
    tasks = list_tasks()
    if name in tasks or is_random(name):
        return _task(get_task(name))
    known = [*list_estimators(), *flags.FLAGS, *list_suites(), *tasks]
    raise InputError(unknown("estimator, task, suite or flag", name, known))


def _estimator(name: str) -> str:
    kind = estimator_class(name)
    summary, sections = _sections(kind)
    lines = [f"{name}: estimator, from {origin(name)}", "", *summary]
    meanings = _meanings(sections.get("Attributes", []) + sections.get("Args", []))
    lines += ["", "Parameters, with their defaults"]
    required = required_parameters(kind)
    for field in parameter_fields(kind):
        default = "required" if field.name in required else to_text(field.default)
        lines += _wrapped(f"{field.name} = {default}: {meanings.get(field.name, 'no description')}")
    if not parameter_fields(kind):
        lines.append("  none")
    example = f"{name}:{parameter_fields(kind)[0].name}=..." if parameter_fields(kind) else name
    if not has_text_parameter(kind):
        lines += _wrapped(f"as in: mibench estimate FILE --x COLS --y COLS -e {example}")
    if "References" in sections:
        lines += ["", "References", *sections["References"]]
    return "\n".join(lines)


def _sections(kind: type) -> tuple[list[str], dict[str, list[str]]]:
    """The text of a docstring before its first section, and its sections in Google style."""
    text = inspect.cleandoc(kind.__doc__ or "no description")
    summary: list[str] = []
    sections: dict[str, list[str]] = {}
    current = summary
    for line in text.splitlines():
        if match := re.fullmatch(r"(Attributes|Args|Raises|References|Example|Returns):", line):
            current = sections.setdefault(match[1], [])
        else:
            current.append(line)
    while summary and not summary[-1]:
        summary.pop()
    return summary, sections


def _meanings(lines: list[str]) -> dict[str, str]:
    """Parameter -> its description, from the lines of a section."""
    descriptions: dict[str, str] = {}
    name = ""
    for line in textwrap.dedent("\n".join(lines)).splitlines():
        if match := re.match(r"(\w+): (.*)", line):
            name = match[1]
            descriptions[name] = match[2]
        elif name and line.strip():
            descriptions[name] += " " + line.strip()
    return descriptions


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, 78, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False
    )


def folded(text: str, width: int) -> str:
    """The text in lines of at most `width` characters; paragraphs stay as they are if they fit."""
    paragraphs: list[list[str]] = []
    for line in text.split("\n"):
        last = paragraphs[-1][-1] if paragraphs else ""
        word = line.split(maxsplit=1)[0] if line.strip() else ""
        goes_on = last.strip() and word and len(last) + 1 + len(word) > FULL
        goes_on = goes_on and not re.fullmatch(r"\d+\.|-", word)  # an item of a list
        if goes_on:
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
    return "\n".join(
        _filled(lines, width) if max(map(len, lines)) > width else "\n".join(lines)
        for lines in paragraphs
    )


def _filled(lines: list[str], width: int) -> str:
    first, *others = ([" " * (len(line) - len(line.lstrip())), line.strip()] for line in lines)
    hanging = others[0][0] if others else f"{first[0]}    "
    return textwrap.fill(
        " ".join([first[1], *(text for _, text in others)]), width, initial_indent=first[0],
        subsequent_indent=hanging, break_on_hyphens=False, break_long_words=False,
    )  # fmt: skip


def _task(task: Task) -> str:
    kinds = ["labels" if known else "numbers" for known in (task.discrete_x, task.discrete_y)]
    suites = [suite for suite in list_suites() if task.name in suite_names(suite)]
    error = f", known to {task.mi_error_nats:.2g} nats" if task.mi_error_nats else ""
    lines = [
        f"{task.name}: task, version {task.version}",
        "",
        f"  true MI     {task.mi_nats:.6g} nats = {task.mi_bits:.6g} bits{error}",
        f"  X           {task.dim_x} dimension(s) of {kinds[0]}",
        f"  Y           {task.dim_y} dimension(s) of {kinds[1]}",
        f"  suites      {', '.join(suites) or 'none'}",
        "",
        "Source of the true MI",
        *_wrapped(task.source or "not given"),
        "",
        "Construction",
        *_construction(task.sampler),
    ]
    return "\n".join(lines)


def _construction(sampler: Callable[..., Any]) -> list[str]:
    """The function that draws samples, what it says, and its parameters."""
    parameters: dict[str, Any] = {}
    while isinstance(sampler, partial):
        parameters = {**sampler.keywords, **parameters}
        sampler = sampler.func
    text = inspect.getdoc(sampler) or ""
    place = f"{getattr(sampler, '__module__', '?')}.{getattr(sampler, '__qualname__', '?')}"
    lines = [line for part in text.split("\n\n")[:2] for line in _wrapped(" ".join(part.split()))]
    for name, value in parameters.items():
        shape = getattr(value, "shape", None)
        few = shape is None or getattr(value, "size", 0) <= 16
        if not isinstance(value, partial) and not callable(value):
            shown = " ".join(repr(value).split()) if few else f"array of shape {shape}"
            lines += _wrapped(f"{name} = {shown}")
        else:
            lines.append(f"  {name}:")
            lines += [f"  {line}" for line in _construction(value)]
    return [*lines, f"  in {place}"]


def _suite(name: str) -> str:
    tasks = suite_names(name)
    shown = ", ".join(tasks)
    return "\n".join([f"{name}: suite of {len(tasks)} tasks", "", *_wrapped(shown)])


def _flag(code: str) -> str:
    sentence = getattr(flags, code)(**EXAMPLES.get(code, {}))[1]
    lines = [f"{code}: flag, {flags.FLAGS[code]}", "", "As an estimate might say it, with a remedy"]
    return "\n".join([*lines, *_wrapped(sentence)])
