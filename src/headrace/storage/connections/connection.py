"""What all connections have in common: a kind, secrets that never print, and who looks around in them."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, model_validator

from headrace.core import InvalidCall, Secret, Value

__all__ = ["Connection", "Explorer", "Found", "explore"]


class Connection(Value):
    """One system that a project talks to, frozen. Its subclasses declare ``kind`` as a literal.

    Credentials belong to a connection, never to the process: two of one kind with different endpoints and
    keys work in one pipeline.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    secrets: ClassVar[tuple[str, ...]] = ()
    """Fields of type :class:`Secret`: a plain text in them becomes one at once, so that it never prints."""
    explorer: ClassVar[str | None] = None
    """``module:Class`` of the :class:`Explorer`; named, not imported, because it stands on this room."""

    @model_validator(mode="before")
    @classmethod
    def _hide(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        plain = {name: given[name] for name in cls.secrets if isinstance(given.get(name), str)}
        return given | {name: Secret("", value) for name, value in plain.items()}


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a connection holds: a bucket, an object, a topic, a schema, a table, a column."""

    name: str
    kind: str
    detail: str = ""
    """One phrase: a size and a date, a type, a number of partitions."""
    inside: bool = False
    """Whether it can be browsed in turn, by its name after the path it was found at."""


class Explorer(ABC):
    """Looks around in a connection for a person; changes nothing. Raises core's errors."""

    def __init__(self, connection: Connection, base: Path) -> None:
        self.connection = connection
        self.base = base
        """The project's folder: relative locations start here."""

    @abstractmethod
    def check(self) -> str:
        """Connects with the credentials given, and says in one sentence what answered."""

    @abstractmethod
    def browse(self, path: str = "", limit: int = 1000) -> list[Found]:
        """What is at ``path``, sorted by name; empty: the outermost things."""


def explore(connection: Connection, base: Path) -> Explorer:
    """Who looks around in this connection. Raises ``InvalidCall`` (``cannot-browse``) when nobody can."""
    if connection.explorer is None:
        kind = getattr(connection, "kind", type(connection).__name__)
        raise InvalidCall("cannot-browse", f"Connections of kind '{kind}' cannot be looked into.")
    module, _, name = connection.explorer.partition(":")
    made: type[Explorer] = getattr(importlib.import_module(module), name)
    return made(connection, base)
