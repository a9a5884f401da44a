"""Read a Delta table."""

from __future__ import annotations

from typing import ClassVar

from headrace.core import Connection, Field, Frame, Location, Origin, Run
from headrace.storage.lakes import open_delta, place_of, read_delta


class Delta(Origin):
    """Read a Delta Lake table from this machine or from S3, as it is now or as it was."""

    reads_columns: ClassVar[bool] = True

    path: Location = Field(
        description="The table's folder.", examples=["lake/orders", "s3://lake/curated/orders"]
    )
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the default chain (`AWS_*`)."
    )
    version: int | None = Field(default=None, ge=0, description="Read this version instead of the latest.")
    at: str | None = Field(
        default=None,
        description="Read the version of this moment: ISO 8601, UTC unless it says otherwise.",
        examples=["2026-01-31T12:00:00"],
    )

    def read(self, run: Run) -> Frame:
        """The rows of one version."""
        place = place_of(self.path, run.connection(self.connection) if self.connection else None, run.folder)
        return read_delta(place, open_delta(place, self.version, self.at), run)

    def input_version(self, run: Run) -> str | None:
        """The table's version."""
        place = place_of(self.path, run.connection(self.connection) if self.connection else None, run.folder)
        return f"{self.model_dump_json()} {open_delta(place, self.version, self.at).version()}"
