"""A run as it happens: a table that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from headrace.app.progress import is_detail, sentence

from .output import count, table

if TYPE_CHECKING:
    from headrace.runner import RunProcess, RunResult

__all__ = ["MARKS", "RunView", "follow"]

COUNTS = ("rows_in", "rows_out", "error_rows")

MARKS = {
    "waiting": ("·", "dim"),
    "running": ("▸", "cyan"),
    "finished": ("✓", "green"),
    "failed": ("✗", "red"),
    "cancelled": ("■", "yellow"),
    "skipped": ("–", "dim"),
}


class RunView:
    """What is known of the run so far, and how to draw it."""

    def __init__(self, cancelling: Callable[[], bool] = lambda: False) -> None:
        self._cancelling = cancelling
        self.ended = False
        self.pipeline = ""
        self.engine = ""
        self.began = time.monotonic()
        self.stages: dict[str, dict[str, Any]] = {}
        self.notes: deque[Text] = deque(maxlen=12)
        self._streams = False

    def take(self, event: Mapping[str, Any]) -> str | None:
        """Learns from one event; gives the line that a plain listing prints for it, if any."""
        name = event["event"]
        if name == "run_started":
            self.pipeline, self.engine = event["pipeline"], event["engine"]
            self._streams = event.get("mode") == "streaming"
            self.stages = {stage: {"type": kind, "state": "waiting"} for stage, kind in event["stages"]}
            return sentence(event)
        stage = self.stages.get(event.get("stage") or "")
        if name == "stage_started" and stage is not None:
            stage.update(state="running", began=time.monotonic())
        elif name == "rows_counted" and stage is not None:
            before = _rows(stage)
            stage.update({key: event[key] for key in COUNTS})
            if _rows(stage) != before:
                stage["counted"] = time.monotonic()
        elif name == "stage_finished" and stage is not None:
            stage.update({key: event[key] for key in ("state", *COUNTS, "seconds")})
            return None if self._streams and is_detail(event) else sentence(event)
        if self._streams and is_detail(event):
            return None
        return self._note(event)

    def end(self, result: RunResult) -> None:
        """How it ended, which a run that was killed could not tell."""
        self.ended = True
        for stage in result.stages:
            self.stages.setdefault(stage.name, {"type": stage.type}).update(state=stage.state)

    def _note(self, event: Mapping[str, Any]) -> str | None:
        line = sentence(event)
        if line is not None:
            self.notes.append(Text(line, style="yellow" if event["event"] == "warned" else ""))
        return line

    def __rich__(self) -> Group:
        parts = [self._table()] if self.stages else []
        return Group(self._heading(), *parts, *self.notes)

    def _heading(self) -> Text:
        seconds = time.monotonic() - self.began
        text = f"{self.pipeline} on {self.engine}" if self.pipeline else "starting"
        stopping = "  stopping, for ten seconds at most" if self._cancelling() and not self.ended else ""
        return Text.assemble((f"{text}  {seconds:.1f} s", "bold"), (stopping, "yellow"))

    def _table(self) -> Table:
        right = ("rows in", "rows out", "errors", "rows/s", "seconds")
        drawn = table("", "stage", "type", *right, right=right)
        for name, stage in self.stages.items():
            mark, style = MARKS[stage["state"]]
            seconds = stage.get("seconds")
            if stage["state"] == "running":
                seconds = time.monotonic() - stage["began"]
            drawn.add_row(
                Text(mark, style=style),
                name,
                Text(stage["type"], style="dim"),
                count(stage.get("rows_in")),
                count(stage.get("rows_out")),
                count(stage["error_rows"]) if stage.get("error_rows") else "",
                _rate(stage),
                f"{seconds:.1f}" if seconds is not None else "",
            )
        return drawn


def _rows(stage: Mapping[str, Any]) -> int | None:
    """What a stage has taken in; an origin takes nothing in and gives out."""
    found: int | None = stage.get("rows_in") if stage.get("rows_in") is not None else stage.get("rows_out")
    return found


def _rate(stage: Mapping[str, Any]) -> str:
    """Rows a second until the latest were counted: a stage may go on without rows, as a training does."""
    rows = _rows(stage)
    seconds = stage.get("counted", 0.0) - stage.get("began", 0.0)
    return f"{rows / seconds:,.0f}" if rows and seconds > 0.05 else ""


def follow(process: RunProcess, console: Console) -> RunResult:
    """Shows a run until its end: a table that redraws itself, or a line for each event worth reading."""
    view = RunView(lambda: process.cancelling)
    if not console.is_terminal:
        for event in process.events():
            line = view.take(event)
            if line is not None:
                console.print(line, markup=False, soft_wrap=True)
        return process.result()
    with Live(view, console=console, refresh_per_second=8, transient=False):
        for event in process.events():
            view.take(event)
        result = process.result()
        view.end(result)
    return result
