"""Where events go: to the run's record and to whoever watches, with every secret taken out first."""

from __future__ import annotations

import json
import logging
import math
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from headrace.core import Event, Json, LogWritten, RunFinished, Secret, Value

__all__ = ["Reporter", "RunLogHandler"]

Sink = Callable[[dict[str, Json]], None]
SHORTEST_SECRET = 4
"""Shorter ones would black out half of every text."""
LOG_BYTES = 5_000_000
"""A run's log is cut here: a stage that prints without end fills no disk."""


class Reporter:
    """Hands events, masked and JSON-ready, to sinks in order. Safe from any thread."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = list(sinks)
        self._secrets: set[str] = set()
        self._lock = threading.Lock()
        self._log_bytes = 0
        self._process = os.getpid()
        self._ended = False
        self.settle: Callable[[], None] = lambda: None
        """Brings in what is still on its way, before the end is told."""

    def add_sink(self, sink: Sink) -> None:
        """One more listener, for events from now on."""
        with self._lock:
            self._sinks.append(sink)

    def hide(self, value: Any) -> None:
        """Every secret inside ``value`` is masked from now on."""
        if isinstance(value, Secret):
            text = value.reveal()
            if len(text) >= SHORTEST_SECRET:
                self._secrets.update(
                    {text, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]}
                )
        elif isinstance(value, Value):
            self.hide({name: getattr(value, name) for name in type(value).model_fields})
        elif isinstance(value, Mapping):
            for each in value.values():
                self.hide(each)
        elif isinstance(value, list | tuple):
            for each in value:
                self.hide(each)

    def mask(self, text: str) -> str:
        """``text`` with ``•••`` for every known secret."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "•••")
        return text

    def emit(self, event: Event | Mapping[str, Json]) -> None:
        """Tells every sink; the run's end is the last they hear. A fork has none: it logs to its output."""
        if os.getpid() != self._process:
            if isinstance(event, LogWritten):
                os.write(1, f"{event.message}\n".encode(errors="replace"))
            return
        if isinstance(event, RunFinished):
            self.settle()
        plain = event.to_json() if isinstance(event, Event) else dict(event)
        if isinstance(event, LogWritten) and not self._room_for(event):
            return
        masked = self._masked(plain)
        with self._lock:
            for sink in () if self._ended else self._sinks:
                sink(masked)
            self._ended = self._ended or isinstance(event, RunFinished)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Secret):
            return "•••"
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, Mapping):
            return dict(self._masked_items(value))
        if isinstance(value, list | tuple):
            return [self._masked(each) for each in value]
        return value if isinstance(value, int | float | bool | None) else str(value)

    def _masked_items(self, value: Mapping[Any, Any]) -> Any:
        for key, each in value.items():
            if isinstance(each, float) and not math.isfinite(each):
                yield str(key), None
                yield f"{key}!", "nan" if math.isnan(each) else ("inf" if each > 0 else "-inf")
            else:
                yield self.mask(str(key)), self._masked(each)

    def _room_for(self, event: LogWritten) -> bool:
        before, self._log_bytes = self._log_bytes, self._log_bytes + len(event.message)
        if before <= LOG_BYTES < self._log_bytes:
            cut = LogWritten(level="warning", message=f"The log is cut here: over {LOG_BYTES:,} characters.")
            self.emit(cut.to_json())
        return self._log_bytes <= LOG_BYTES


class RunLogHandler(logging.Handler):
    """Turns log records of stages into events."""

    def __init__(self, reporter: Reporter, stage: str | None) -> None:
        super().__init__()
        self._reporter = reporter
        self._stage = stage

    def emit(self, record: logging.LogRecord) -> None:
        """One event a record; a message of any length is cut at 10,000 characters."""
        message = self.format(record)[:10_000]
        self._reporter.emit(LogWritten(level=record.levelname.lower(), message=message, stage=self._stage))
