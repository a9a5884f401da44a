"""XML, an element for each row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from headrace.core import DataRefused, Schema
from headrace.storage.datasource import arrow_type
from headrace.storage.formats.chunks import chunks_of
from headrace.storage.formats.encoders import Encoder
from headrace.storage.formats.kind import FileKind
from headrace.storage.formats.packing import compression_of
from headrace.storage.formats.ranges import broken_file
from headrace.storage.formats.rows import RAW_LIMIT, BadRow, Lines, Refuse, Split
from headrace.storage.formats.text import TextFormat
from headrace.storage.formats.typed_text import typed_table
from headrace.storage.formats.xml_encode import HEAD, TAIL, xml_rows
from headrace.storage.formats.xml_records import (
    columns_of_records,
    last_record_end,
    parse_record,
    parse_records,
    record_spans,
)
from headrace.storage.objects import ObjectStore

if TYPE_CHECKING:
    from typing import Any

    import pyarrow as pa

    from headrace.storage.formats.encoders import HashedFile
    from headrace.storage.formats.styles import ReadStyle, WriteStyle

ENCODING = re.compile(rb"<\?xml[^>]*\sencoding\s*=\s*[\"']([\w.-]+)[\"']")


class Xml(FileKind):
    """Elements called ``row_tag``, wherever they stand."""

    endings: ClassVar[tuple[str, ...]] = (".xml",)
    compressions: ClassVar[tuple[str, ...]] = ("none", "gzip", "bzip2", "zstd")
    wrapped: ClassVar[bool] = True

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> XmlRows:
        """Blocks of whole elements."""
        return XmlRows(style.encoding, style.compression, style.row_tag, frozenset(style.null_values))

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """A root called ``rows`` around them."""
        return _Elements(file, schema, style.row_tag)


class _Elements(Encoder):
    def __init__(self, file: HashedFile, schema: pa.Schema, tag: str) -> None:
        super().__init__(file, schema)
        self._tag = tag
        file.write(HEAD)

    def _write(self, table: pa.Table) -> None:
        self._file.write(xml_rows(table, self._tag))

    def _end(self) -> None:
        self._file.write(TAIL)


@dataclass(frozen=True)
class XmlRows(TextFormat):
    """Elements of one name; what is around them is not looked at."""

    tag: str = "row"
    nulls: frozenset[str] = frozenset()

    def last_end(self, block: bytes) -> int:
        """The end of the last whole element."""
        return last_record_end(block, self.tag)

    def in_blocks(self, store: ObjectStore, key: str) -> bool:
        """Never: a comment may hold what looks like a row."""
        del store, key
        return False

    def _declared(self, store: ObjectStore, split: Split) -> XmlRows:
        """With the encoding that the file itself declares."""
        if self.encoding.lower() not in ("utf-8", "utf8"):
            return self
        packing = compression_of(split.key, self.compression)
        whole = replace(split, start=0, step=4096)
        head = next(chunks_of(store, whole, 0, split.end, compression=packing, encoding="utf-8"), b"")
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return replace(self, encoding="utf-16")
        found = ENCODING.search(head[:1000])
        return replace(self, encoding=found[1].decode()) if found else self

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table per block."""
        import pyarrow as pa

        constant = {name for name, _ in split.constants}
        target = pa.schema([(e.name, arrow_type(e.type, zone)) for e in wanted if e.name not in constant])
        lines = Lines(store, split, plain=False)
        tail = b""
        for block in self._declared(store, split).blocks(store, split):
            rows = _Rows(bytes(block), self.tag, split.location, lines.now(), refuse)
            lines.passed(block)
            tail = block[rows.end :]
            if rows.texts:
                yield rows.table(target, self.nulls)
        _check_end(tail, split.location)

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Numbers, booleans, dates and timestamps by their looks; elements that repeat are arrays."""
        records: list[dict[str, Any]] = []
        size = 0
        for block in self._declared(store, split).blocks(store, split):
            spans = [(first, last) for first, last in record_spans(block, self.tag) if last is not None]
            texts = [block[first:last] for first, last in spans]
            records += parse_records(texts) or _readable(texts)
            size += len(block)
            if size >= limit:
                break
        if size and not records:
            raise DataRefused(
                "row-tag-not-found",
                f"'{split.location}' has no element '{self.tag}'.",
                hint="Set `row_tag` to what its rows are called.",
            )
        return Schema.of(columns_of_records(records)) if records else None


def _check_end(tail: bytes, location: str) -> None:
    """A file that was cut off between two rows does not close what it has opened."""
    if b"</" not in tail and tail.strip():
        raise broken_file(location, "XML")


def _readable(texts: list[bytes]) -> list[dict[str, Any]]:
    found = []
    for each in texts:
        try:
            found.append(parse_record(each))
        except ValueError:
            continue  # which reading will tell
    return found


class _Rows:
    """The rows of one block."""

    def __init__(self, block: bytes, tag: str, location: str, line: int, refuse: Refuse) -> None:
        self._block, self._location, self._line, self._refuse = block, location, line, refuse
        spans = list(record_spans(block, tag))
        if spans and spans[-1][1] is None:
            raise broken_file(location, "XML", f"its last '{tag}' does not end.")
        self._starts = [first for first, _ in spans]
        self.end = spans[-1][1] if spans else 0
        self.texts = [block[first:last] for first, last in spans]

    def _blame(self, index: int, code: str, column: str | None, message: str) -> None:
        line = self._line + self._block[: self._starts[index]].count(b"\n")
        raw = self.texts[index].decode(errors="replace")[:RAW_LIMIT]
        self._refuse(BadRow(code, message, column, self._location, line, raw))

    def table(self, target: pa.Schema, nulls: frozenset[str]) -> pa.Table:
        """The good ones."""
        records = parse_records(self.texts)
        places = list(range(len(self.texts)))
        if records is None:
            records, places = self._one_by_one()
        return typed_table(
            records,
            target,
            nulls,
            lambda row, column, message: self._blame(places[row], "bad-value", column, message),
        )

    def _one_by_one(self) -> tuple[list[dict[str, Any]], list[int]]:
        records, places = [], []
        for index, text in enumerate(self.texts):
            try:
                records.append(parse_record(text))
                places.append(index)
            except ValueError as error:
                self._blame(index, "bad-xml", None, str(error))
        return records, places
