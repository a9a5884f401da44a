"""What databases differ in: one subclass per file. Everything else in this room is the same for all."""

from __future__ import annotations

import datetime as dt
import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.core import HeadraceError, InvalidCall, Json, Schema, Value

from .names import TableName, quoted, text_literal

if TYPE_CHECKING:
    import pyarrow as pa

    from .session import Purpose, Session

__all__ = ["DbColumn", "Dialect", "dialect_of", "library_missing"]


@dataclass(frozen=True, slots=True)
class DbColumn:
    """A column as the database has it and as frames do; ``native`` can stand in a ``CAST``."""

    name: str
    type: str
    native: str
    key: bool = False
    """Part of the primary key."""


@dataclass(frozen=True)
class Dialect(ABC):
    """One database that a connection leads to. Pickled into workers, credentials inside, and never text."""

    connection: Any
    folder: Path

    title: ClassVar[str]
    default_schema: ClassVar[str | None] = None
    staged_in_table: ClassVar[bool] = True
    """Partitions are staged in a table of the same database; else in files of the run, for stores that let
    one writer in at a time."""
    ddl_in_transaction: ClassVar[bool] = True
    """A ``CREATE`` or ``DROP`` is taken back with the transaction that it is in."""
    name_length: ClassVar[int] = 63
    version: ClassVar[str] = "SELECT version()"
    """Asks who answers."""
    widest: ClassVar[int] = 1_500
    """How many columns a table may have, about."""

    @property
    def retries(self) -> int:
        """How often connecting is tried again."""
        return int(getattr(self.connection, "retries", 0))

    @property
    def place(self) -> str:
        """Where the database is, without anything secret."""
        return self.title

    # -- talking

    @abstractmethod
    def connect(self, purpose: Purpose) -> Session:
        """A new session; raises the driver's own errors."""

    @abstractmethod
    def failure(self, error: BaseException) -> HeadraceError | None:
        """A driver's error in our words; ``None``: it is none of a driver's."""

    # -- asking

    @abstractmethod
    def described(self, session: Session, relation: str) -> tuple[DbColumn, ...]:
        """The columns of a table or of a query in parentheses, without reading a row."""

    @abstractmethod
    def tables(self, session: Session) -> list[TableName]:
        """Every table and view that a user has made, with its schema, sorted."""

    @abstractmethod
    def existing(self, session: Session, table: TableName) -> tuple[DbColumn, ...] | None:
        """The columns of a table with its keys; ``None``: there is no such table."""

    @abstractmethod
    def expected_batches(self, session: Session, statement: str) -> int:
        """About how many batches a statement will give, found cheaply."""

    def newest(self, name: str, column: DbColumn, lag: float, relation: str) -> str | None:
        """The greatest value that is old enough; ``None``: whatever there is.

        ``lag`` is seconds before now by the database's own clock, or what is taken from the greatest number.
        """
        if not lag:
            return None
        if column.type in ("date", "timestamp", "timestamp_ntz"):
            return f"CAST(CURRENT_TIMESTAMP - INTERVAL '{lag:f}' SECOND AS {column.native})"
        return f"(SELECT MAX({name}) - {lag:.0f} FROM {relation})"

    # -- reading

    def value(self, column: DbColumn) -> str:
        """The expression that gives a column's values in a form that :meth:`arrow` takes."""
        return quoted(column.name)

    @abstractmethod
    def arrow(self, batch: Any, columns: Sequence[DbColumn], target: pa.Schema) -> pa.RecordBatch:
        """The driver's batch with exactly the types of ``target``; raises ``DataRefused``."""

    # -- writing

    @abstractmethod
    def native(self, kind: str) -> str:
        """The column type that holds a Spark type without loss."""

    def native_key(self, kind: str, *, key: bool) -> str:
        """The same for a table that is made, where a part of a key may need a length."""
        del key
        return self.native(kind)

    @property
    def arrays(self) -> bool:
        """Whether arrays of plain values are a type of their own; else they are JSON."""
        return self.native("array<int>") != self.native("struct<a:int>")

    def assigned(self, expression: str, kind: str, column: DbColumn) -> str:
        """A staged value of a Spark type as a column of the table takes it."""
        del kind, column
        return expression

    @abstractmethod
    def load(self, session: Session, table: TableName, batches: Iterator[pa.RecordBatch]) -> None:
        """Adds rows to a table, in bulk; batches have the types of :func:`.encoding.staged_schema`."""

    def update_from(self, table: str, source: str, pairs: dict[str, str], where: str) -> str:
        """``UPDATE`` of ``t`` from the rows of ``s``; ``pairs`` has a column and what it becomes."""
        changes = ", ".join(f"{quoted(name)} = {value}" for name, value in pairs.items())
        return f"UPDATE {table} AS t SET {changes} FROM {source} AS s WHERE {where}"

    def delete_matching(self, table: str, source: str, where: str) -> str:
        """``DELETE`` of the rows ``t`` that a row ``s`` matches."""
        return f"DELETE FROM {table} AS t WHERE EXISTS (SELECT 1 FROM {source} AS s WHERE {where})"

    def differs(self, left: str, right: str, column: DbColumn) -> str:
        """Whether two values of a column differ, null being a value like any other."""
        del column
        return f"{left} IS DISTINCT FROM {right}"

    def guard(self, ledger: str) -> str | None:
        """Lets one publication after the other into the transactions that share a ledger."""
        del ledger
        return None

    @abstractmethod
    def has_schema(self, session: Session, schema: str) -> bool:
        """Whether there is such a schema."""

    def create_index(self, name: str, table: TableName, columns: str) -> str:
        """An index of a table that has just been made."""
        return f"CREATE INDEX {name} ON {self.qualified(table)} ({columns})"

    def lock(self, table: str) -> str | None:
        """Keeps other writers out of a table until the transaction ends; readers go on."""
        del table
        return None

    def create_schema(self, schema: str) -> str | None:
        """Makes a schema where there is none."""
        return f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}"

    def comments(self, table: str, comment: str | None, columns: dict[str, str]) -> list[str]:
        """Statements that describe a table and its columns."""
        said = [f"COMMENT ON TABLE {table} IS {text_literal(comment)}"] if comment else []
        return said + [
            f"COMMENT ON COLUMN {table}.{quoted(name)} IS {text_literal(text)}"
            for name, text in columns.items()
        ]

    def staging_table(self, table: str, columns: str) -> str:
        """Makes the table that waits for its publication."""
        return f"CREATE TABLE {table} ({columns})"

    # -- writing SQL

    def qualified(self, table: TableName) -> str:
        """A table in SQL."""
        schema = table.schema or self.default_schema
        return f"{quoted(schema)}.{quoted(table.name)}" if schema else quoted(table.name)

    def as_text(self, expression: str) -> str:
        """A value as a text that :meth:`from_text` reads again without loss."""
        return f"CAST({expression} AS VARCHAR)"

    def from_text(self, text: str, column: DbColumn) -> str:
        """The literal of a text that :meth:`as_text` gave."""
        return f"CAST({text_literal(text)} AS {column.native})"

    def literal(self, value: Json) -> str:
        """A parameter of the pipeline in SQL, quoted and typed; a list becomes ``(a, b)`` for ``IN``."""
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, int | Decimal):
            return str(value)
        if isinstance(value, float):
            return f"CAST('{value!r}' AS DOUBLE PRECISION)"
        if isinstance(value, dt.datetime):
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        if isinstance(value, dt.date):
            return f"DATE '{value.isoformat()}'"
        if isinstance(value, list | tuple):
            return "(" + ", ".join(map(self.literal, value)) + ")" if value else "(NULL)"
        return text_literal(str(value))

    def schema_of(self, columns: Sequence[DbColumn]) -> Schema:
        """The columns as frames have them."""
        return Schema.of((column.name, column.type) for column in columns)


def dialect_of(connection: Value, folder: Path) -> Dialect:
    """Who speaks the language of a connection. Raises ``InvalidCall`` (``wrong-connection``)."""
    kind = str(getattr(connection, "kind", type(connection).__name__))
    name = f"{__package__}.dialects.{kind}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        raise InvalidCall(
            "wrong-connection",
            f"A connection of kind '{kind}' is no database with tables.",
            hint="Name a connection of kind postgresql, mysql, sqlite or duckdb.",
        ) from None
    made: Dialect = module.DIALECT(connection, folder)
    return made


def library_missing(title: str, library: str, extra: str) -> InvalidCall:
    """What is to be installed before a database can be spoken to."""
    return InvalidCall(
        "library-not-installed",
        f"{title} needs '{library}', which is not installed.",
        hint=f"Install it: pip install 'headrace[{extra}]'.",
    )
