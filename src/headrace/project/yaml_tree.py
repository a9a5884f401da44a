"""The parser's events → plain values with the line of each.

The values are built from the parser's events in one pass: nothing is constructed twice, nothing recurses, and
no tag can name a type. Plain scalars follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema):
``yes`` and ``2026-01-31`` are text.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from headrace.core import Json

from .problems import Path, Problems, show
from .scalars import NotANumber, plain_value

__all__ = ["Tree", "TreeBuilder", "Unreadable"]

DEPTH_LIMIT = 64
ALIASED_LIMIT = 10_000
"""Values that aliases may add in all: what a person repeats, far from what a bomb expands to."""
MERGE = "<<"
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Tree:
    """A document's plain values and the line of every key and list item."""

    value: Json
    lines: dict[Path, int]


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is being filled."""

    container: Any
    path: Path
    anchor: str | None
    line: int
    keep: bool = True
    """Whether the result goes anywhere: the value of a second, equal key does not."""
    key: str | None = None
    keep_value: bool = True
    key_lines: dict[str, int] = field(default_factory=dict)
    merges: list[Json] = field(default_factory=list)


class Unreadable(Exception):
    """Nothing after this can be understood."""


class TreeBuilder:
    """Takes the parser's events one by one; ``value`` and ``lines`` are what they say."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.value: Json = None
        self.lines: dict[Path, int] = {}
        self.documents = 0
        self.aliased = 0
        self.anchors: dict[str, Json] = {}
        self.frames: list[_Frame] = []
        self._handlers: dict[str, Callable[[Any], None]] = {
            "DocumentStartEvent": self._start_document,
            "ScalarEvent": self._take_scalar,
            "AliasEvent": self._take_alias,
            "MappingStartEvent": self._open_mapping,
            "SequenceStartEvent": self._open_list,
            "MappingEndEvent": self._end_mapping,
            "SequenceEndEvent": self._end_list,
        }

    def take(self, event: Any) -> None:
        """The next event of the parser."""
        handler = self._handlers.get(type(event).__name__)
        if handler is not None:
            handler(event)

    def _issue(self, code: str, message: str, event: Any, hint: str | None = None) -> None:
        self.problems.add(code, message, *self._path(), hint=hint, line=event.start_mark.line + 1)

    def _path(self) -> Path:
        if not self.frames:
            return ()
        frame = self.frames[-1]
        if isinstance(frame.container, list):
            return (*frame.path, str(len(frame.container)))
        return (*frame.path, frame.key) if frame.key is not None else frame.path

    def _start_document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._issue("several-documents", "The file holds several documents, separated by '---'.", event)
            raise Unreadable

    def _take_scalar(self, event: Any) -> None:
        self._check_tag(event)
        text: str = event.value
        if not text.isascii() and SURROGATE.search(text):
            self._issue("control-character", "The text holds half of a surrogate pair.", event)
            text = SURROGATE.sub("", text)
        if self._wants_key():
            self._take_key(text, event, plain=event.implicit[0])
            return
        value: Json = text
        if event.implicit[0]:
            try:
                value = plain_value(text)
            except NotANumber as error:
                self._issue("invalid-number", str(error), event, "Put it in quotes to make it text.")
        self._store(value, event.start_mark.line + 1)
        if event.anchor:
            self.anchors[event.anchor] = value

    def _take_alias(self, event: Any) -> None:
        value: Json = None
        if event.anchor not in self.anchors:
            why = f"No anchor '&{event.anchor}' is complete before it."
            self._issue(
                "yaml-alias", f"The alias {show('*' + event.anchor)} cannot be followed. {why}", event
            )
        else:
            value = self.anchors[event.anchor]
            self.aliased += _count(value, ALIASED_LIMIT)
            if self.aliased > ALIASED_LIMIT:
                message = f"Aliases repeat more than {ALIASED_LIMIT:,} values."
                self._issue("yaml-alias", message, event, "Write the values out, or use parameters.")
                raise Unreadable
            value = copy.deepcopy(value)
        if self._wants_key():
            self._issue("yaml-key", "A key has to be text; here it is an alias.", event)
            self.frames[-1].key, self.frames[-1].keep_value = "", False
        else:
            self._store(value, event.start_mark.line + 1)

    def _open_mapping(self, event: Any) -> None:
        self._open({}, event)

    def _open_list(self, event: Any) -> None:
        self._open([], event)

    def _open(self, container: Any, event: Any) -> None:
        self._check_tag(event)
        if len(self.frames) >= DEPTH_LIMIT:
            self._issue("yaml-nesting", f"More than {DEPTH_LIMIT} levels are nested in each other.", event)
            raise Unreadable
        keep = self.frames[-1].keep and self.frames[-1].keep_value if self.frames else True
        frame = _Frame(container, self._path(), event.anchor, event.start_mark.line + 1, keep)
        if self._wants_key():
            message = "A key has to be text; here it is a list or a mapping."
            self._issue("yaml-key", message, event, "Put a text that begins with '{' or '[' in quotes.")
            frame.keep = False
        self.frames.append(frame)

    def _end_mapping(self, _event: Any) -> None:
        frame = self.frames.pop()
        for merged in frame.merges:
            for key, value in merged.items():
                frame.container.setdefault(key, value)
        self._close(frame)

    def _end_list(self, _event: Any) -> None:
        self._close(self.frames.pop())

    def _close(self, frame: _Frame) -> None:
        if frame.anchor:
            self.anchors[frame.anchor] = frame.container
        if self._wants_key():
            self.frames[-1].key, self.frames[-1].keep_value = "", False
            return
        self._store(frame.container, frame.line)

    def _wants_key(self) -> bool:
        return (
            bool(self.frames) and isinstance(self.frames[-1].container, dict) and self.frames[-1].key is None
        )

    def _take_key(self, key: str, event: Any, *, plain: bool) -> None:
        frame = self.frames[-1]
        line = event.start_mark.line + 1
        frame.key, frame.keep_value = key, True
        if plain and key in ("", MERGE):
            if not key:
                self._issue("yaml-key", "A key is missing before ':'.", event)
                frame.keep_value = False
            return
        path = (*frame.path, key)
        if key in frame.container:
            first = frame.key_lines[key]
            message = f"The key {show(key)} is given twice, on lines {first} and {line}."
            self._issue("duplicate-key", message, event, "Keep one of them.")
            frame.keep_value = False
        else:
            frame.container[key] = None
            frame.key_lines[key] = line
            if frame.keep:
                self.lines[path] = line

    def _store(self, value: Json, line: int) -> None:
        if not self.frames:
            self.value = value
            return
        frame = self.frames[-1]
        if isinstance(frame.container, list):
            if frame.keep:
                self.lines[(*frame.path, str(len(frame.container)))] = line
            frame.container.append(value)
            return
        if frame.key == MERGE and MERGE not in frame.container:
            self._merge(frame, value, line)
        elif frame.keep_value and frame.key is not None:
            frame.container[frame.key] = value
        frame.key = None

    def _merge(self, frame: _Frame, value: Json, line: int) -> None:
        sources = value if isinstance(value, list) else [value]
        if all(isinstance(each, dict) for each in sources):
            frame.merges.extend(sources)
        else:
            self.problems.add(
                "yaml-alias", "'<<' takes a mapping, or a list of mappings.", *frame.path, line=line
            )

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            message = f"The tag {show(str(event.tag).replace('tag:yaml.org,2002:', '!!'))} is refused."
            self._issue("yaml-tag", message, event, "Write the plain value; quotes make it text.")


def _count(value: Json, limit: int) -> int:
    """Values inside ``value``, itself included; stops counting beyond ``limit``."""
    count, waiting = 0, [value]
    while waiting and count <= limit:
        each = waiting.pop()
        count += 1
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
    return count
