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
        shown += [escape(stage.guarantee)] if stage.guarantee else []
        drawn.add_row(
            stage.name + (" (kept)" if stage.kept else ""), f"[dim]{stage.type}[/]", "\n".join(shown)
        )
        before |= {
            f"{stage.name}.{output}" if output else stage.name: s for output, s in stage.schemas.items()
        }
    OUT.print(drawn)


def draw(stages: tuple[StageView, ...]) -> list[str]:
    """The graph, a line a stage: branches move to the right, and the way on stays in its column.

    A stage comes as soon as all that it reads from is drawn, below the last of these.
    """
    sources = {stage.name: {lane.split(".")[0] for lane in stage.inputs.values()} for stage in stages}
    readers: dict[str, list[str]] = {stage.name: [] for stage in stages}
    for name, needed in sources.items():
        for source in needed:
            readers[source].append(name)
    lanes = {stage.name: ", ".join(stage.inputs.values()) for stage in stages}
    waiting = {name: set(needed) for name, needed in sources.items()}
    drawn: list[tuple[str, str]] = []
    todo = [(name, "", "") for name in reversed(sources) if not sources[name]]
    while todo:
        name, lead, column = todo.pop()
        drawn.append((f"{lead}● {name}", lanes[name]))
        for reader in readers[name]:
            waiting[reader].discard(name)
        ready = [reader for reader in readers[name] if not waiting[reader]]
        branches = [(reader, f"{column}├─", f"{column}│ ") for reader in ready[:-1]]
        todo += reversed([*branches, *((reader, column, column) for reader in ready[-1:])])
    width = min(max(len(line) for line, _ in drawn), 40) if drawn else 0
    return [f"{line:<{width}}  ◂ {lane}" if lane else line for line, lane in drawn]


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
