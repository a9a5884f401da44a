"""From messages to rows: the value by its format, and what Kafka keeps beside it as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from headrace.core import ColumnType, DataRefused, Schema
from headrace.storage.datasource import NoteRow, arrow_schema
from headrace.storage.formats import RefuseRecord

from .topics import Place

if TYPE_CHECKING:
    import pyarrow as pa
    from confluent_kafka import Message

__all__ = ["REJECTED", "Decoder", "Plain", "Rows", "Sidecar"]

REJECTED = Schema.of(
    {
        "_error_code": "string",
        "_error_message": "string",
        "_error_column": "string",
        "_error_topic": "string",
        "_error_partition": "int",
        "_error_offset": "bigint",
        "_error_key": "string",
        "_error_raw": "string",
    }
)
RAW_LIMIT = 10_000
HEADERS = "array<struct<key:string,value:binary>>"
SIDE_TYPES = {
    "key": "string",
    "headers": HEADERS,
    "topic": "string",
    "partition": "int",
    "offset": "bigint",
    "timestamp": "timestamp",
}


class Decoder(Protocol):
    """Makes rows of values. Frozen and picklable."""

    def table(
        self, texts: Sequence[bytes | None], schema: Schema, zone: str, refuse: RefuseRecord
    ) -> tuple[pa.Table, list[int] | None]:
        """The rows, and which of the texts they are of; ``None``: all of them."""


@dataclass(frozen=True)
class Plain:
    """The value as it is: one column, ``string`` (UTF-8) or ``binary``."""

    def table(
        self, texts: Sequence[bytes | None], schema: Schema, zone: str, refuse: RefuseRecord
    ) -> tuple[pa.Table, list[int] | None]:
        """One column."""
        import pyarrow as pa

        target = arrow_schema(schema, zone)
        raw = pa.array(texts, pa.binary())
        try:
            return pa.table([raw.cast(target.field(0).type)], schema=target), None
        except pa.ArrowInvalid:
            kept = [position for position, text in enumerate(texts) if text is None or _is_text(text)]
        bad = set(range(len(texts))) - set(kept)
        for position in sorted(bad):
            refuse(position, "bad-encoding", "The text is not valid UTF-8.", target.field(0).name)
        return pa.table([raw.take(pa.array(kept, pa.int64())).cast(pa.string())], schema=target), kept


def _is_text(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True)
class Sidecar:
    """The columns beside the value: what Kafka calls them, and how they are called here."""

    columns: tuple[tuple[str, str], ...] = ()
    key_binary: bool = False

    def schema(self) -> Schema:
        """In the order of ``SIDE_TYPES``."""
        types = SIDE_TYPES | ({"key": "binary"} if self.key_binary else {})
        return Schema(tuple(ColumnType(name, types[what]) for what, name in self.columns))

    def array(self, what: str, messages: Sequence[Message], place: Place, kind: pa.DataType) -> pa.Array:
        """One column of it."""
        import pyarrow as pa

        count = len(messages)
        if what == "topic":
            return pa.repeat(pa.scalar(place[0], kind), count)
        if what == "partition":
            return pa.repeat(pa.scalar(place[1], kind), count)
        if what == "offset":
            return pa.array([each.offset() for each in messages], kind)
        if what == "timestamp":
            moments = [each.timestamp() for each in messages]
            return (
                pa.array([at if how else None for how, at in moments], pa.timestamp("ms"))
                .cast(pa.timestamp("us"))
                .cast(kind)
            )
        if what == "headers":
            return pa.array([_headers(each.headers()) for each in messages], kind)
        return pa.array([each.key() for each in messages], kind)


def _headers(found: Any) -> list[dict[str, Any]] | None:
    return [{"key": key, "value": value} for key, value in found] if found else None


@dataclass(frozen=True)
class Rows:
    """All that turns messages of one partition into tables of exactly ``schema``."""

    decoder: Decoder
    values: Schema
    """The columns that the values give, as far as they are wanted."""
    side: Sidecar
    schema: Schema
    zone: str

    def table(self, messages: Sequence[Message], place: Place, note: NoteRow | None) -> pa.Table:
        """The good ones as rows; the others are noted, or raised without ``note``."""
        import pyarrow as pa

        refuse = _refusing(messages, place, note)
        messages = self._with_text_keys(messages, refuse)
        refuse = _refusing(messages, place, note)
        columns: dict[str, Any] = {}
        if self.values:
            texts = [each.value() for each in messages]
            table, kept = self.decoder.table(texts, self.values, self.zone, refuse)
            columns = dict(zip(self.values.names, table.columns, strict=True))
            if kept is not None:
                messages = [messages[position] for position in kept]
        target = arrow_schema(self.schema, self.zone)
        for what, name in self.side.columns:
            if self.schema.get(name):
                columns[name] = self.side.array(what, messages, place, target.field(name).type)
        return pa.table([columns[name] for name in target.names], schema=target)

    def _with_text_keys(self, messages: Sequence[Message], refuse: RefuseRecord) -> Sequence[Message]:
        """Messages whose key is text, where it is wanted as text."""
        key = dict(self.side.columns).get("key")
        if key is None or self.side.key_binary or self.schema.get(key) is None:
            return messages
        bad = {at for at, each in enumerate(messages) if not _is_text(_bytes(each.key()) or b"")}
        for at in sorted(bad):
            refuse(at, "bad-encoding", "The key is not valid UTF-8; `key_format: binary` takes any.", key)
        return [each for at, each in enumerate(messages) if at not in bad] if bad else messages


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _refusing(messages: Sequence[Message], place: Place, note: NoteRow | None) -> RefuseRecord:
    def refuse(position: int, code: str, message: str, column: str | None) -> None:
        found = messages[position]
        raw, key = _shown(_bytes(found.value())), _shown(_bytes(found.key()))
        if note is None:
            spot = f", column '{column}'" if column else ""
            raise DataRefused(
                "bad-row",
                f"Topic '{place[0]}', partition {place[1]}, offset {found.offset()}{spot}: {message} "
                f"The value: {(raw or 'null')[:300]}",
                hint="Declare another `schema` or format, or set `on_error` to discard or route.",
            )
        values = (code, message, column, *place, found.offset(), key, raw)
        note(dict(zip(REJECTED.names, values, strict=True)))

    return refuse


def _shown(value: bytes | None) -> str | None:
    """Text as text, anything else as hexadecimal digits behind ``0x``."""
    if value is None:
        return None
    try:
        return value.decode()[:RAW_LIMIT]
    except UnicodeDecodeError:
        return f"0x{value[: RAW_LIMIT // 2].hex()}"
