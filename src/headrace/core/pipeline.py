"""The pipeline document as frozen values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .errors import Issue
from .values import Json, Value

__all__ = ["Lane", "Node", "OnError", "Parameter", "Pipeline", "Source"]

OnError = Literal["stop", "discard", "route"]
ERRORS = "errors"
"""The output that carries the error rows of a stage with ``on_error: route``."""


class Parameter(Value):
    """A value that a run may choose: its type and its bounds."""

    type: Literal["string", "integer", "number", "boolean", "date", "list"] = "string"
    default: Json = None
    description: str = ""
    minimum: float | str | None = None
    maximum: float | str | None = None
    choices: tuple[Json, ...] | None = None
    required: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """One arrow: from a stage's output (``None``: its default one) to a port (``None``: by position)."""

    stage: str
    output: str | None = None
    port: str | None = None

    def __str__(self) -> str:
        return f"{self.stage}.{self.output}" if self.output else self.stage


@dataclass(frozen=True, slots=True)
class Node:
    """One stage of the document: its type, its unbound configuration and what it reads from."""

    name: str
    type: str
    config: Mapping[str, Json] = field(default_factory=dict)
    inputs: tuple[Lane, ...] = ()
    description: str = ""
    on_error: OnError = "stop"
    cache: bool = False
    disabled: bool = False
    max_errors: int | str | None = None
    """Rows that may fail in a batch: a number, or a share such as ``2 %``."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document came from: its file, its text, and the line of every key in it."""

    file: str | None = None
    text: str = ""
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    def line(self, *path: str) -> int | None:
        """The line of a path, or of the nearest thing around it: ``line("stages", "load", "path")``."""
        for end in range(len(path), 0, -1):
            found = self.lines.get(tuple(path[:end]))
            if found is not None:
                return found
        return None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A whole document. Equal documents are equal values, wherever they came from."""

    name: str
    stages: Mapping[str, Node]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    description: str = ""
    engine: str | None = None
    counts: Literal["stages", "ends", "off"] = "stages"
    mode: Literal["batch", "streaming"] = "batch"
    interval: float | None = None
    """Seconds from the start of one batch of a stream to the next, at least."""
    layout: Mapping[str, Json] = field(default_factory=dict, compare=False)
    source: Source = field(default_factory=Source, compare=False, repr=False)

    def issue(
        self,
        code: str,
        message: str,
        *,
        stage: str | None = None,
        field: str | None = None,
        path: tuple[str, ...] | None = None,
        hint: str | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> Issue:
        """An issue at a stage's field, or at any ``path`` of the document, with its file and line."""
        if path is None:
            path = ("stages", stage, *(field or "").split(".")) if stage else ()
        return Issue(code, message, self.source.file, self.source.line(*path), stage, field, hint, severity)

    def to_json(self) -> dict[str, Any]:
        """The document's meaning as plain values: no layout, no comments, no positions."""
        return {
            "headrace": 1,
            "kind": "pipeline",
            "name": self.name,
            "description": self.description,
            "engine": self.engine,
            "counts": self.counts,
            **({"mode": self.mode, "interval": self.interval} if self.mode == "streaming" else {}),
            "parameters": {
                name: parameter.model_dump(mode="json", exclude_defaults=True)
                for name, parameter in self.parameters.items()
            },
            "stages": {name: _node_json(node) for name, node in self.stages.items()},
        }

    def digest(self) -> str:
        """SHA-256 over the meaning: key order, comments and layout do not change it."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def _node_json(node: Node) -> dict[str, Any]:
    marks = {"description": node.description, "cache": node.cache, "disabled": node.disabled}
    plain = {"type": node.type, **{key: value for key, value in marks.items() if value}, **node.config}
    if node.on_error != "stop":
        plain["on_error"] = node.on_error
    if node.max_errors is not None:
        plain["max_errors"] = node.max_errors
    if node.inputs:
        plain["from"] = [{"lane": str(lane), "port": lane.port} for lane in node.inputs]
    return plain
