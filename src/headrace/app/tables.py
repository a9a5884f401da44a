"""How pipelines and rows look in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from headrace.core import Pipeline
from headrace.runner import RunResult

__all__ = ["explanation_html", "graph_html", "result_html", "rows_html"]

SHOWN_COLUMNS = 20


def graph_html(pipeline: Pipeline) -> str:
    """The stages as a table: what each is, reads from and does."""
    rows = [
        (node.name, node.type, ", ".join(map(str, node.inputs)), node.description)
        for node in pipeline.stages.values()
    ]
    return _titled(pipeline.name, pipeline.description) + _table(("stage", "type", "from", ""), rows)


def explanation_html(explained: Mapping[str, Any]) -> str:
    """The plan: engine and why, each stage with the columns after it, and what is wrong."""
    rows = [
        (stage["name"], stage["type"], ", ".join(stage["from"].values()), _columns(stage["outputs"]))
        for stage in explained["stages"]
    ]
    issues = [(issue["severity"], issue["stage"], issue["message"]) for issue in explained["issues"]]
    return (
        _titled(explained["pipeline"], f"on {explained['engine']}: {explained['why_engine']}")
        + _table(("stage", "type", "from", "columns after it"), rows)
        + _table(("issue", "stage", ""), issues)
    )


def result_html(result: RunResult) -> str:
    """How a run ended: its stages with their rows, models, decisions and outputs."""
    error = f". {result.error.message}" if result.error else ""
    stages = [
        (each.name, each.type, each.state, each.rows_in, each.rows_out, each.error_rows, each.seconds)
        for each in result.stages
    ]
    models = [(each.name, each.version, _numbers(each.metrics)) for each in result.models]
    decided = [(each.model, each.version, each.decision, each.reason) for each in result.promotions]
    written = [(each.get("stage"), each.get("location"), each.get("rows")) for each in result.outputs]
    return (
        _titled(result.pipeline, f"{result.state} {result.run_id} in {result.seconds:.1f} s{error}")
        + _table(("stage", "type", "", "rows in", "rows out", "error rows", "seconds"), stages)
        + _table(("model", "version", "metrics"), models)
        + _table(("model", "version", "decision", "reason"), decided)
        + _table(("output of", "location", "rows"), written)
    )


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


def _titled(title: str, text: str) -> str:
    return f"<h4>{escape(title)}</h4><p>{escape(text)}</p>"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Nothing where there are no rows."""
    if not rows:
        return ""
    first = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{_shown(each)}</td>" for each in row) + "</tr>" for row in rows)
    return f"<table><tr>{first}</tr>{body}</table>"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int | float) else escape(str(value))


def _columns(outputs: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    return "; ".join(
        (f"{name}: " if name else "") + ", ".join(f"{each['name']} {each['type']}" for each in columns)
        for name, columns in outputs.items()
    )


def _numbers(metrics: Mapping[str, Any]) -> str:
    """The holdout's metrics; those of folds have a dot in their name."""
    plain = {name: value for name, value in metrics.items() if "." not in name}
    return ", ".join(
        f"{name} {value:,.4g}" if isinstance(value, int | float) else f"{name} {value}"
        for name, value in plain.items()
    )
