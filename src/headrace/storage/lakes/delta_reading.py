"""Rows of a Delta table: its log tells the files, and our own readers read them, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from headrace.core import Frame, InputVersion, Run, Schema
from headrace.storage.formats import Format, Refuse, Split
from headrace.storage.objects import ObjectStore

from .delta_table import open_delta, schema_of_delta
from .failures import in_our_words
from .places import Place
from .reading import TableFile, frame_of_files, frame_of_scan, no_rows, wanted_columns

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

__all__ = ["active_files", "read_delta"]

HARD = {"deletionVectors", "columnMapping"}
"""Features with which a file's rows are not the table's rows: delta-rs reads such tables itself."""


def read_delta(place: Place, table: DeltaTable, run: Run) -> Frame:
    """The table's rows at its version."""
    schema = wanted_columns(schema_of_delta(table), run)
    if run.purpose == "run":
        run.used(InputVersion(place.location, version=str(table.version())))
    if run.purpose == "analyse":
        return no_rows(run, schema)
    if HARD & set(table.protocol().reader_features or ()):
        size = sum(file.size for file in active_files(place, table))
        split = Split(place.folder, place.location, 0, size, size)
        form = _ThroughLibrary(place, table.version())
        return frame_of_scan(place.store, form, ((split,),), schema, run)
    return frame_of_files(place.store, active_files(place, table), schema, run)


def active_files(place: Place, table: DeltaTable) -> list[TableFile]:
    """The data files of this version."""
    import pyarrow as pa

    with in_our_words(place.location):
        rows = pa.table(table.get_add_actions()).to_pylist()
    return [
        TableFile(
            key_of(place, row["path"]),
            row["size_bytes"],
            tuple((row.get("partition") or {}).items()),
            row["num_records"],
        )
        for row in rows
    ]


def key_of(place: Place, path: str) -> str:
    """A path as the log spells it: percent-encoded, relative to the table or (shallow clones) a whole URL."""
    plain = unquote(path)
    return place.store.key(plain) if "://" in plain else place.folder + plain


@dataclass(frozen=True)
class _ThroughLibrary(Format):
    """The whole table in one stream, as delta-rs reads it."""

    place: Place
    version: int

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table per batch."""
        import pyarrow as pa

        del store, split, zone, refuse
        table = open_delta(self.place, self.version)
        with in_our_words(self.place.location):
            for batch in pa.RecordBatchReader.from_stream(table.scan(columns=list(wanted.names))):
                yield pa.Table.from_batches([batch])

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Never asked: the log tells the schema."""
        del store, split, limit
        return None
