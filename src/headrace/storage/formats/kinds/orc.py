"""ORC: stripes as splits, only the wanted columns, through our stores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from headrace.core import HeadraceError, Schema
from headrace.storage.datasource import schema_of
from headrace.storage.formats.encoders import Encoder
from headrace.storage.formats.kind import FileKind
from headrace.storage.formats.ranges import RangeFile, broken_file
from headrace.storage.formats.rows import Format, Measured, Refuse, Split
from headrace.storage.objects import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.orc as po

    from headrace.storage.formats.encoders import HashedFile
    from headrace.storage.formats.styles import ReadStyle, WriteStyle


class Orc(FileKind):
    """Columns, stripes, and a footer that says their types."""

    endings: ClassVar[tuple[str, ...]] = (".orc",)
    compressions: ClassVar[tuple[str, ...]] = ("snappy", "none", "gzip", "zstd")

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> OrcFiles:
        """Nothing to choose: the files say everything themselves."""
        return OrcFiles()

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """One stripe per flush, or several."""
        return _Stripes(file, schema, style.compression)


class _Stripes(Encoder):
    def __init__(self, file: HashedFile, schema: pa.Schema, compression: str) -> None:
        import pyarrow.orc as po

        super().__init__(file, schema)
        named = {"none": "uncompressed", "gzip": "zlib"}.get(compression, compression)
        self._writer = po.ORCWriter(file, compression=named)

    def _write(self, table: pa.Table) -> None:
        self._writer.write(table)

    def _end(self) -> None:
        if not self.rows:
            self._writer.write(self.schema.empty_table())
        self._writer.close()


@dataclass(frozen=True)
class OrcFiles(Format):
    """Reads stripe by stripe."""

    def measured(self, store: ObjectStore, split: Split) -> Measured:
        """Stripes and rows, from the footer."""
        file = _open(store, split)
        return Measured(file.nstripes, file.nrows)

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table per stripe."""
        del zone, refuse
        file = _open(store, split)
        own = file.schema.names
        places = {name.casefold(): place for place, name in enumerate(own)}
        found = [
            (places[each.name.casefold()], each.name) for each in wanted if each.name.casefold() in places
        ]
        yield from map(partial(_stripe, file, found, split.location), range(split.start, split.end))

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """The footer's schema."""
        del limit
        return schema_of(_open(store, split).schema)

    def edges(self, store: ObjectStore, split: Split, targets: list[int]) -> list[int]:
        """Stripes are taken to be of one size: the file tells how many there are, and no more."""
        count = _open(store, split).nstripes
        return [round(target / split.size * count) for target in targets]


def _open(store: ObjectStore, split: Split) -> po.ORCFile:
    import pyarrow as pa
    import pyarrow.orc as po

    try:
        return po.ORCFile(split.key if store.is_local else RangeFile(store, split.key, split.size))
    except HeadraceError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise broken_file(split.location, "ORC") from error


def _stripe(file: po.ORCFile, columns: list[tuple[int, str]], location: str, number: int) -> pa.Table:
    """The columns that are wanted, in order and by the names that are wanted."""
    import pyarrow as pa

    places = sorted({place for place, _ in columns} or {0})
    try:
        batch = file.read_stripe(number, columns=places)
    except HeadraceError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise broken_file(location, "ORC") from error
    if not columns:
        return pa.table([batch.column(0)], [file.schema.names[0]])
    return pa.table(
        [batch.column(places.index(place)) for place, _ in columns], [name for _, name in columns]
    )
