"""SQLite: a database in a file."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field

from .connection import Connection

__all__ = ["SqliteConnection"]


class SqliteConnection(Connection):
    """A SQLite database. A destination makes the file where it is missing."""

    explorer: ClassVar[str | None] = "headrace.storage.databases.explorer:DatabaseExplorer"

    kind: Literal["sqlite"] = "sqlite"
    path: str = Field(
        description="The file; a relative path starts at the project's folder.", examples=["data/shop.db"]
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, description="How long to wait while somebody else is writing."
    )
