"""PostgreSQL: Arrow batches and bulk loads by the binary COPY of its ADBC driver."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.core import HeadraceError
from headrace.storage.databases.adbc import AdbcSession, conninfo, postgres_failure
from headrace.storage.databases.decoding import exact
from headrace.storage.databases.dialect import DbColumn, Dialect, library_missing
from headrace.storage.databases.encoding import is_nested
from headrace.storage.databases.names import TableName, quoted, text_literal

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.connections import PostgresqlConnection
    from headrace.storage.databases.session import Purpose, Session

__all__ = ["DIALECT", "PostgreSQL"]

BATCH_BYTES = 4 << 20
TYPES = {
    "int2": ("smallint", "smallint"),
    "int4": ("int", "integer"),
    "int8": ("bigint", "bigint"),
    "oid": ("bigint", "oid"),
    "float4": ("float", "real"),
    "float8": ("double", "double precision"),
    "bool": ("boolean", "boolean"),
    "bytea": ("binary", "bytea"),
    "date": ("date", "date"),
    "timestamp": ("timestamp_ntz", "timestamp"),
    "timestamptz": ("timestamp", "timestamptz"),
    "text": ("string", "text"),
    "varchar": ("string", "varchar"),
    "bpchar": ("string", "bpchar"),
    "name": ("string", "name"),
}
"""By PostgreSQL's own name: the type in frames, and the name in SQL. Whatever is not here is read as text."""
NATIVE = {
    "tinyint": "smallint",
    "int": "integer",
    "float": "real",
    "double": "double precision",
    "string": "text",
    "binary": "bytea",
    "timestamp": "timestamptz",
    "timestamp_ntz": "timestamp",
}
CATALOG = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), COALESCE(i.indisprimary, false)
FROM pg_attribute a
LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey)
WHERE a.attrelid = to_regclass({name}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
ORDER BY n.nspname, c.relname
"""


@dataclass(frozen=True)
class PostgreSQL(Dialect):
    """PostgreSQL 12 and newer."""

    connection: PostgresqlConnection

    title: ClassVar[str] = "PostgreSQL"
    default_schema: ClassVar[str | None] = "public"
    version: ClassVar[str] = "SHOW server_version"

    @property
    def place(self) -> str:
        """Host, port and database."""
        at = self.connection
        return f"postgresql://{at.host or 'localhost'}:{at.port or 5432}/{at.database or ''}"

    def connect(self, purpose: Purpose) -> Session:
        """A session in UTC that notices a dead server within about a minute."""
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise library_missing(self.title, "adbc-driver-postgresql", "postgresql") from None
        session = AdbcSession(dbapi.connect(conninfo(self.connection, self.folder)), BATCH_BYTES)
        session.run("SET TIME ZONE 'UTC'")
        session.commit()
        return session

    def failure(self, error: BaseException) -> HeadraceError | None:
        """By its SQLSTATE."""
        return postgres_failure(error, self.connection)

    def described(self, session: Session, relation: str) -> tuple[DbColumn, ...]:
        """As the server describes the query: type and precision come with each field."""
        assert isinstance(session, AdbcSession)
        schema = session.columns(f"SELECT * FROM {relation}")
        return tuple(_column(field) for field in schema)

    def tables(self, session: Session) -> list[TableName]:
        """Tables, partitioned ones, views, materialized and foreign ones; not the system's."""
        return [TableName(name, schema) for schema, name in session.rows(TABLES)]

    def existing(self, session: Session, table: TableName) -> tuple[DbColumn, ...] | None:
        """From the catalog, domains and enumerations under their own names."""
        name = text_literal(self.qualified(table))
        found = session.rows(CATALOG.format(name=name))
        if not found:
            return None
        shown = {column.name: column.type for column in self.described(session, self.qualified(table))}
        return tuple(DbColumn(name, shown[name], native, key) for name, native, key in found)

    def expected_batches(self, session: Session, statement: str) -> int:
        """From the planner's rows and their width."""
        answer = session.rows(f"EXPLAIN (FORMAT JSON) {statement}")[0][0]
        plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
        return 1 + int(plan["Plan Rows"] * max(plan["Plan Width"], 1) * 1.3) // BATCH_BYTES

    def value(self, column: DbColumn) -> str:
        """What the driver hands on exactly as it is; the rest as text. An array keeps one dimension."""
        name = quoted(column.name)
        if column.native.endswith("[]"):
            return (
                f"CASE WHEN array_ndims({name}) > 1 THEN "
                f"('an array of several dimensions: ' || {name}::text)::{column.native} ELSE {name} END"
            )
        plain = column.native in _plain() or column.native.startswith("numeric")
        return name if plain else f"{name}::text"

    def arrow(self, batch: Any, columns: Sequence[DbColumn], target: pa.Schema) -> pa.RecordBatch:
        """Numerics come as texts, the rest as it is."""
        return exact(batch, columns, target)

    def native(self, kind: str) -> str:
        """Arrays of plain values are arrays; what is nested deeper is ``jsonb``."""
        if kind.startswith("array<") and not re.search(r"[<]", kind[6:]):
            return f"{self.native(kind[6:-1])}[]"
        if kind.startswith(("array<", "map<", "struct<")):
            return "jsonb"
        return NATIVE.get(kind, kind.replace("decimal", "numeric"))

    def assigned(self, expression: str, kind: str, column: DbColumn) -> str:
        """Texts become what the column is, but are not cut to its length; the rest fits or is refused."""
        texts = ("text", "character", "varchar", "bpchar", "name")
        if is_nested(kind, arrays=True) or (kind == "string" and not column.native.startswith(texts)):
            return f"CAST({expression} AS {column.native})"
        return expression

    def load(self, session: Session, table: TableName, batches: Iterator[pa.RecordBatch]) -> None:
        """The driver's binary COPY."""
        assert isinstance(session, AdbcSession)
        session.ingest(table.name, table.schema or self.default_schema, batches)

    def has_schema(self, session: Session, schema: str) -> bool:
        """Asks the catalog."""
        return bool(session.rows(f"SELECT 1 FROM pg_namespace WHERE nspname = {text_literal(schema)}"))

    def guard(self, ledger: str) -> str | None:
        """An advisory lock that ends with the transaction."""
        return f"SELECT pg_advisory_xact_lock(hashtextextended({text_literal('headrace ' + ledger)}, 0))"

    def lock(self, table: str) -> str | None:
        """Writers wait, readers do not."""
        return f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"

    def differs(self, left: str, right: str, column: DbColumn) -> str:
        """Values of type ``json`` cannot be compared but as text."""
        if column.native in ("json", "xml", "point"):
            left, right = f"{left}::text", f"{right}::text"
        return f"{left} IS DISTINCT FROM {right}"

    def staging_table(self, table: str, columns: str) -> str:
        """Not logged: what a crash of the server takes from it is noticed when it is published."""
        return f"CREATE UNLOGGED TABLE {table} ({columns})"


DIALECT = PostgreSQL


@cache
def _plain() -> frozenset[str]:
    return frozenset(native for _, native in TYPES.values())


def _column(field: pa.Field) -> DbColumn:
    """From what the driver says about a field."""
    marks = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    name = marks.get("POSTGRESQL:type", "text")
    if name == "numeric":
        return DbColumn(field.name, *_numeric(int(marks.get("POSTGRESQL:typmod", -1))))
    if name in TYPES:
        return DbColumn(field.name, *TYPES[name])
    if name.startswith("_"):
        inner = name[1:]
        if inner in TYPES and inner != "oid":
            return DbColumn(field.name, f"array<{TYPES[inner][0]}>", f"{TYPES[inner][1]}[]")
    return DbColumn(field.name, "string", name)


def _numeric(modifier: int) -> tuple[str, str]:
    """``numeric(10,2)`` as its own, ``numeric`` without a size with 18 digits behind the point."""
    if modifier < 4:
        return "decimal(38,18)", "numeric"
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, ((modifier - 4 & 0x7FF) ^ 1024) - 1024
    if precision > 38 or not 0 <= scale <= precision:
        return "string", f"numeric({precision},{scale}) "
    return f"decimal({precision},{scale})", f"numeric({precision},{scale})"
