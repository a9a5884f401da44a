"""Write files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from headrace.core import (
    Columns,
    Connection,
    Destination,
    Field,
    Frame,
    Issue,
    Location,
    Run,
    Stage,
    Staged,
)
from headrace.storage.formats import WriteStyle, Writing, writing_mistakes
from headrace.storage.objects import StagedFiles


class Files(Destination, WriteStyle):
    """Write files, all of them or none: CSV, TSV, JSON, Parquet, Avro, ORC, XML, Excel, text."""

    path: Location = Field(
        description="The folder that gets the files.", examples=["out/prices", "s3://archive/housing"]
    )
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the vendor's default chain."
    )
    mode: Literal["append", "overwrite", "overwrite_partitions", "error"] = Field(
        default="append",
        description="With files there already: add to them, replace them, replace those in the folders of "
        "`partition_by` that get new ones, or refuse to run.",
    )
    partition_by: Columns = Field(
        default=(), description="Columns that become folders, `day=2024-01-31/`.", examples=[["day"]]
    )
    files: int | None = Field(
        default=None,
        ge=1,
        description="How many files at most (per folder); without it, the engine's partitions.",
    )

    success_marker: bool = Field(
        default=False, description="An empty file `_SUCCESS` when everything else is there."
    )

    def mistakes(self, sources: Mapping[str, tuple[Stage, str | None]]) -> Iterable[Issue]:
        """A compression that the format does not have, and the like."""
        del sources
        return writing_mistakes(self, self.mode, self.partition_by)

    def write(self, frame: Frame, run: Run) -> Staged:
        """Stages the files below the destination, hidden; nothing is visible before ``publish``."""
        writing = Writing(
            style=WriteStyle.part_of(self),
            partition_by=self.partition_by,
            files=self.files,
            only_touched=self.mode == "overwrite_partitions",
        )
        writing.check(frame)
        staged = StagedFiles.begin(
            self.path,
            self.connection,
            run,
            file_format=self.format,
            mode=self.mode,
            marked=self.success_marker,
        )
        return staged.holding(writing.write(frame, staged, run))
