"""DuckDB: an analytical database in a file."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field

from .connection import Connection

__all__ = ["DuckdbConnection"]


class DuckdbConnection(Connection):
    """A DuckDB database. A destination makes the file where it is missing."""

    explorer: ClassVar[str | None] = "headrace.storage.databases.explorer:DatabaseExplorer"

    kind: Literal["duckdb"] = "duckdb"
    path: str = Field(
        description="The file; a relative path starts at the project's folder.", examples=["lake/shop.duckdb"]
    )
    memory_limit: str = Field(default="1GB", description="Memory it may take before it uses the disk.")
    retries: int = Field(
        default=4, ge=0, description="How often to try again while another process has the file open."
    )
