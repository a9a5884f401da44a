"""Brings a database to the tables that this version works with.

A new database is made from the metadata and marked as up to date, in milliseconds; Alembic is imported only
when there is an older one to bring up.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from headrace.core import InvalidCall, Unavailable

from .database import Database
from .filelock import FileLock
from .tables import METADATA, VERSION

__all__ = ["HEAD", "MIGRATIONS", "bring_up_to_date", "upgrade"]

HEAD = "0002"
"""The newest migration in ``migrations/versions``."""
MIGRATIONS = Path(__file__).parent / "migrations"
WAIT_SECONDS = 120


def bring_up_to_date(database: Database, lock: Path) -> None:
    """Makes, upgrades or accepts the database; one process at a time does the work, the others wait."""
    with database.read() as connection:
        if _version(connection) == HEAD:
            return
    with FileLock(lock) as held:
        if not held.acquire(WAIT_SECONDS):
            raise Unavailable(
                "state-busy",
                "Another process is still preparing the project's state database.",
                where=database.place,
                hint="Wait for it to end, then run again.",
            )
        _make_or_upgrade(database)


def _make_or_upgrade(database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        database.prefer_wal()
    with database.write() as connection:
        version = _version(connection)
        if version is None:
            _make(connection, database.place)
        elif version != HEAD:
            _check_known(version, database.place)
            upgrade(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION.name):
        return None
    return connection.execute(select(VERSION.c.version_num)).scalar()


def _make(connection: Connection, place: str) -> None:
    if set(inspect(connection).get_table_names()) & set(METADATA.tables):
        raise InvalidCall(
            "state-corrupt",
            "The database has tables of ours and no version: it was not made by Headrace, or was cut short.",
            where=place,
            hint="Restore it from a backup, or move it away to start with an empty history.",
        )
    METADATA.create_all(connection)
    VERSION.create(connection, checkfirst=True)
    connection.execute(insert(VERSION).values(version_num=HEAD))


def _check_known(version: str, place: str) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if version not in known:
        raise InvalidCall(
            "state-newer",
            f"The project's state database is of version {version}; this Headrace knows up to {HEAD}.",
            where=place,
            hint="A newer Headrace has opened it: upgrade this installation (`pip install -U headrace`).",
        )


def upgrade(connection: Connection) -> None:
    """Runs the migrations that the database lacks, all of them or none: the transaction is the caller's."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")
