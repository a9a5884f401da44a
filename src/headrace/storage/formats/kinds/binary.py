"""Files as they are: a row for each, with its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.core import DataRefused, Schema
from headrace.storage.formats.kind import FileKind
from headrace.storage.formats.rows import Format, Measured, Refuse, Split
from headrace.storage.objects import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.formats.styles import ReadStyle

LARGEST = 1 << 30
"""Bytes of one value: what a row holds is in memory whole."""
COLUMNS = {"path": "string", "modificationTime": "timestamp", "length": "bigint", "content": "binary"}
"""As Spark's ``binaryFile`` calls them."""


class Binary(FileKind):
    """``path``, ``modificationTime``, ``length`` and ``content``."""

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> WholeFiles:
        """Nothing to choose."""
        return WholeFiles()


@dataclass(frozen=True)
class WholeFiles(Format):
    """A row for each file; its bytes are fetched only where ``content`` is asked for."""

    fixed: ClassVar[bool] = True

    def measured(self, store: ObjectStore, split: Split) -> Measured:
        """One row."""
        return Measured(split.end, 1)

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One row."""
        import pyarrow as pa

        values: dict[str, Any] = {"path": split.location, "length": split.size}
        kinds = {"path": pa.string(), "length": pa.int64()}
        names = {each.name.casefold(): each.name for each in wanted}
        if "modificationtime" in names:
            info = store.stat(split.key)
            values["modificationTime"] = info.modified if info else None
            kinds["modificationTime"] = pa.timestamp("us", zone)
        if "content" in names:
            if split.size > LARGEST:
                raise DataRefused(
                    "value-does-not-fit",
                    f"'{split.location}' has {split.size:,} bytes, too many for one value.",
                    hint="Leave it out with `exclude`, or leave out the column `content`.",
                )
            values["content"] = store.read(split.key)
            kinds["content"] = pa.binary()
        yield pa.table(
            {names.get(name.casefold(), name): pa.array([values[name]], kind) for name, kind in kinds.items()}
        )

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Always the same."""
        del store, split, limit
        return Schema.of(COLUMNS)
