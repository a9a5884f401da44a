"""Avro: blocks as splits, only the wanted columns, through our stores."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.core import DataRefused, HeadraceError, Schema
from headrace.storage.datasource import arrow_type
from headrace.storage.formats.avro_types import (
    avro_schema,
    columns_of,
    converter,
    named_types,
    own_name,
)
from headrace.storage.formats.avro_values import plain_values
from headrace.storage.formats.encoders import Encoder
from headrace.storage.formats.kind import FileKind
from headrace.storage.formats.ranges import RangeFile, broken_file
from headrace.storage.formats.rows import Format, Refuse, Split
from headrace.storage.objects import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.formats.encoders import HashedFile
    from headrace.storage.formats.styles import ReadStyle, WriteStyle

CODECS = {"none": "null", "gzip": "deflate", "zstd": "zstandard"}
SYNC = 16
LOOK = 1 << 20
ROWS = 65_536


class Avro(FileKind):
    """Records in blocks, and a header that says their types."""

    endings: ClassVar[tuple[str, ...]] = (".avro",)
    compressions: ClassVar[tuple[str, ...]] = ("snappy", "none", "gzip", "bzip2", "zstd")
    library: ClassVar[str | None] = "fastavro"

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> AvroFiles:
        """Nothing to choose: the files say everything themselves."""
        return AvroFiles()

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """A block for every 64 KB or so."""
        return _Records(file, schema, style.compression)

    def check(self, schema: pa.Schema) -> None:
        """Types that Avro has."""
        avro_schema(schema)


class _Records(Encoder):
    def __init__(self, file: HashedFile, schema: pa.Schema, compression: str) -> None:
        from fastavro.write import Writer

        super().__init__(file, schema)
        own = avro_schema(schema)
        self._names = [each["name"] for each in own["fields"]]
        self._writer = Writer(file, own, codec=CODECS.get(compression, compression), sync_interval=1 << 16)

    def _write(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=ROWS):
            for row in zip(*plain_values(batch), strict=True):
                self._writer.write(dict(zip(self._names, row, strict=True)))

    def _end(self) -> None:
        self._writer.flush()


class _Window:
    """A file up to some byte, for a library that reads on until nothing comes."""

    def __init__(self, store: ObjectStore, split: Split) -> None:
        self.file = io.BufferedReader(RangeFile(store, split.key, split.size), 1 << 20)
        self.end = split.size

    def read(self, size: int = -1) -> bytes:
        left = self.end - self.file.tell()
        return self.file.read(left if size < 0 else min(size, left))

    def tell(self) -> int:
        return self.file.tell()


@dataclass(frozen=True)
class AvroFiles(Format):
    """Reads block by block."""

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table for about as many bytes as a step has."""
        del refuse
        window = _Window(store, split)
        reader = _opened(window, split.location)
        start = window.tell()
        fields = _wanted(reader.writer_schema, wanted)
        rows = _Rows(reader.writer_schema, fields, split.location, zone)
        reader = _opened(_rewound(window), split.location, rows.projection) if rows.projection else reader
        window.file.seek(max(start, split.start))
        window.end = split.end
        yield from _tables(reader, window, rows, split)

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """The header's schema."""
        del limit
        return columns_of(_opened(_Window(store, split), split.location).writer_schema, split.location)

    def edges(self, store: ObjectStore, split: Split, targets: list[int]) -> list[int]:
        """The first block behind each target: blocks end with a mark of sixteen bytes."""
        window = _Window(store, split)
        _opened(window, split.location)
        start = window.tell()
        window.file.seek(start - SYNC)
        mark = window.read(SYNC)
        return [_next_block(window, mark, max(start, target), split.end) for target in targets]


def _rewound(window: _Window) -> _Window:
    window.file.seek(0)
    return window


def _opened(window: _Window, location: str, projection: Any = None) -> Any:
    from fastavro import block_reader

    try:
        return block_reader(window, reader_schema=projection)
    except HeadraceError:
        raise
    except Exception as error:  # the library raises whatever it stumbles over
        raise broken_file(location, "Avro") from error


def _next_block(window: _Window, mark: bytes, target: int, end: int) -> int:
    window.file.seek(target - SYNC)
    at, held = target - SYNC, b""
    while piece := window.read(LOOK):
        held += piece
        place = held.find(mark)
        if place >= 0:
            return min(at + place + SYNC, end)
        at, held = at + len(held) - SYNC + 1, held[1 - SYNC :]
    return end


def _wanted(schema: dict[str, Any], wanted: Schema) -> list[tuple[dict[str, Any], str]]:
    """The file's fields that are asked for, and by which name."""
    names = {each.name.casefold(): each.name for each in wanted}
    found = [(each, names.get(own_name(each).casefold())) for each in schema.get("fields", ())]
    return [(each, name) for each, name in found if name is not None]


class _Rows:
    """Records as columns."""

    def __init__(
        self, schema: dict[str, Any], fields: list[tuple[dict[str, Any], str]], location: str, zone: str
    ) -> None:
        known = named_types(schema)
        some = [each for each, _ in fields]
        types = columns_of(schema, location, some)
        whole = len(some) == len(schema["fields"]) or len(known) > 1  # fields may name types of others
        self.projection = None if whole else {**schema, "fields": some or schema["fields"][:1]}
        self.columns = [
            (each["name"], name, arrow_type(column.type, zone))
            for (each, name), column in zip(fields, types, strict=True)
        ]
        self.changes = [converter(each["type"], known) for each, _ in fields]

    def table(self, records: list[dict[str, Any]]) -> pa.Table:
        """The wanted columns of some records; of none, as many rows."""
        import pyarrow as pa

        if not self.columns:
            return pa.table({"": pa.nulls(len(records))})
        made = []
        for (name, _, kind), change in zip(self.columns, self.changes, strict=True):
            values = [each[name] for each in records]
            made.append(pa.array(values if change is None else [change(each) for each in values], kind))
        return pa.table(made, [name for _, name, _ in self.columns])


def _tables(reader: Any, window: _Window, rows: _Rows, split: Split) -> Iterator[pa.Table]:
    import pyarrow as pa

    records: list[dict[str, Any]] = []
    begun = done = window.tell()
    try:
        for block in reader:
            records.extend(block)
            done = window.tell()
            if done - begun >= split.step or len(records) >= ROWS:
                made = [rows.table(records)]
                records, begun = [], done
                yield made.pop()
        if records:
            yield rows.table(records)
    except (HeadraceError, GeneratorExit):
        raise
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataRefused("unreadable-file", f"'{split.location}': {error}.") from error
    except Exception as error:  # the library raises whatever it stumbles over
        raise broken_file(split.location, "Avro") from error
    if done < split.end:
        raise broken_file(split.location, "Avro")
