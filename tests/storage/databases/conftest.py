"""Databases that tests write to and read from, one after the other; each test has one of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headrace.stages.destinations import Table as Destination
from headrace.stages.origins import Table as Origin
from headrace.storage.connections import DuckdbConnection, SqliteConnection
from headrace.storage.databases import Dialect, StagedRows, dialect_of
from headrace.storage.databases.session import opened
from headrace.testing import StageRun

if TYPE_CHECKING:
    from headrace.core import Frame, Output, Value
    from headrace.engine import Engine

KINDS = ("postgresql", "sqlite", "duckdb")


@dataclass
class Database:
    """One database, an engine, and what stages do with both."""

    connection: Value
    folder: Path
    engine: Engine
    runs: int = 0

    @property
    def dialect(self) -> Dialect:
        return dialect_of(self.connection, self.folder)

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Done by somebody else; gives what the last one answers, if it asks."""
        with opened(self.dialect, "write") as session:
            for each in statements:
                asks = each.lstrip().upper().startswith("SELECT")
                rows = session.rows(each) if asks else [(session.run(each),)]
            session.commit()
        return rows

    def view(self, **given: Any) -> StageRun:
        """A run of its own, as a stage sees it."""
        self.runs += 1
        named = {"id": f"run-{self.runs}", "engine": self.engine.name, **given}
        return StageRun(self.engine.session, self.folder, connections={"db": self.connection}, **named)

    def origin(self, table: str = "", **given: Any) -> Origin:
        fields = {"table": table, **given} if table else given
        return Origin(connection="db", **fields)

    def read(self, table: str = "", run: StageRun | None = None, **given: Any) -> Frame:
        return self.origin(table, **given).read(run or self.view())

    def rows(self, table: str, order: str = "id") -> list[dict[str, Any]]:
        """The rows of a table as frames have them, sorted."""
        return [row.asDict(recursive=True) for row in self.read(table).orderBy(order).collect()]

    def stage(self, frame: Frame, table: str, run: StageRun | None = None, **given: Any) -> StagedRows:
        staged = Destination(connection="db", table=table, **given).write(frame, run or self.view())
        assert isinstance(staged, StagedRows)
        return staged

    def write(self, frame: Frame, table: str, **given: Any) -> Output:
        return self.stage(frame, table, **given).publish()

    def frame(self, sql: str) -> Frame:
        return self.engine.session.sql(sql)

    def tables(self) -> list[str]:
        """What anybody sees who looks at the database."""
        with opened(self.dialect, "look") as session:
            return [str(each) for each in self.dialect.tables(session)]

    def left(self) -> list[str]:
        """What is left of batches that waited."""
        return [name for name in self.tables() if "_headrace_" in name and "_headrace_batches" not in name]


def connection_of(kind: str, request: pytest.FixtureRequest) -> Value:
    if kind == "postgresql":
        made: Value = request.getfixturevalue("postgres").new_database()
        return made
    if kind == "sqlite":
        return SqliteConnection(path="data/with space?#.db")
    return DuckdbConnection(path="data/test.duckdb", retries=1)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Database:
    """Every kind of database, one after the other."""
    return Database(connection_of(request.param, request), tmp_path, engine)


@pytest.fixture
def postgres_database(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Database:
    """For what only a server does."""
    return Database(connection_of("postgresql", request), tmp_path, engine)
