"""How pipelines and rows look in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from headrace.core import Pipeline

__all__ = ["graph_html", "rows_html"]

SHOWN_COLUMNS = 20


def graph_html(pipeline: Pipeline) -> str:
    """The stages as a table: what each is, reads from and does."""
    rows = "".join(
        f"<tr><td><b>{escape(node.name)}</b></td><td><code>{escape(node.type)}</code></td>"
        f"<td>{escape(', '.join(map(str, node.inputs)))}</td><td>{escape(node.description)}</td></tr>"
        for node in pipeline.stages.values()
    )
    head = "<tr><th>stage</th><th>type</th><th>from</th><th></th></tr>"
    return f"<h4>{escape(pipeline.name)}</h4><p>{escape(pipeline.description)}</p><table>{head}{rows}</table>"


def rows_html(title: str, side: Mapping[str, Any]) -> str:
    """``{schema, rows}`` as a table with types under the names."""
    columns = side["schema"][:SHOWN_COLUMNS]
    head = "".join(f"<th>{escape(c['name'])}<br><small>{escape(c['type'])}</small></th>" for c in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(row, c['name']))}</td>" for c in columns) + "</tr>"
        for row in side["rows"]
    )
    more = len(side["schema"]) - len(columns)
    rest = f"<p>and {more} more columns</p>" if more > 0 else ""
    return f"<h4>{escape(title)}</h4><table><tr>{head}</tr>{body}</table>{rest}"


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return str(row.get(f"{name}!", "null")) if value is None else str(value)
