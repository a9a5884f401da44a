"""DuckDB: Arrow both ways."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.core import DataRefused, HeadraceError, RunFailed, Unavailable
from headrace.storage.databases.decoding import exact
from headrace.storage.databases.dialect import DbColumn, Dialect, library_missing
from headrace.storage.databases.encoding import is_nested
from headrace.storage.databases.names import TableName, quoted, text_literal
from headrace.storage.datasource import spark_type

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.connections import DuckdbConnection
    from headrace.storage.databases.session import Purpose, Session

__all__ = ["DIALECT", "DuckDB"]

BATCH_ROWS = 32_768
AS_IT_IS = re.compile(
    r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|BOOLEAN|VARCHAR|BLOB|DATE|TIMESTAMP.*)(\[\])*"
)
"""Types that come as Arrow's own; of the rest, structs and maps do, too, and all others are read as text."""
NATIVE = {
    "int": "INTEGER",
    "string": "VARCHAR",
    "binary": "BLOB",
    "timestamp": "TIMESTAMPTZ",
    "timestamp_ntz": "TIMESTAMP",
}


class DuckSession:
    """A conversation; a transaction begins with the first statement."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._begun = False

    def _begin(self) -> None:
        if not self._begun:
            self._connection.execute("BEGIN")
            self._begun = True

    def _execute(self, sql: str) -> Any:
        self._begin()
        return self._connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a question that has a short one."""
        found: list[tuple[Any, ...]] = self._execute(sql).fetchall()
        return found

    def run(self, sql: str) -> int:
        """It does not tell how many rows were changed."""
        self._execute(sql)
        return -1

    def columns(self, sql: str) -> pa.Schema:
        """What the rows of a query look like."""
        return self._stream(f"{sql} LIMIT 0").schema

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query, some thousands at a time."""
        # By `yield from`, not by a loop: a loop's variable would keep a batch that was let go.
        yield from self._stream(sql)

    def _stream(self, sql: str) -> Any:
        self._begin()
        return self._connection.sql(sql).to_arrow_reader(BATCH_ROWS)

    def insert(self, table: str, reader: pa.RecordBatchReader) -> None:
        """All rows of an Arrow stream."""
        self._connection.register("_headrace_incoming", reader)
        try:
            self._execute(f"INSERT INTO {table} SELECT * FROM _headrace_incoming")
        finally:
            self._connection.unregister("_headrace_incoming")

    def commit(self) -> None:
        """Makes what was done since the last time visible."""
        if self._begun:
            self._connection.execute("COMMIT")
            self._begun = False

    def rollback(self) -> None:
        """Forgets what was done since the last time."""
        if self._begun:
            self._begun = False
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Ends the conversation."""
        self._connection.close()


