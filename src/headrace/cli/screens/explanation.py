"""A plan, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from headrace.cli.output import OUT, table

if TYPE_CHECKING:
    from headrace.app.documents import Explanation, StageView
    from headrace.core import Schema

__all__ = ["show_explanation"]

WIDTH = 12
"""Columns of a schema that fit in a cell; the rest are counted."""


def show_explanation(found: Explanation) -> None:
    """The graph as text, then every stage with its columns."""
    OUT.print(f"[bold]{escape(found.pipeline)}[/] on [bold]{found.engine}[/]: {escape(found.why_engine)}")
    if found.parameters:
        OUT.print("parameters: " + escape(", ".join(f"{k}={v}" for k, v in found.parameters.items())))
    OUT.print()
    for line in draw(found.stages):
        OUT.print(escape(line))
    OUT.print()
    drawn = table("stage", "type", "columns after it")
    before: dict[str, Schema] = {}
    for stage in found.stages:
        shown = [
            _columns(output, schema, _input_schema(stage, before)) for output, schema in stage.schemas.items()
        ]
        drawn.add_row(
            stage.name + (" (kept)" if stage.kept else ""), f"[dim]{stage.type}[/]", "\n".join(shown)
        )
        before |= {
            f"{stage.name}.{output}" if output else stage.name: s for output, s in stage.schemas.items()
        }
    OUT.print(drawn)


def draw(stages: tuple[StageView, ...]) -> list[str]:
    """The graph, a line a stage: what it reads from is above it and to the left."""
    depth: dict[str, int] = {}
    lines = []
    for stage in stages:
        sources = [lane.split(".")[0] for lane in stage.inputs.values()]
        depth[stage.name] = 1 + max((depth.get(source, 0) for source in sources), default=-1)
        arrow = f"  ◂ {', '.join(stage.inputs.values())}" if stage.inputs else ""
        lines.append(f"{'   ' * depth[stage.name]}{'└─ ' if sources else '●  '}{stage.name}{arrow}")
    return lines


def _input_schema(stage: StageView, before: dict[str, Schema]) -> Schema | None:
    lanes = list(stage.inputs.values())
    return before.get(lanes[0]) if len(lanes) == 1 else None


def _columns(output: str, schema: Schema, previous: Schema | None) -> str:
    """All columns after an origin, only what changed after a stage with one input."""
    head = f"[bold]{output}[/] " if output else ""
    if previous is not None:
        added = [c for c in schema if previous.get(c.name) is None or previous.get(c.name) != c]
        gone = [c.name for c in previous if schema.get(c.name) is None]
        if len(added) + len(gone) <= WIDTH:
            parts = [f"+{c.name} {c.type}" for c in added] + [f"−{name}" for name in gone]
            return head + escape(", ".join(parts) or "as before") + f" [dim]({len(schema)} columns)[/]"
    shown = ", ".join(f"{c.name} {c.type}" for c in schema.columns[:WIDTH])
    more = len(schema) - WIDTH
    return head + escape(shown) + (f" [dim]and {more} more[/]" if more > 0 else "")
