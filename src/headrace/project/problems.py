"""Where a problem is in a document, and how its words are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.core import Issue, did_you_mean

__all__ = ["Path", "Problems", "kind_of", "show"]

Path = tuple[str, ...]
"""Keys and list positions from the top of a document, all as text."""
SHOWN = 60
"""Characters of a user's text that a message repeats."""


@dataclass(slots=True)
class Problems:
    """Collects issues of one file; a path becomes line, stage and field."""

    file: str | None = None
    lines: Mapping[Path, int] = field(default_factory=dict)
    found: list[Issue] = field(default_factory=list)

    def add(
        self, code: str, message: str, *path: str, hint: str | None = None, line: int | None = None
    ) -> None:
        """One more issue, at ``line``, or at that of ``path`` or of the nearest thing around it."""
        stage = path[1] if len(path) > 1 and path[0] == "stages" else None
        inside = path[2:] if stage is not None else path
        place = self.line(*path) if line is None else line
        self.found.append(Issue(code, message, self.file, place, stage, ".".join(inside) or None, hint))

    def unknown_keys(self, given: Iterable[str], known: Iterable[str], what: str, *path: str) -> None:
        """An issue for each key that ``what`` does not have."""
        names = tuple(known)
        for key in given:
            if key not in names:
                hint = did_you_mean(key, names)
                self.add("unknown-key", f"{what} has no key {show(key)}.", *path, key, hint=hint)

    def wrong_type(self, what: str, value: Any, wanted: str, *path: str, hint: str | None = None) -> None:
        """An issue for a value of another kind than the one wanted."""
        self.add("wrong-type", f"{what} is {kind_of(value)}; it has to be {wanted}.", *path, hint=hint)

    def one_of(self, value: Any, allowed: tuple[str, ...], what: str, *path: str) -> bool:
        """Whether ``value`` is one of the words allowed; an issue when it is not."""
        if isinstance(value, str) and value in allowed:
            return True
        words = ", ".join(f"'{each}'" for each in allowed)
        close = did_you_mean(value, allowed) if isinstance(value, str) else None
        hint = close if close and close.startswith("Did") else None
        shown = show(value) if isinstance(value, str) else kind_of(value)
        self.add("unknown-choice", f"{what} is {shown}; it can be {words}.", *path, hint=hint)
        return False

    def in_order(self) -> tuple[Issue, ...]:
        """Every issue, from the top of the file to its end."""
        return tuple(sorted(self.found, key=lambda issue: issue.line or 0))

    def line(self, *path: str) -> int | None:
        """The line of ``path``, or of the nearest thing around it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None


def show(text: str) -> str:
    """A user's text in quotes, on one line and not too long."""
    plain = " ".join(text.split()) if text.strip() else text
    plain = "".join(each if each.isprintable() else "·" for each in plain[: SHOWN + 1])
    return f"'{plain[:SHOWN]}…'" if len(plain) > SHOWN else f"'{plain}'"


def kind_of(value: Any) -> str:
    """What a value is, in a reader's words."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list | tuple) else "a mapping"
