"""Read files."""

from __future__ import annotations

import hashlib
from typing import ClassVar, Literal

from headrace.core import (
    Connection,
    Field,
    Frame,
    Json,
    Location,
    NewColumn,
    Origin,
    Run,
    Slice,
    WithErrors,
)
from headrace.storage.formats import FilesFound, FileStyle

Text = str | tuple[str, ...]


class Files(Origin):
    """Read CSV, JSON lines or Parquet files from this machine or from S3."""

    rejects: ClassVar[bool] = True
    reads_columns: ClassVar[bool] = True

    path: Location | tuple[Location, ...] = Field(
        description="A file, a folder, or a pattern with `*`, `**`, `?`, `[…]`, `{a,b}`; or several of them. "
        "Names that begin with `_` or `.` are left out unless spelled.",
        examples=["data/*.csv", "s3://raw/housing/**/*.parquet"],
    )
    exclude: tuple[str, ...] = Field(default=(), description="Patterns of files to leave out.")
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the default chain (`AWS_*`)."
    )
    format: Literal["auto", "csv", "json", "parquet"] = Field(
        default="auto", description="`auto` goes by the first file's name; `json` is one object per line."
    )
    read_mode: Literal["all", "new"] = Field(
        default="all",
        alias="read",
        description="`new`: only what no run has read yet, or what has changed since.",
    )
    allow_missing: bool = Field(
        default=False, description="No file at all is no error; needs `schema` or earlier files."
    )
    declared_schema: str | dict[str, str] | None = Field(
        default=None,
        alias="schema",
        description="The columns, instead of inferring them: `id bigint, price double`, or a mapping.",
    )
    header: bool = Field(default=True, description="CSV: the first line names the columns.")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="CSV: between fields.")
    quote: str | None = Field(default='"', max_length=1, description="CSV: around fields; null: nothing.")
    escape: str | None = Field(
        default=None, max_length=1, description="CSV: before a quote inside quotes; without it, doubled."
    )
    null_values: tuple[str, ...] = Field(
        default=(), description="CSV: texts that mean null beside the empty one."
    )
    multiline: bool = Field(
        default=True, description="CSV: line breaks may stand inside quotes. `false` lets S3 files be cut."
    )
    encoding: str = Field(
        default="utf-8", description="CSV, JSON: how text is encoded.", examples=["latin-1"]
    )
    compression: Literal["auto", "none", "gzip", "bzip2"] = Field(
        default="auto", description="CSV, JSON: `auto` goes by the name's ending."
    )
    file_column: NewColumn | None = Field(default=None, description="A column with each row's file.")
    sample_files: int = Field(default=10, ge=1, description="How many files the schema is inferred from.")
    sample_mb: float = Field(default=4.0, gt=0, description="How much of each of them, in megabytes.")

    def _style(self) -> FileStyle:
        return FileStyle.model_validate({name: getattr(self, name) for name in FileStyle.model_fields})

    def _found(self, run: Run) -> FilesFound:
        paths = (self.path,) if isinstance(self.path, str) else self.path
        connection = run.connection(self.connection) if self.connection else None
        return FilesFound.search(paths, self.exclude, connection, run.folder)

    def read(self, run: Run) -> Frame | WithErrors:
        """Every file that matches, or those of the slice."""
        found = self._found(run)
        chosen = found.chosen(run.slice)
        reading = self._style().reading(found, chosen, allow_missing=self.allow_missing)
        if run.purpose == "run":
            run.used(*found.versions(chosen))
        return reading.read(run)

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """With `read: new`, the files whose name or version the offset does not have."""
        return self._found(run).since(offset) if self.read_mode == "new" else None

    def input_version(self, run: Run) -> str | None:
        """Changes with any file's version and with this configuration."""
        marks = [f"{info.key} {info.mark}" for info in self._found(run).infos]
        text = "\n".join([self.model_dump_json(), *marks])
        return hashlib.sha256(text.encode()).hexdigest()
