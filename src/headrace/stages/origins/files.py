"""Read files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import ClassVar

from headrace.core import (
    Connection,
    Field,
    Frame,
    Issue,
    Json,
    Location,
    Origin,
    Run,
    Slice,
    Stage,
    Staged,
    WithErrors,
)
from headrace.storage.formats import Arrivals, FilesFound, ReadStyle, reading_of, sliced

Text = str | tuple[str, ...]


class Files(Origin, ReadStyle, Arrivals):
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
    allow_missing: bool = Field(
        default=False, description="No file at all is no error; needs `schema` or earlier files."
    )

    def _paths(self) -> tuple[str, ...]:
        return (self.path,) if isinstance(self.path, str) else self.path

    def _found(self, run: Run) -> FilesFound:
        connection = run.connection(self.connection) if self.connection else None
        if run.slice is not None and run.slice.items:
            return sliced(self._paths(), connection, run.folder, run.slice)
        return FilesFound.search(self._paths(), self.exclude, connection, run.folder)

    def read(self, run: Run) -> Frame | WithErrors:
        """Every file that matches, or those of the slice."""
        found = self._found(run)
        chosen = () if run.slice is not None and not run.slice.items else found.infos
        reading = reading_of(self, found, chosen, allow_missing=self.allow_missing)
        if run.purpose == "run":
            run.used(*found.versions(chosen))
        return reading.read(run)

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """The oldest files that are new, where an offset is kept."""
        return self.next_of(self._found(run), offset) if self.reads_new(run) else None

    def afterwards(self, part: Slice, run: Run) -> Staged | None:
        """With `after`, deletes or moves the files of the slice."""
        return self.cleared(self._paths(), self.connection, part, run)

    def mistakes(self, sources: Mapping[str, tuple[Stage, str | None]]) -> Iterable[Issue]:
        """Settings that have no meaning together."""
        yield from super().mistakes(sources)
        yield from self.arrival_mistakes()

    def input_version(self, run: Run) -> str | None:
        """Changes with any file's version and with this configuration."""
        marks = [f"{info.key} {info.mark}" for info in self._found(run).infos]
        text = "\n".join([self.model_dump_json(), *marks])
        return hashlib.sha256(text.encode()).hexdigest()
