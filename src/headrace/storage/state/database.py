"""One database, opened: transactions, SQLite's settings, and the driver's errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.sql import ColumnElement

from headrace.core import HeadraceError, InvalidCall, Unavailable

__all__ = ["Database", "Scope", "explain", "make_engine"]

BUSY_SECONDS = 30
"""How long a writer waits for another one. Writes take milliseconds; a long wait means a stuck process."""


def make_engine(url: str) -> Engine:
    """An engine for SQLite or any other database that SQLAlchemy knows."""
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS} if url.startswith("sqlite") else {})
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late to lock
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads and then writes must lock first: upgrading a read lock fails at once when
    # another process has written in between, whatever the timeout.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@dataclass(frozen=True, slots=True)
class Database:
    """An engine and where it is, for messages."""

    engine: Engine
    place: str

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        try:
            with self.engine.connect() as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            raise explain(error, self.place) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is whole or not at all; on SQLite there is one at a time."""
        try:
            with self.engine.execution_options(writes=True).begin() as connection:
                yield connection
        except DBAPIError as error:
            raise explain(error, self.place) from error
        except StatementError as error:
            # Raised by our own encoding, which SQLAlchemy calls and wraps.
            raise (error.orig if isinstance(error.orig, HeadraceError) else error) from None

    def prefer_wal(self) -> None:
        """Readers then never wait for a writer. The file remembers it; it cannot be said in a transaction."""
        connection = self.engine.raw_connection()
        try:
            connection.driver_connection.execute("PRAGMA journal_mode = WAL")  # type: ignore[union-attr]
        finally:
            connection.close()

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


@dataclass(frozen=True, slots=True)
class Scope:
    """A database seen by one project and environment."""

    database: Database
    project: str
    environment: str

    @property
    def key(self) -> dict[str, Any]:
        """What every new row carries."""
        return {"project": self.project, "environment": self.environment}

    def of(self, table: Table, **values: Any) -> ColumnElement[bool]:
        """The condition for rows of this scope with these values."""
        return and_(*(table.c[name] == value for name, value in (self.key | values).items()))


def explain(error: DBAPIError, place: str) -> HeadraceError:
    """A driver's error as one of ours: by what it says, since drivers agree on nothing else."""
    text = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    said = text.lower()
    if "not a database" in said or "malformed" in said:
        return InvalidCall(
            "state-corrupt",
            f"The project's state database is damaged: {text}.",
            where=place,
            hint="Restore it from a backup, or move it away to start with an empty history.",
        )
    if "readonly" in said or "read-only" in said or "unable to open" in said:
        return InvalidCall(
            "state-read-only",
            f"The project's state database cannot be written: {text}.",
            where=place,
            hint="Give this user the right to write to the folder and everything in it.",
        )
    if "disk is full" in said or "no space left" in said or "disk full" in said:
        return Unavailable(
            "state-disk-full",
            "There is no space left for the project's state database; nothing of this change was stored.",
            where=place,
            hint="Free some space and run again.",
        )
    if "locked" in said or "busy" in said:
        return Unavailable(
            "state-busy",
            f"Another process has kept the project's state database locked for {BUSY_SECONDS} s.",
            where=place,
            hint="`headrace runs list` shows what is running; end the stuck process, then run again.",
        )
    kind = "did not answer" if isinstance(error, OperationalError) else "refused a change"
    return Unavailable("state-unavailable", f"The project's state database {kind}: {text}", where=place)
