"""Runs in lists, and one of them whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from headrace.app.progress import number, rows_in_words, sentence
from headrace.cli.live import MARKS
from headrace.cli.output import OUT, count, table

if TYPE_CHECKING:
    from headrace.runner import RunResult

__all__ = ["log_line", "show_result", "show_runs", "written"]


def show_runs(found: list[RunResult]) -> None:
    """A line a run."""
    if not found:
        OUT.print("No runs yet. Start one with [bold]headrace run DOCUMENT[/].")
        return
    drawn = table("", "run", "pipeline", "engine", "seconds", "models", "outcome", right=["seconds"])
    for each in found:
        mark, style = MARKS[each.state]
        models = ", ".join(f"{m.name or 'unregistered'} {m.version or ''}".strip() for m in each.models)
        decided = ", ".join(p.decision for p in each.promotions)
        outcome = each.error.message if each.error else decided or each.state
        shown = escape(outcome if len(outcome) < 60 else outcome[:59] + "…")
        drawn.add_row(
            f"[{style}]{mark}[/]",
            each.run_id,
            escape(each.pipeline),
            each.engine or "",
            f"{each.seconds:.1f}",
            escape(models),
            shown,
        )
    OUT.print(drawn)


def show_result(result: RunResult) -> None:
    """Everything about one run that fits a screen."""
    mark, style = MARKS[result.state]
    what = f"[bold]{result.run_id}[/] {escape(result.pipeline)} on {result.engine}"
    OUT.print(f"[{style}]{mark} {result.state}[/] {what}")
    OUT.print(f"started {result.started}, took {result.seconds:.1f} s")
    if result.parameters:
        OUT.print("parameters: " + escape(", ".join(f"{k}={v}" for k, v in result.parameters.items())))
    right = ("rows in", "rows out", "errors", "seconds")
    drawn = table("", "stage", "type", *right, right=right)
    for stage in result.stages:
        mark, style = MARKS[stage.state]
        seconds = f"{stage.seconds:.1f}" if stage.seconds is not None else ""
        errors = count(stage.error_rows) if stage.error_rows else ""
        drawn.add_row(
            f"[{style}]{mark}[/]",
            escape(stage.name),
            f"[dim]{stage.type}[/]",
            count(stage.rows_in),
            count(stage.rows_out),
            errors,
            seconds,
        )
    OUT.print(drawn)
    for output in result.outputs:
        place = escape(str(output.get("location") or output["kind"]))
        OUT.print(f"wrote {place} ({count(output.get('rows'))} rows)")
    for model in result.models:
        metrics = ", ".join(
            f"{k} {number(v, 6)}"
            for k, v in model.metrics.items()
            if isinstance(v, int | float) and "." not in k
        )
        OUT.print(f"model {escape(str(model.name))} version {model.version}: {metrics}")
    for promotion in result.promotions:
        told = sentence({"event": "promotion_decided", **promotion.model_dump()})
        OUT.print(escape(told or ""))
    if result.state == "cancelled":
        OUT.print(written(result), markup=False)
    elif result.error:
        OUT.print(f"[red]{escape(result.error.message)}[/] {escape(result.error.hint or '')}")


def written(result: RunResult) -> str:
    """What a cancelled run has left for others to see."""
    wrote = [str(output.get("location") or output["stage"]) for output in result.outputs]
    return f"Written before it stopped: {', '.join(wrote) or 'nothing'}."


def log_line(event: Mapping[str, Any]) -> str | None:
    """An event as a line of the log; ``None`` for those that only machines read."""
    clock = str(event.get("at", ""))[11:19]
    name = event["event"]
    stage = f"{event['stage']}: " if event.get("stage") else ""
    if name == "log_written":
        return f"{clock} {event['level']:<7} {stage}{event['message']}"
    if name in ("stage_started", "stage_finished"):
        state = "started" if name == "stage_started" else event["state"] + rows_in_words(event)
        return f"{clock} info    {stage}{state}"
    if name == "run_finished":
        error = f": {event['error']['message']}" if event["error"] else ""
        return f"{clock} info    run {event['state']} after {event['seconds']:.1f} s{error}"
    told = sentence(event)
    return f"{clock} info    {told}" if told is not None else None
