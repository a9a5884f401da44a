"""``${env:NAME}`` and ``${secret:NAME}`` in the values of a connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from headrace.core import Json, Secret

__all__ = ["Unresolved", "has_reference", "references", "resolved"]

REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")


class Unresolved(Exception):
    """A reference that leads nowhere: its path in the value, its space (``env``, ``secret``) and its name."""

    def __init__(self, path: tuple[str, ...], space: str, name: str) -> None:
        super().__init__(f"{space}:{name}")
        self.path, self.space, self.name = path, space, name


def has_reference(value: Json) -> bool:
    """Whether a value is a text that holds a reference."""
    return isinstance(value, str) and "${" in value


def references(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every reference in a value: its path, its space and its name."""
    for inside, each in _entries(value):
        yield from references(each, (*path, inside))
    if isinstance(value, str):
        for match in REFERENCE.finditer(value):
            if match.group(1) is not None:
                space, _, name = match.group(1).strip().partition(":")
                yield path, space, name


def _entries(value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        yield from ((str(key), each) for key, each in value.items())
    elif isinstance(value, list):
        yield from ((str(index), each) for index, each in enumerate(value))


def resolved(
    value: Json,
    look_up: Callable[[str, str], str | Secret | None],
    missing: list[Unresolved],
    path: tuple[str, ...] = (),
) -> Any:
    """``value`` with every reference replaced; a text with a secret in it becomes a :class:`Secret` whole."""
    if isinstance(value, dict):
        return {key: resolved(each, look_up, missing, (*path, str(key))) for key, each in value.items()}
    if isinstance(value, list):
        return [resolved(each, look_up, missing, (*path, str(i))) for i, each in enumerate(value)]
    return _text(value, look_up, missing, path) if has_reference(value) else value


def _text(
    text: str,
    look_up: Callable[[str, str], str | Secret | None],
    missing: list[Unresolved],
    path: tuple[str, ...],
) -> str | Secret:
    hidden: list[str] = []

    def replacement(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return "${"
        space, _, name = match.group(1).strip().partition(":")
        found = look_up(space, name)
        if found is None:
            missing.append(Unresolved(path, space, name))
            return ""
        if isinstance(found, Secret):
            hidden.append(found.name)
            return found.reveal()
        return found

    plain = REFERENCE.sub(replacement, text)
    return Secret(hidden[0], plain) if hidden else plain
