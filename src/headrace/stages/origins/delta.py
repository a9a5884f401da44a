"""Read a Delta table."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from headrace.core import Connection, Field, Frame, Json, Location, Origin, Run, Slice
from headrace.storage.lakes import DeltaReading


class Delta(Origin):
    """Read a Delta Lake table: as it is, as it was, or what is new in it."""

    reads_columns: ClassVar[bool] = True

    path: Location = Field(
        description="The table's folder.", examples=["lake/orders", "s3://lake/curated/orders"]
    )
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the default chain (`AWS_*`)."
    )
    read_mode: Literal["all", "new"] = Field(
        default="all",
        alias="read",
        description="`new`: only rows of versions that no run has read yet; the first time, all of them.",
    )
    version: int | None = Field(default=None, ge=0, description="Read this version instead of the latest.")
    at: str | None = Field(
        default=None,
        description="Read the version of this moment: ISO 8601, UTC unless it says otherwise.",
        examples=["2026-01-31T12:00:00"],
    )
    since: int | None = Field(
        default=None,
        ge=0,
        description="Read only what came after this version, up to `version`, `at` or now.",
    )
    changes: bool = Field(
        default=False,
        description="Read what became of rows: the table's change data feed, with `_change_type`, "
        "`_commit_version` and `_commit_timestamp`.",
    )
    rewrites: Literal["stop", "skip"] = Field(
        default="stop",
        description="With `read: new` or `since`, and versions that changed or removed rows: refuse, or pass "
        "over those versions.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Delta:
        if self.version is not None and self.at is not None:
            raise ValueError("a table is read at a version or at a moment, not both")
        if self.read_mode == "new" and (self.version, self.at, self.since) != (None, None, None):
            raise ValueError("read: new decides itself which versions it reads")
        return self

    def _reading(self, run: Run) -> DeltaReading:
        return DeltaReading.of(
            self.path, self.connection, run, self.version, self.at, self.since, self.changes, self.rewrites
        )

    def read(self, run: Run) -> Frame:
        """The rows of one version, or what happened between two."""
        return self._reading(run).frame(run)

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """With `read: new`, the versions behind the offset's."""
        return self._reading(run).next_slice(offset) if self.read_mode == "new" else None

    def input_version(self, run: Run) -> str | None:
        """The table's version and this configuration."""
        return f"{self.model_dump_json()} {self._reading(run).latest()}"
