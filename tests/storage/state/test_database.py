"""Opening: new, older, newer, damaged, read-only and full databases."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from headrace.core import HeadraceError, InvalidCall, Unavailable, Warned
from headrace.storage.state import State, open_state
from headrace.storage.state.schema_version import HEAD, MIGRATIONS, upgrade
from headrace.storage.state.tables import METADATA, VERSION

from .conftest import Start


def in_a_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_metadata_and_migrations_make_the_same_tables() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]
    migrated, made = create_engine("sqlite://"), create_engine("sqlite://")
    with migrated.begin() as connection:
        upgrade(connection)
        options = {"compare_type": True, "target_metadata": METADATA}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD
    METADATA.create_all(made)
    VERSION.create(made)
    ask_one, ask_other = inspect(migrated), inspect(made)
    assert sorted(ask_one.get_table_names()) == sorted(ask_other.get_table_names())
    for table in METADATA.tables:
        for question in ("get_pk_constraint", "get_foreign_keys", "get_unique_constraints", "get_indexes"):
            assert getattr(ask_one, question)(table) == getattr(ask_other, question)(table), table
        for one, other in zip(ask_one.get_columns(table), ask_other.get_columns(table), strict=True):
            assert (one["name"], str(one["type"]), one["nullable"]) == (
                other["name"],
                str(other["type"]),
                other["nullable"],
            )
    migrated.dispose()
    made.dispose()


def test_the_tables_are_such_as_postgresql_takes() -> None:
    dialect = postgresql.dialect()
    for table in METADATA.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert len(str(index.name)) <= 63, "PostgreSQL cuts longer names"
            assert str(CreateIndex(index).compile(dialect=dialect))


def test_a_new_database_is_made_without_alembic_and_survives(tmp_path: Path) -> None:
    code = f"""if True:
        import sys; from pathlib import Path
        import headrace.storage.state as room
        assert "sqlalchemy" not in sys.modules
        with room.open_state(Path({str(tmp_path)!r}), project="p") as state:
            assert state.runs.list() == []
        print("alembic" in sys.modules)
    """
    assert in_a_process(code) == "False\n"
    database = sqlite3.connect(tmp_path / ".headrace" / "state.db")
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    database.close()


def test_an_older_database_is_migrated_when_it_is_opened(tmp_path: Path) -> None:
    home = tmp_path / ".headrace"
    home.mkdir()
    # A database at the very beginning: Alembic knows it, and no table of ours is there yet.
    older = sqlite3.connect(home / "state.db")
    older.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    older.commit()
    older.close()
    with open_state(tmp_path, project="p") as state:
        assert state.offsets.list() == []


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    open_state(tmp_path, project="p").close()
    path = tmp_path / ".headrace" / "state.db"
    database = sqlite3.connect(path)
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    with pytest.raises(InvalidCall, match="version 9999") as caught:
        open_state(tmp_path, project="p")
    assert caught.value.code == "state-newer"
    assert caught.value.where == str(path)


@pytest.mark.parametrize("damage", ["text", "header", "tables without a version"])
def test_a_damaged_database_is_said_to_be_damaged(tmp_path: Path, damage: str) -> None:
    open_state(tmp_path, project="p").close()
    path = tmp_path / ".headrace" / "state.db"
    if damage == "text":
        path.write_text("this is not a database at all, whatever its name says\n" * 40)
    elif damage == "header":
        content = bytearray(path.read_bytes())
        content[16:3000] = os.urandom(2984)
        path.write_bytes(content)
    else:
        database = sqlite3.connect(path)
        database.execute("DROP TABLE alembic_version")
        database.commit()
        database.close()
    with pytest.raises(InvalidCall) as caught:
        open_state(tmp_path, project="p")
    assert caught.value.code == "state-corrupt"
    assert caught.value.where == str(path)


def test_a_full_disk_loses_the_change_and_nothing_else(state: State, start: Start) -> None:
    run = start().record
    state.events.append(run.id, [Warned(code="kept", message="")])
    with state._scope.database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable) as caught:
        state.events.append(run.id, [Warned(code="lost", message="x" * 100_000)] * 10)
    assert caught.value.code == "state-disk-full"
    assert [event.body["code"] for event in state.events.read(run.id)] == ["kept"]


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / ".headrace").write_text("")
    with pytest.raises(InvalidCall) as caught:
        open_state(tmp_path, project="p")
    assert (caught.value.code, caught.value.where) == ("state-read-only", str(tmp_path / ".headrace"))


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that any user can reach: pytest's own are their owner's alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("made", [False, True], ids=["new", "made before"])
def test_a_folder_that_cannot_be_written_is_named(open_to_all: Path, tmp_path: Path, made: bool) -> None:
    if made:
        open_state(open_to_all, project="p").close()
    # Root may write anywhere: it becomes somebody else to see what others see, all modules being loaded.
    code = """if True:
        import os, sys; from pathlib import Path
        from headrace.core import HeadraceError
        from headrace.storage.state import open_state, OffsetChange
        open_state(Path(sys.argv[2]), project="p").close()
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            with open_state(Path(sys.argv[1]), project="p") as state:
                state.offsets.commit("a", [OffsetChange("b", 1, 0)], run_id="r")
        except HeadraceError as error:
            print(error.code, error.where)
    """
    for path in (open_to_all, *open_to_all.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    command = [sys.executable, "-c", code, str(open_to_all), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for path in (open_to_all, *open_to_all.rglob("*")):
        path.chmod(0o755)
    assert done.stdout.startswith("state-read-only " + str(open_to_all)), done.stderr


def test_a_password_in_a_url_is_not_shown(tmp_path: Path) -> None:
    url = f"sqlite:///file:{tmp_path}/missing/state.db?mode=ro&uri=true"
    with pytest.raises(HeadraceError) as caught:
        open_state(tmp_path, project="p", url=url)
    assert caught.value.code == "state-read-only"


def test_another_url_is_another_database(tmp_path: Path) -> None:
    with open_state(tmp_path, project="p", url=f"sqlite:///{tmp_path}/shared.db") as state:
        assert state.runs.list() == []
    assert (tmp_path / "shared.db").exists()
    assert not (tmp_path / ".headrace" / "state.db").exists()
