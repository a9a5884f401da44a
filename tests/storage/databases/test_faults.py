"""What goes wrong with a server: refused, gone, cut off. Clear words, nothing half, nothing twice."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.servers.starting import free_port

from headrace.core import DataRefused, HeadraceError, Secret, Unavailable
from headrace.storage.connections import explore
from headrace.storage.databases import StagedRows

from .conftest import Database

if TYPE_CHECKING:
    from tests.servers.postgresql import Postgres


class Wire:
    """A network between a client and the server, which can be cut."""

    def __init__(self, port: int) -> None:
        self.server = port
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.open: list[socket.socket] = []
        self.threads: list[threading.Thread] = []
        self.refusing = 0
        self.tried = 0
        self.passed = 0
        self.cut_after: int | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            self.tried += 1
            if self.refusing > 0:
                self.refusing -= 1
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.server))
            self.open += [client, server]
            for one, other in ((client, server), (server, client)):
                self.threads.append(threading.Thread(target=self._pass, args=(one, other), daemon=True))
                self.threads[-1].start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(65_536):
                other.sendall(piece)
                self.passed += len(piece)
                if self.cut_after is not None and self.passed > self.cut_after:
                    self.cut_after = None
                    self.cut()
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Everything that is open breaks."""
        for each in self.open.copy():
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.listening.close()
        self.cut()
        for each in self.threads:
            each.join(5)
        for each in self.open:
            each.close()


@contextmanager
def wire(port: int) -> Iterator[Wire]:
    made = Wire(port)
    try:
        yield made
    finally:
        made.close()


def through(database: Database, port: int, **given: object) -> Database:
    """The same database by another way."""
    connection = database.connection.model_copy(update={"port": port, **given})
    return Database(connection, database.folder, database.engine, database.runs + 100)


def test_a_wrong_password_says_so_and_shows_none(postgres_database: Database) -> None:
    wrong = through(postgres_database, postgres_database.connection.port, password=Secret("p", "open sesame"))  # type: ignore[attr-defined]
    for attempt in (lambda: wrong.read("any"), lambda: explore(wrong.connection, wrong.folder).check()):
        with pytest.raises(DataRefused) as refused:
            attempt()
        assert refused.value.code == "database-login-refused"
        assert "password authentication failed" in str(refused.value)
        assert "sesame" not in str(refused.value)


def test_nobody_there_is_tried_again_and_then_told(postgres_database: Database) -> None:
    nowhere = through(postgres_database, free_port(), retries=1)
    with pytest.raises(Unavailable, match="does not answer"):
        nowhere.read("any")


@pytest.mark.parametrize("kind", ["table", "query"])
def test_what_is_not_there_is_named(database: Database, kind: str) -> None:
    database.write(database.frame("SELECT 1 id"), "known")
    given = {"table": "unknown"} if kind == "table" else {"query": "SELECT * FROM unknown"}
    with pytest.raises(DataRefused, match="unknown") as refused:
        database.read(**given)
    assert refused.value.code == "unknown-table"
    with pytest.raises(DataRefused, match="has no column 'idd'"):
        database.read("known", columns=["idd"])
    with pytest.raises(DataRefused) as refused:
        database.read(query="SELEKT 1")
    assert refused.value.code == "statement-refused"


def test_a_table_that_is_dropped_while_it_is_read_is_named(database: Database) -> None:
    database.write(database.frame("SELECT id FROM range(10)"), "short")
    frame = database.read("short")
    database.sql("DROP TABLE short")
    with pytest.raises(Exception, match="short"):
        frame.collect()


def test_a_connection_that_comes_late_is_waited_for(postgres: Postgres, postgres_database: Database) -> None:
    postgres_database.write(postgres_database.frame("SELECT 1L id"), "t")
    with wire(postgres.port) as net:
        far = through(postgres_database, net.port)
        net.refusing = 2
        assert far.read("t").collect() == [(1,)]
        assert net.tried > 2


def test_a_cut_while_rows_are_read_ends_the_run_with_words(
    postgres: Postgres, postgres_database: Database
) -> None:
    postgres_database.write(
        postgres_database.frame("SELECT id, repeat('x', 100) t FROM range(200000)"), "long"
    )
    with wire(postgres.port) as net:
        frame = through(postgres_database, net.port, tls="disable").read("long")
        net.cut_after = 5_000_000
        with pytest.raises(Exception, match="does not answer"):
            frame.selectExpr("count(t)").collect()


def test_a_cut_while_rows_are_loaded_leaves_nothing(postgres: Postgres, postgres_database: Database) -> None:
    with wire(postgres.port) as net:
        far = through(postgres_database, net.port, tls="disable")
        rows = far.frame("SELECT id, repeat('x', 100) t FROM range(200000)")
        net.cut_after = 5_000_000
        with pytest.raises(Exception, match="does not answer"):
            far.stage(rows, "long")
    assert postgres_database.left() == []


def test_a_commit_whose_answer_is_lost_is_found_in_the_ledger(
    postgres: Postgres, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headrace.storage.databases.adbc import AdbcSession

    staged = postgres_database.stage(postgres_database.frame("SELECT 1L id"), "t")
    with wire(postgres.port) as net:
        far = through(postgres_database, net.port)
        again = StagedRows.restore(staged.intent(), far.view())
        commit, lost = AdbcSession.commit, []

        def loses(self: AdbcSession) -> None:
            commit(self)
            tables = self.rows("SELECT to_regclass('t')")
            if tables[0][0] and not lost:
                lost.append(True)
                net.cut()
                self.rows("SELECT 1")

        monkeypatch.setattr(AdbcSession, "commit", loses)
        assert again.publish().rows == 1
        assert lost
    assert postgres_database.rows("t") == [{"id": 1}]


def test_rows_that_a_crash_of_the_server_takes_are_missed(
    postgres: Postgres, postgres_database: Database
) -> None:
    staged = postgres_database.stage(postgres_database.frame("SELECT id FROM range(100)"), "t")
    postgres.stop()
    with pytest.raises(Unavailable):
        staged.publish()
    postgres.start()
    with pytest.raises(HeadraceError) as missed:
        staged.publish()
    assert missed.value.code == "staged-rows-lost"
    staged.undo()
    assert postgres_database.left() == []
    assert "t" not in postgres_database.tables()
