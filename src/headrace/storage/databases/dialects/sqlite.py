"""SQLite: types by what columns are declared as, values by the standard library's driver."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from headrace.core import DataRefused, HeadraceError, Json, RunFailed, Unavailable
from headrace.storage.databases.dialect import DbColumn, Dialect
from headrace.storage.databases.names import TableName, quoted, text_literal
from headrace.storage.databases.values import plain_rows, typed_batch

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.connections import SqliteConnection
    from headrace.storage.databases.session import Purpose, Session

__all__ = ["DIALECT", "SQLite"]

BATCH_ROWS = 16_384
DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)(?:_TEXT)?\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
TYPES = (
    (r"SMALLINT|INT2|TINYINT", "smallint"),
    (r"INT4", "int"),
    (r".*INT.*", "bigint"),
    (r".*(CHAR|CLOB|TEXT).*|JSON|UUID|TIME", "string"),
    (r".*BLOB.*", "binary"),
    (r"FLOAT4", "float"),
    (r".*(REAL|FLOA|DOUB).*", "double"),
    (r"BOOL(EAN)?", "boolean"),
    (r"DATE", "date"),
    (r"TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ", "timestamp"),
    (r"DATETIME|TIMESTAMP( WITHOUT TIME ZONE)?", "timestamp_ntz"),
)
"""Declared types, the first that fits; what fits none is looked at in the values."""
NATIVE = {
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INT4",
    "bigint": "BIGINT",
    "float": "FLOAT4",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}
SAMPLE = 100
"""Rows whose values tell the type of an expression, which SQLite itself does not know."""


class SqliteSession:
    """A conversation in which transactions begin where they are said to."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a question that has a short one."""
        self._begin(sql)
        return self._connection.execute(sql).fetchall()

    def run(self, sql: str) -> int:
        """How many rows a statement has changed."""
        self._begin(sql)
        return self._connection.execute(sql).rowcount

    def batches(self, sql: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query, some thousands at a time."""
        self._begin(sql)
        cursor = self._connection.execute(sql)
        while rows := cursor.fetchmany(BATCH_ROWS):
            yield rows

    def insert(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """One statement for many rows."""
        self._connection.executemany(sql, rows)

    def _begin(self, sql: str) -> None:
        if not self._connection.in_transaction and not sql.startswith("BEGIN"):
            self._connection.execute("BEGIN")

    def commit(self) -> None:
        """Makes what was done since the last time visible."""
        self._connection.commit()

    def rollback(self) -> None:
        """Forgets what was done since the last time."""
        self._connection.rollback()

    def close(self) -> None:
        """Ends the conversation."""
        self._connection.close()


@dataclass(frozen=True)
class SQLite(Dialect):
    """SQLite 3.35 and newer. Decimals and moments are texts in it, which keep every digit."""

    connection: SqliteConnection

    title: ClassVar[str] = "SQLite"
    default_schema: ClassVar[str | None] = "main"
    staged_in_table: ClassVar[bool] = False
    version: ClassVar[str] = "SELECT sqlite_version()"

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.connection.path

    @property
    def place(self) -> str:
        """The file's path."""
        return self.connection.path

    def connect(self, purpose: Purpose) -> Session:
        """The file; it is made only for a publication."""
        if purpose == "look" and not self.path.exists():
            made = sqlite3.connect(":memory:", isolation_level=None)
        else:
            mode = "rwc" if purpose == "write" else "ro"
            if purpose == "write":
                self.path.parent.mkdir(parents=True, exist_ok=True)
            made = sqlite3.connect(
                f"file:{quote(str(self.path))}?mode={mode}",
                uri=True,
                timeout=self.connection.timeout_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
        return SqliteSession(made)

    def failure(self, error: BaseException) -> HeadraceError | None:
        """By its words: the driver has few classes."""
        if not isinstance(error, sqlite3.Error):
            return None
        text = str(error)
        if "locked" in text or "busy" in text:
            hint = "Wait for the other writer, or raise the connection's `timeout_seconds`."
            return Unavailable("database-unavailable", f"'{self.place}': {text}.", hint=hint)
        if "unable to open" in text:
            hint = "Check the connection's `path`; a destination makes the file."
            return DataRefused("file-missing", f"There is no database '{self.place}'.", hint=hint)
        if "no such table" in text or "unknown database" in text:
            hint = "`headrace connections browse` lists what there is."
            return DataRefused("unknown-table", f"'{self.place}': {text}.", hint=hint)
        if "full" in text:
            hint = "Make room; nothing of this batch is visible."
            return RunFailed("database-full", f"'{self.place}': {text}.", hint=hint)
        if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
            hint = "Mend the rows, or the table's constraints."
            return DataRefused("value-refused", f"'{self.place}': {text}.", hint=hint)
        return DataRefused("statement-refused", f"'{self.place}': {text}.")

    def described(self, session: Session, relation: str) -> tuple[DbColumn, ...]:
        """By a temporary view, which knows what its columns are declared as."""
        view = quoted("_headrace_described")
        session.run(f"CREATE TEMP VIEW {view} AS SELECT * FROM {relation}")
        try:
            found = [(row[1], row[2]) for row in session.rows(f"PRAGMA temp.table_info({view})")]
            unknown = [name for name, declared in found if _type(declared) is None]
            seen = self._seen(session, view, unknown) if unknown else {}
        finally:
            session.run(f"DROP VIEW temp.{view}")
        return tuple(
            DbColumn(name, _type(declared) or seen[name], declared or _native(seen.get(name, "string")))
            for name, declared in found
        )

    def _seen(self, session: Session, relation: str, names: list[str]) -> dict[str, str]:
        listed = ", ".join(f"typeof({quoted(name)})" for name in names)
        rows = session.rows(f"SELECT {listed} FROM (SELECT * FROM {relation} LIMIT {SAMPLE}) AS q")
        kinds = (set(each) - {"null"} for each in (zip(*rows, strict=True) if rows else [[]] * len(names)))
        return {name: _seen_type(each) for name, each in zip(names, kinds, strict=True)}

    def tables(self, session: Session) -> list[TableName]:
        """Tables and views of the file."""
        query = "SELECT name FROM main.sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        return [TableName(name, "main") for (name,) in session.rows(query) if not name.startswith("sqlite_")]

    def existing(self, session: Session, table: TableName) -> tuple[DbColumn, ...] | None:
        """From the declared columns."""
        place = quoted(table.schema or "main")
        found = session.rows(f"PRAGMA {place}.table_info({quoted(table.name)})")
        columns = [(row[1], row[2], bool(row[5])) for row in found]
        return tuple(DbColumn(n, _type(kind) or "string", kind, key) for n, kind, key in columns) or None

    def has_schema(self, session: Session, schema: str) -> bool:
        """Only what is attached."""
        return any(row[1] == schema for row in session.rows("PRAGMA database_list"))

    def create_schema(self, schema: str) -> str | None:
        """There is nothing to make."""
        del schema
        return None

    def expected_batches(self, session: Session, statement: str) -> int:
        """It counts."""
        return 1 + int(session.rows(f"SELECT COUNT(*) FROM ({statement}) AS q")[0][0]) // BATCH_ROWS

    def arrow(self, batch: Any, columns: Sequence[DbColumn], target: pa.Schema) -> pa.RecordBatch:
        """From Python values."""
        return typed_batch(batch, columns, target)

    def native(self, kind: str) -> str:
        """Declared so that reading finds the same type again."""
        return _native(kind)

    def load(self, session: Session, table: TableName, batches: Iterator[pa.RecordBatch]) -> None:
        """One prepared statement for all rows."""
        assert isinstance(session, SqliteSession)
        for batch in batches:
            places = ", ".join("?" * batch.num_columns)
            session.insert(f"INSERT INTO {self.qualified(table)} VALUES ({places})", plain_rows(batch))

    def guard(self, ledger: str) -> str | None:
        """Waits for other writers now, not in the middle."""
        del ledger
        return "BEGIN IMMEDIATE"

    def differs(self, left: str, right: str, column: DbColumn) -> str:
        """SQLite's own words."""
        del column
        return f"{left} IS NOT {right}"

    def create_index(self, name: str, table: TableName, columns: str) -> str:
        """The schema stands before the index."""
        return f"CREATE INDEX {quoted(table.schema or 'main')}.{name} ON {quoted(table.name)} ({columns})"

    def comments(self, table: str, comment: str | None, columns: dict[str, str]) -> list[str]:
        """It keeps none."""
        return []

    def as_text(self, expression: str) -> str:
        """Moments are texts already."""
        return f"CAST({expression} AS TEXT)"

    def from_text(self, text: str, column: DbColumn) -> str:
        """Numbers are themselves, moments and decimals texts."""
        return text if column.type in ("smallint", "int", "bigint") else text_literal(text)

    def newest(self, name: str, column: DbColumn, lag: float, relation: str) -> str | None:
        """The clock's texts look like those that are written."""
        if not lag or column.type not in ("date", "timestamp", "timestamp_ntz"):
            return super().newest(name, column, lag, relation)
        forms = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%d %H:%M:%f000Z"}
        form = forms.get(column.type, "%Y-%m-%d %H:%M:%f000")
        return f"strftime('{form}', 'now', '-{lag:f} seconds')"

    def literal(self, value: Json) -> str:
        """There are no literals of dates."""
        plain = value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value
        return super().literal(str(plain) if isinstance(plain, dt.date) else plain)


DIALECT = SQLite


def _type(declared: str) -> str | None:
    plain = " ".join(declared.upper().split())
    found = DECIMAL.fullmatch(plain)
    if found:
        return f"decimal({found[1]},{found[2] or 0})" if int(found[1]) <= 38 else "string"
    plain = re.sub(r"\s*\(.*?\)", "", plain)
    return next((kind for pattern, kind in TYPES if re.fullmatch(pattern, plain)), None)


def _seen_type(kinds: set[Any]) -> str:
    if kinds == {"integer"}:
        return "bigint"
    if kinds and kinds <= {"integer", "real"}:
        return "double"
    return "binary" if kinds == {"blob"} else "string"


def _native(kind: str) -> str:
    return NATIVE.get(kind) or (
        kind.upper().replace("DECIMAL", "DECIMAL_TEXT") if kind[:7] == "decimal" else "TEXT"
    )
