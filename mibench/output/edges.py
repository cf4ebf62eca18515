"""Pairs of columns as the edges of a network, in files that network tools read."""

from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from ..errors import encodable
from .files import whole_file
from .safe import to_csv

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

EDGES = (".csv", ".graphml")
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
"""


def write_edges(pairs: "pd.DataFrame", nodes: "Iterable[object]", units: str, path: Path) -> int:
    """Write the pairs that did not fail as edges; returns how many there are.

    A csv file has the columns source, target and weight, as Gephi, Cytoscape, networkx and igraph
    read, then the others of the pairs. A GraphML file has all columns as nodes.

    Args:
        pairs: As `Pairwise.table`.
        nodes: The names of all columns.
        units: "bits" or "nats", of the weight.
        path: Of a .csv or .graphml file.
    """
    done = pairs[pairs["error"] == ""]
    edges = done.rename(columns={"x": "source", "y": "target"}).assign(weight=done[units])
    attributes = [name for name in ("p_value", "q_value", "rows", "flags") if name in edges]
    edges = edges[["source", "target", "weight", *attributes]]
    with whole_file(path) as part:
        if path.suffix.lower() == ".csv":
            to_csv(edges, part)
        else:
            with part.open("w", encoding="utf-8") as file:
                file.writelines(_graphml(edges, nodes, units))
    return len(edges)


def _graphml(edges: "pd.DataFrame", nodes: "Iterable[object]", units: str) -> "Iterable[str]":
    """The lines of a GraphML file: nodes n0, n1, ... with their names as labels, and edges."""
    kinds = {name: "string" if name == "flags" else "double" for name in edges.columns[2:]}
    kinds |= {"rows": "int"} if "rows" in kinds else {}
    yield HEAD
    yield '<key id="label" for="node" attr.name="label" attr.type="string"/>\n'
    for name, kind in kinds.items():
        yield f'<key id="{name}" for="edge" attr.name="{name}" attr.type="{kind}"/>\n'
    yield '<key id="units" for="graph" attr.name="units" attr.type="string"/>\n'
    yield f'<graph edgedefault="undirected">\n<data key="units">{units}</data>\n'
    ids: dict[object, str] = {}
    for node in nodes:
        ids[node] = f"n{len(ids)}"
        yield f'<node id={quoteattr(ids[node])}><data key="label">{_text(node)}</data></node>\n'
    for source, target, *values in edges.itertuples(index=False):
        data = "".join(
            f'<data key="{name}">{_text(value)}</data>'
            for name, value in zip(kinds, values, strict=True)
            if value == value and value != ""
        )
        yield f'<edge source="{ids[source]}" target="{ids[target]}">{data}</edge>\n'
    yield "</graph>\n</graphml>\n"


def _text(value: object) -> str:
    """A value as text of XML, without the characters that XML cannot hold."""
    shown = encodable(repr(value) if isinstance(value, float) else str(value))
    return escape("".join(c for c in shown if c in "\t\n\r" or c >= " ").replace("\ufffe", ""))