@dataclass(frozen=True)
class DuckDB(Dialect):
    """Files of DuckDB 1.0 and newer."""

    connection: DuckdbConnection

    title: ClassVar[str] = "DuckDB"
    default_schema: ClassVar[str | None] = "main"
    staged_in_table: ClassVar[bool] = False

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.connection.path

    @property
    def place(self) -> str:
        """The file's path."""
        return self.connection.path

    def connect(self, purpose: Purpose) -> Session:
        """The file; it is made only for a publication, and other processes may read along otherwise."""
        try:
            import duckdb
        except ImportError:
            raise library_missing(self.title, "duckdb", "duckdb") from None
        settings = {"memory_limit": self.connection.memory_limit}
        if purpose == "write":
            self.path.parent.mkdir(parents=True, exist_ok=True)
            made = duckdb.connect(str(self.path), config=settings)
        elif purpose == "look" and not self.path.exists():
            made = duckdb.connect(":memory:")
        else:
            try:
                made = duckdb.connect(str(self.path), read_only=True, config=settings)
            except duckdb.ConnectionException:  # this very process has it open for writing
                made = duckdb.connect(str(self.path), config=settings)
        made.execute("SET TimeZone = 'UTC'")
        return DuckSession(made)

    def failure(self, error: BaseException) -> HeadraceError | None:
        """By its class."""
        import duckdb

        if not isinstance(error, duckdb.Error):
            return None
        text = f"'{self.place}': {str(error).splitlines()[0]}"
        if isinstance(error, duckdb.ConnectionException) or "lock" in text or "being used" in text:
            gc.collect()  # a reader that was left early still has the file open
            hint = "One process at a time writes to a DuckDB file; running again may help."
            return Unavailable("database-unavailable", text, hint=hint)
        if isinstance(error, duckdb.CatalogException):
            hint = "`headrace connections browse` lists what there is."
            return DataRefused("unknown-table", text, hint=hint)
        if isinstance(error, duckdb.IOException):
            if "does not exist" in text:
                hint = "Check the connection's `path`; a destination makes the file."
                return DataRefused("file-missing", f"There is no database '{self.place}'.", hint=hint)
            return RunFailed("database-full", text, hint="Make room; nothing of this batch is visible.")
        if isinstance(
            error, duckdb.ConstraintException | duckdb.ConversionException | duckdb.OutOfRangeException
        ):
            return DataRefused("value-refused", text, hint="Mend the rows, or the table's constraints.")
        return DataRefused("statement-refused", text)

    def described(self, session: Session, relation: str) -> tuple[DbColumn, ...]:
        """As the database describes the query, and as its Arrow types say."""
        assert isinstance(session, DuckSession)
        natives = {row[0]: row[1] for row in session.rows(f"DESCRIBE SELECT * FROM {relation}")}
        schema = session.columns(f"SELECT * FROM {relation}")
        return tuple(
            DbColumn(field.name, _kind(field.type, natives[field.name]), natives[field.name])
            for field in schema
        )

    def tables(self, session: Session) -> list[TableName]:
        """Tables and views of the file."""
        rows = session.rows(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_catalog = current_database() ORDER BY 1, 2"
        )
        return [TableName(name, schema) for schema, name in rows]

    def existing(self, session: Session, table: TableName) -> tuple[DbColumn, ...] | None:
        """From the catalog."""
        schema, name = text_literal(table.schema or "main"), text_literal(table.name)
        where = f"database_name = current_database() AND schema_name = {schema} AND table_name = {name}"
        if not session.rows(f"SELECT 1 FROM duckdb_columns() WHERE {where} LIMIT 1"):
            return None
        keys = session.rows(
            f"SELECT unnest(constraint_column_names) FROM duckdb_constraints() "
            f"WHERE {where} AND constraint_type = 'PRIMARY KEY'"
        )
        found = {name for (name,) in keys}
        columns = self.described(session, self.qualified(table))
        return tuple(DbColumn(c.name, c.type, c.native, c.name in found) for c in columns)

    def has_schema(self, session: Session, schema: str) -> bool:
        """Asks the catalog."""
        where = f"schema_name = {text_literal(schema)} AND database_name = current_database()"
        return bool(session.rows(f"SELECT 1 FROM duckdb_schemas() WHERE {where}"))

    def expected_batches(self, session: Session, statement: str) -> int:
        """It counts, which is cheap in columns."""
        return 1 + int(session.rows(f"SELECT COUNT(*) FROM ({statement}) AS q")[0][0]) // BATCH_ROWS

    def value(self, column: DbColumn) -> str:
        """What Arrow has, as it is; the rest as text."""
        name = quoted(column.name)
        nested = column.native.startswith(("STRUCT", "MAP"))
        return name if nested or AS_IT_IS.fullmatch(column.native) else f"CAST({name} AS VARCHAR)"

    def arrow(self, batch: Any, columns: Sequence[DbColumn], target: pa.Schema) -> pa.RecordBatch:
        """Mostly as it is."""
        return exact(batch, columns, target)

    def native(self, kind: str) -> str:
        """Arrays of plain values are lists; what is nested deeper is ``JSON``."""
        if is_nested(kind, arrays=True):
            return "JSON"
        if kind.startswith("array<"):
            return f"{self.native(kind[6:-1])}[]"
        return NATIVE.get(kind, kind.upper())

    def load(self, session: Session, table: TableName, batches: Iterator[pa.RecordBatch]) -> None:
        """One statement over an Arrow stream."""
        import pyarrow as pa

        assert isinstance(session, DuckSession)
        first = next(batches, None)
        if first is not None:
            reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
            session.insert(self.qualified(table), reader)


DIALECT = DuckDB


def _kind(kind: pa.DataType, native: str) -> str:
    if native.startswith(("STRUCT", "MAP")) or AS_IT_IS.fullmatch(native):
        return spark_type(kind)
    return "string"
