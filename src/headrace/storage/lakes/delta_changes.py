"""What a Delta log tells of the way between two versions: rows that came, or the change data feed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.core import ColumnType, DataRefused, Frame, InputVersion, Json, Run, Schema, Slice
from headrace.storage.formats import Format, Refuse, Split
from headrace.storage.objects import ObjectStore

from .delta_reading import active_files, key_of, read_delta
from .delta_table import open_delta, schema_of_delta
from .failures import in_our_words
from .places import Place
from .reading import frame_of_files, frame_of_scan, no_rows, wanted_columns

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

__all__ = ["FEED", "changes_between", "new_versions", "read_versions"]

FEED = (
    ColumnType("_change_type", "string"),
    ColumnType("_commit_version", "bigint"),
    ColumnType("_commit_timestamp", "timestamp"),
)
"""What the change data feed adds to the table's columns."""


def new_versions(place: Place, offset: Json) -> Slice:
    """From the offset's version to the latest; without one, the whole table as it is now."""
    table = open_delta(place)
    identity, latest = str(table.metadata().id), table.version()
    if offset is not None and offset["table"] != identity:
        raise DataRefused(
            "table-recreated",
            f"'{place.location}' is another table than the one that was read before.",
            hint="Reset the offset of this origin to read it from its start.",
        )
    first = None if offset is None else int(offset["version"])
    return Slice({"table": identity, "version": latest}, {"after": first, "to": latest})


def read_versions(
    place: Place, after: int | None, to: int, run: Run, *, skip_rewrites: bool = False
) -> Frame:
    """The rows that came after a version; ``None``: all that there were at ``to``."""
    table = open_delta(place, to)
    if after is None:
        return read_delta(place, table, run)
    schema = wanted_columns(schema_of_delta(table), run)
    if run.purpose == "analyse" or after >= to:
        return no_rows(run, schema)
    run.used(InputVersion(place.location, version=f"{after + 1}-{to}"))
    added = _added(place, after, to, skip_rewrites)
    files = [file for file in _every_file(place, table, after, to) if file.key in added]
    return frame_of_files(place.store, files, schema, run)


def _every_file(place: Place, table: DeltaTable, after: int, to: int) -> list[Any]:
    """Active files of the last version, and those that a rewrite in between has replaced."""
    found = {file.key: file for file in active_files(place, table)}
    for version in range(to, after, -1):
        if _log(place, version, "remove"):
            found |= {file.key: file for file in active_files(place, open_delta(place, version - 1))}
            found |= {file.key: file for file in active_files(place, open_delta(place, version))}
    return list(found.values())


def _added(place: Place, after: int, to: int, skip_rewrites: bool) -> set[str]:
    """Keys of the files that commits have brought; commits that only rearrange rows bring none."""
    keys: set[str] = set()
    for version in range(after + 1, to + 1):
        if any(each.get("dataChange", True) for each in _log(place, version, "remove")):
            if skip_rewrites:
                continue
            raise DataRefused(
                "rows-rewritten",
                f"Version {version} of '{place.location}' has changed or removed rows, not only added some.",
                hint="Set rewrites to skip, or changes: true on a table with delta.enableChangeDataFeed.",
            )
        adds = (each for each in _log(place, version, "add") if each.get("dataChange", True))
        keys |= {key_of(place, each["path"]) for each in adds}
    return keys


def _log(place: Place, version: int, kind: str) -> list[dict[str, Any]]:
    key = f"{place.folder}_delta_log/{version:020d}.json"
    if place.store.stat(key) is None:
        raise DataRefused(
            "no-such-table-version",
            f"The log of '{place.location}' does not tell version {version} any more.",
            hint="Reset the offset of this origin to read the table from its start.",
        )
    actions = (json.loads(line) for line in place.store.read(key).splitlines() if line.strip())
    return [action[kind] for action in actions if kind in action]


def changes_between(place: Place, after: int | None, to: int, run: Run) -> Frame:
    """The change data feed: the table's columns and what became of each row."""
    table = open_delta(place, to)
    if table.metadata().configuration.get("delta.enableChangeDataFeed", "").lower() != "true":
        raise DataRefused(
            "no-change-feed",
            f"'{place.location}' keeps no change data feed.",
            hint="Set delta.enableChangeDataFeed to true on it; the feed tells of what happens from then on.",
        )
    schema = wanted_columns(Schema((*schema_of_delta(table), *FEED)), run)
    first = 0 if after is None else after + 1
    if run.purpose == "analyse" or first > to:
        return no_rows(run, schema)
    run.used(InputVersion(place.location, version=f"{first}-{to}"))
    split = Split(place.folder, place.location, 0, 1 << 30, 1 << 30)
    return frame_of_scan(place.store, _Feed(place, first, to), ((split,),), schema, run)


@dataclass(frozen=True)
class _Feed(Format):
    """The feed in one stream, as delta-rs reads it."""

    place: Place
    first: int
    last: int

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table per batch."""
        import pyarrow as pa

        del store, split, zone, refuse
        with in_our_words(self.place.location):
            feed = open_delta(self.place).load_cdf(self.first, self.last, columns=list(wanted.names))
            for batch in pa.RecordBatchReader.from_stream(feed):
                yield pa.Table.from_batches([batch])

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Never asked: the log tells the schema."""
        del store, split, limit
        return None
