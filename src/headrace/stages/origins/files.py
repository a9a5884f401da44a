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
    Origin,
    Run,
    Slice,
    WithErrors,
)
from headrace.storage.formats import FilesFound, ReadStyle, reading_of

Text = str | tuple[str, ...]


class Files(Origin, ReadStyle):
    """Read files: CSV, TSV, JSON, Parquet, Avro, ORC, XML, Excel, text, or as they are."""

    rejects: ClassVar[bool] = True
    reads_columns: ClassVar[bool] = True

    path: Location | tuple[Location, ...] = Field(
        description="A file, a folder, or a pattern with `*`, `**`, `?`, `[…]`, `{a,b}`; or several of them. "
        "Names that begin with `_` or `.` are left out unless spelled.",
        examples=["data/*.csv", "s3://raw/housing/**/*.parquet"],
    )
    exclude: tuple[str, ...] = Field(default=(), description="Patterns of files to leave out.")
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the vendor's default chain."
    )
    read_mode: Literal["auto", "all", "new"] = Field(
        default="auto",
        alias="read",
        description="`new`: only what no run has read yet, or what has changed since. `auto`: `new` in a "
        "stream, else `all`. `all` in a stream: every file again in every batch, as a lookup wants.",
    )
    allow_missing: bool = Field(
        default=False, description="No file at all is no error; needs `schema` or earlier files."
    )

    def _found(self, run: Run) -> FilesFound:
        paths = (self.path,) if isinstance(self.path, str) else self.path
        connection = run.connection(self.connection) if self.connection else None
        return FilesFound.search(paths, self.exclude, connection, run.folder)

    def read(self, run: Run) -> Frame | WithErrors:
        """Every file that matches, or those of the slice."""
        found = self._found(run)
        chosen = found.chosen(run.slice)
        reading = reading_of(self, found, chosen, allow_missing=self.allow_missing)
        if run.purpose == "run":
            run.used(*found.versions(chosen))
        return reading.read(run)

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """With `read: new`, the files whose name or version the offset does not have."""
        new = self.read_mode == "new" or (self.read_mode == "auto" and run.reads_new)
        return self._found(run).since(offset) if new else None

    def input_version(self, run: Run) -> str | None:
        """Changes with any file's version and with this configuration."""
        marks = [f"{info.key} {info.mark}" for info in self._found(run).infos]
        text = "\n".join([self.model_dump_json(), *marks])
        return hashlib.sha256(text.encode()).hexdigest()
