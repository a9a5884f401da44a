"""Write files."""

from __future__ import annotations

from typing import Literal

from headrace.core import Columns, Connection, Destination, Field, Frame, Location, Run, Staged
from headrace.storage.formats import Writing
from headrace.storage.objects import StagedFiles


class Files(Destination):
    """Write CSV, JSON lines or Parquet files to this machine or to S3, all of them or none."""

    path: Location = Field(
        description="The folder that gets the files.", examples=["out/prices", "s3://archive/housing"]
    )
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the default chain (`AWS_*`)."
    )
    format: Literal["csv", "json", "parquet"] = Field(
        default="parquet", description="`json` is one object per line."
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
    compression: Literal["auto", "none", "gzip", "snappy", "zstd"] = Field(
        default="auto", description="`auto` is snappy for Parquet, none for text."
    )
    header: bool = Field(default=True, description="CSV: name the columns in the first line.")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="CSV: between fields.")

    def write(self, frame: Frame, run: Run) -> Staged:
        """Stages the files below the destination, hidden; nothing is visible before ``publish``."""
        writing = Writing(
            format=self.format,
            partition_by=self.partition_by,
            files=self.files,
            compression=self.compression,
            header=self.header,
            delimiter=self.delimiter,
        )
        writing.check(frame)
        staged = StagedFiles.begin(self.path, self.connection, run, file_format=self.format, mode=self.mode)
        return staged.holding(writing.write(frame, staged, run))
