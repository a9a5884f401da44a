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

STRIPE = 64 << 20
SHORTEST = 256 << 10
CATALYST = b"spark.sql.catalyst.type"
"""A property of columns in files that Spark has written."""


class Orc(FileKind):
    """Columns, stripes, and a footer that says their types."""

    endings: ClassVar[tuple[str, ...]] = (".orc",)
    compressions: ClassVar[tuple[str, ...]] = ("snappy", "none", "gzip", "zstd")

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> OrcFiles:
        """Nothing to choose: the files say everything themselves."""
        return OrcFiles()

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """Stripes of 64 MB at most, smaller ones where files shall be small."""
        size = STRIPE if style.file_mb is None else int(style.file_mb * (1 << 19))
        return _Stripes(file, schema, style.compression, min(STRIPE, max(SHORTEST, size)))


class _Stripes(Encoder):
    def __init__(self, file: HashedFile, schema: pa.Schema, compression: str, stripe: int) -> None:
        import pyarrow.orc as po

        super().__init__(file, schema)
        named = {"none": "uncompressed", "gzip": "zlib"}.get(compression, compression)
        self._writer = po.ORCWriter(file, compression=named, stripe_size=stripe)

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
        return schema_of(_columns(_open(store, split)))

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


def _meant(field: pa.Field) -> pa.DataType:
    """The type that Spark meant: it writes instants without a zone, and moments without one as numbers."""
    import pyarrow as pa

    kind = (field.metadata or {}).get(CATALYST, b"").decode()
    if kind == "timestamp" and pa.types.is_timestamp(field.type) and field.type.tz is None:
        return pa.timestamp(field.type.unit, "UTC")
    return pa.timestamp("us") if kind == "timestamp_ntz" and pa.types.is_int64(field.type) else field.type


def _columns(file: po.ORCFile) -> pa.Schema:
    """The file's columns as they are meant."""
    import pyarrow as pa

    return pa.schema([(each.name, _meant(each)) for each in file.schema])


def _as_meant(column: pa.Array, field: pa.Field) -> pa.Array:
    meant = _meant(field)
    return column if column.type == meant else column.view(meant)


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
    own = file.schema
    made = [_as_meant(batch.column(places.index(place)), own.field(place)) for place, _ in columns]
    return pa.table(made, [name for _, name in columns])
