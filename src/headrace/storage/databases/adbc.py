"""Databases by way of ADBC: what its PostgreSQL driver needs to be told, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, HeadraceError, RunFailed, Unavailable

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.connections import PostgresqlConnection

__all__ = ["AdbcSession", "conninfo", "postgres_failure"]

LOGIN = ("password authentication failed", "no password supplied", "pg_hba.conf", "does not exist")
GONE = ("terminating connection", "server closed the connection", "connection to server", "no connection")


class AdbcSession:
    """A conversation through an ADBC driver."""

    def __init__(self, connection: Any, batch_bytes: int) -> None:
        self._connection = connection
        self._batch_bytes = batch_bytes

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a question that has a short one; not every question can be asked by COPY."""
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            cursor.execute(sql)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def run(self, sql: str) -> int:
        """How many rows a statement has changed; -1: the driver does not tell."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return int(cursor.rowcount)

    def columns(self, sql: str) -> pa.Schema:
        """What the rows of a query look like; the server prepares it and runs nothing."""
        with self._connection.cursor() as cursor:
            return cursor.adbc_execute_schema(sql)

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query by COPY, a few megabytes at a time."""
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(
                **{"adbc.postgresql.batch_size_hint_bytes": str(self._batch_bytes)}
            )
            cursor.execute(sql)
            # By `yield from`, not by a loop: a loop's variable would keep a batch that was let go.
            yield from cursor.fetch_record_batch()

    def ingest(self, table: str, schema: str | None, batches: Iterator[pa.RecordBatch]) -> None:
        """Adds rows to a table by COPY, some megabytes at a time.

        The driver is never left to pull from an iterator of the engine's: it does so without a way back.
        """
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(batch)
            if sum(each.nbytes for each in waiting) >= self._batch_bytes:
                self._copy(table, schema, waiting)
                waiting = []
        if waiting:
            self._copy(table, schema, waiting)

    def _copy(self, table: str, schema: str | None, batches: list[pa.RecordBatch]) -> None:
        import pyarrow as pa

        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, pa.Table.from_batches(batches), mode="append", db_schema_name=schema)

    def commit(self) -> None:
        """Makes what was done since the last time visible."""
        self._connection.commit()

    def rollback(self) -> None:
        """Forgets what was done since the last time."""
        self._connection.rollback()

    def close(self) -> None:
        """Ends the conversation."""
        self._connection.close()


def conninfo(connection: PostgresqlConnection, folder: Path) -> str:
    """The connection in libpq's words."""
    given: dict[str, Any] = {
        "host": connection.host,
        "port": connection.port,
        "dbname": connection.database,
        "user": connection.user,
        "password": connection.password.reveal() if connection.password else None,
        "sslmode": connection.tls,
        "sslrootcert": str(folder / connection.ca_file) if connection.ca_file else None,
        "connect_timeout": connection.connect_timeout_seconds,
        "application_name": "headrace",
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 60_000,
        **connection.options,
    }
    # An empty database name makes libpq look where it always does.
    return " ".join(f"{key}={_conninfo_value(value)}" for key, value in given.items() if value is not None)


def _conninfo_value(value: object) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def postgres_failure(error: BaseException, connection: PostgresqlConnection) -> HeadraceError | None:
    """An error of the driver, by its SQLSTATE where it has one and by its words where it has not."""
    if not type(error).__module__.startswith("adbc_driver_manager") and "[libpq]" not in str(error):
        return None
    words = _plain_words(error, connection)
    state = str(getattr(error, "sqlstate", None) or "")
    where = f"{connection.host or 'PostgreSQL'}:{connection.port or 5432}"
    if state[:2] in ("08", "57") or state in ("53300",) or (not state and _is_gone(words)):
        return Unavailable(
            "database-unavailable",
            f"The database at {where} does not answer: {words}",
            hint="Is the server up, and are host and port right? Running again may help.",
        )
    if state[:2] == "28" or state == "3D000" or (any(each in words for each in LOGIN) and not state):
        return DataRefused(
            "database-login-refused",
            f"The database at {where} lets nobody in like this: {words}",
            hint="Check user, password, database and tls of the connection.",
        )
    if state == "42501":
        return DataRefused("access-denied", words, hint="Give the user that right in the database.")
    if state in ("42P01", "3F000"):
        return DataRefused(
            "unknown-table", words, hint="Mend the name; `headrace connections browse` lists them."
        )
    if state[:2] == "53":
        return RunFailed("database-full", words, hint="Make room; nothing of this batch is visible.")
    if state[:2] in ("22", "23"):
        return DataRefused("value-refused", words, hint="Mend the rows, or the table's constraints.")
    return DataRefused("statement-refused", words)


def _is_gone(words: str) -> bool:
    return any(each in words for each in GONE) and not any(each in words for each in LOGIN)


def _plain_words(error: BaseException, connection: PostgresqlConnection) -> str:
    """What the server said, without the driver's frame around it, and without the password."""
    text = str(error).partition("Query was:")[0]
    text = text.rpartition("ERROR:")[2] or text
    text = text.rpartition("FATAL:")[2] or text
    secret = connection.password.reveal() if connection.password else ""
    text = text.replace(secret, "•••") if secret else text
    lines = [line.strip() for line in text.splitlines() if line.strip(" ^\t")]
    told = " ".join(line for line in lines if not line.startswith("LINE "))
    return re.sub(r"\W*SQLSTATE:.*$", "", told) or "no answer"
