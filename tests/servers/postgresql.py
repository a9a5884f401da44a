"""PostgreSQL from the system's own package, run by somebody who is not root, as it insists."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headrace.core import Secret
from headrace.storage.connections import PostgresqlConnection

from .starting import free_port, missing

PASSWORD = "a 'pass\\word' %/@:"
"""What connection strings are easily broken with."""


@dataclass
class Postgres:
    """A server on this machine, with a superuser ``headrace`` who logs in by password."""

    programs: Path
    folder: Path
    port: int
    databases: int = 0
    owner: dict[str, str] = field(default_factory=dict)

    def command(self, *words: str) -> None:
        done = subprocess.run(
            [str(self.programs / words[0]), *words[1:]],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            **self.owner,
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync=off"
        self.command("pg_ctl", "-D", "data", "-o", options, "-l", "server.log", "-w", "start")

    def stop(self) -> None:
        self.command("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")

    def connection(self, database: str = "postgres", **given: object) -> PostgresqlConnection:
        known = {"host": "127.0.0.1", "port": self.port, "user": "headrace", "database": database}
        secret = {"password": Secret("postgresql", PASSWORD), "retries": 2}
        return PostgresqlConnection.model_validate({**known, **secret, **given})

    def new_database(self) -> PostgresqlConnection:
        """An empty database of a test's own."""
        from adbc_driver_postgresql import dbapi

        from headrace.storage.databases.adbc import conninfo

        self.databases += 1
        name = f"test {self.databases}"
        where = conninfo(self.connection(), self.folder)
        with dbapi.connect(where, autocommit=True) as made, made.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
        return self.connection(name)


def programs() -> Path:
    """Where the server's programs are; Debian keeps them out of the path."""
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name))
    if found is None and not places:
        missing("PostgreSQL is not installed: the Debian package postgresql has it")
    return Path(found).parent if found else places[-1]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real server for the whole process."""
    pytest.importorskip("adbc_driver_postgresql", reason="adbc-driver-postgresql is not installed")
    server = Postgres(programs(), Path(tempfile.mkdtemp(prefix="headrace-postgresql-")), free_port())
    try:
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(server.folder, owner.pw_uid, owner.pw_gid)
            server.owner = {"user": "postgres", "group": "postgres"}
        secret = server.folder / "password"
        secret.write_text(PASSWORD)
        login = ["-U", "headrace", "-A", "scram-sha-256", "--pwfile", str(secret)]
        server.command("initdb", "-D", "data", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync", *login)
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(server.folder, ignore_errors=True)
