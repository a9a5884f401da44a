"""Write files."""

from __future__ import annotations

from typing import Literal

from headrace.core import Columns, Connection, Destination, Field, Frame, Location, Run, Staged
from headrace.storage.formats import WriteStyle, Writing
from headrace.storage.objects import StagedFiles


class Files(Destination, WriteStyle):
    """Write files, all of them or none: CSV, TSV, JSON, Parquet, Avro, ORC, XML, Excel, text."""

    path: Location = Field(
        description="The folder that gets the files.", examples=["out/prices", "s3://archive/housing"]
    )
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the vendor's default chain."
    )
    mode: Literal["append", "overwrite", "error"] = Field(
        default="append",
        description="With files there already: add to them, replace them, or refuse to run.",
    )
    partition_by: Columns = Field(
        default=(), description="Columns that become folders, `day=2024-01-31/`.", examples=[["day"]]
    )
    files: int | None = Field(
        default=None,
        ge=1,
        description="How many files at most (per folder); without it, the engine's partitions.",
    )

    def write(self, frame: Frame, run: Run) -> Staged:
        """Stages the files below the destination, hidden; nothing is visible before ``publish``."""
        writing = Writing(style=WriteStyle.part_of(self), partition_by=self.partition_by, files=self.files)
        writing.check(frame)
        staged = StagedFiles.begin(self.path, self.connection, run, file_format=self.format, mode=self.mode)
        return staged.holding(writing.write(frame, staged, run))
