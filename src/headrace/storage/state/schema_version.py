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

HEAD = "0001"
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
            upgrade(connection, version, database.place)


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


def upgrade(connection: Connection, version: str, place: str, to: str = HEAD) -> None:
    """Runs the migrations from ``version`` on, all of them or none."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    if version not in {script.revision for script in scripts.walk_revisions()}:
        raise InvalidCall(
            "state-newer",
            f"The project's state database is of version {version}; this Headrace knows up to {HEAD}.",
            where=place,
            hint="A newer Headrace has opened it: upgrade this installation (`pip install -U headrace`).",
        )
    config.attributes["connection"] = connection
    with EnvironmentContext(config, scripts, fn=lambda current, _: scripts._upgrade_revs(to, current)):
        scripts.run_env()
