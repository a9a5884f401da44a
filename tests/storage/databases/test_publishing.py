"""Each row once: modes, batches that are published again, runs that die between two steps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from headrace.core import STAGED_NOTE, DataRefused, RunFailed
from headrace.storage.databases import StagedRows

if TYPE_CHECKING:
    from headrace.core import Frame

    from .conftest import Database


def pairs(database: Database, *rows: tuple[Any, ...]) -> Frame:
    values = ", ".join(f"({key}, {'NULL' if name is None else repr(name)})" for key, name in rows)
    return database.frame(f"SELECT CAST(id AS BIGINT) id, name FROM VALUES {values} AS t(id, name)")


def names(database: Database, table: str = "people") -> list[tuple[int, str | None]]:
    return [(row["id"], row["name"]) for row in database.rows(table)]


def test_nothing_is_visible_before_its_publication(database: Database) -> None:
    staged = database.stage(pairs(database, (1, "ada")), "people")
    assert "people" not in "".join(database.tables())
    staged.publish()
    assert names(database) == [(1, "ada")]
    assert database.left() == []


def test_a_batch_that_is_published_again_does_nothing(database: Database) -> None:
    staged = database.stage(pairs(database, (1, "ada")), "people", database.view(id="the-run"))
    first = staged.publish()
    again = StagedRows.restore(json.loads(json.dumps(staged.intent())), database.view())
    assert again.publish() == staged.publish() == first
    assert names(database) == [(1, "ada")]
    ledger = database.sql("SELECT batch, target, mode, row_count FROM _headrace_batches")
    assert ledger == [("test/the-run-0-stage", "people", "append", 1)]


def test_another_process_publishes_what_a_dead_one_left_waiting(database: Database) -> None:
    run = database.view(id="dead")
    intent = json.loads(json.dumps(database.stage(pairs(database, (1, "ada")), "people", run).intent()))
    StagedRows.restore(intent, run).publish()
    assert names(database) == [(1, "ada")]


def test_another_process_takes_away_what_a_dead_one_had_begun(database: Database) -> None:
    run = database.view(id="dead")
    database.stage(pairs(database, (1, "ada")), "people", run)
    note = json.loads((run.scratch / STAGED_NOTE).read_text())
    begun = StagedRows.restore(note["intent"], run)
    begun.undo()
    begun.undo()
    assert database.left() == []
    assert not list(run.scratch.glob("waiting-*"))
    with pytest.raises((RunFailed, DataRefused)):
        begun.publish()
    assert "people" not in "".join(database.tables())


def test_append_adds_and_overwrite_replaces(database: Database) -> None:
    for _ in range(2):
        database.write(pairs(database, (1, "ada")), "people")
    assert names(database) == [(1, "ada"), (1, "ada")]
    database.write(pairs(database, (2, "grace")), "people", mode="overwrite")
    assert names(database) == [(2, "grace")]
    database.write(pairs(database, (3, "x")).where("FALSE"), "people", mode="overwrite")
    assert names(database) == []


def test_upsert_updates_and_inserts_and_leaves_other_columns_alone(database: Database) -> None:
    database.write(database.frame("SELECT 1L id, 'ada' name, 36 age"), "people", mode="upsert", keys=["id"])
    database.write(pairs(database, (1, "Ada"), (2, None)), "people", mode="upsert", keys=["ID"])
    assert database.rows("people") == [
        {"id": 1, "name": "Ada", "age": 36},
        {"id": 2, "name": None, "age": None},
    ]


def test_delete_removes_what_has_these_keys(database: Database) -> None:
    database.write(pairs(database, (1, "ada"), (2, "grace"), (3, "mary")), "people")
    database.write(pairs(database, (2, "x"), (9, "y"), (2, "z")), "people", mode="delete", keys=["id"])
    assert names(database) == [(1, "ada"), (3, "mary")]


def test_scd1_touches_only_rows_that_differ(database: Database) -> None:
    database.write(pairs(database, (1, "ada"), (2, None), (3, "mary")), "people", mode="scd1", keys=["id"])
    database.write(pairs(database, (1, "ada"), (2, "grace"), (3, None)), "people", mode="scd1", keys=["id"])
    assert names(database) == [(1, "ada"), (2, "grace"), (3, None)]


def test_scd2_keeps_every_version_and_when_it_held(database: Database) -> None:
    for rows in ([(1, "ada"), (2, None)], [(1, "ada"), (2, "grace")], [(2, None), (3, "mary")]):
        database.write(pairs(database, *rows), "people", mode="scd2", keys=["id"])
    found = database.read("people").orderBy("id", "valid_from").collect()
    assert [(row.id, row.name, row.is_current) for row in found] == [
        (1, "ada", True),
        (2, None, False),
        (2, "grace", False),
        (2, None, True),
        (3, "mary", True),
    ]
    second = [row for row in found if row.id == 2]
    assert [row.valid_to for row in second] == [second[1].valid_from, second[2].valid_from, None]


def test_keys_have_to_tell_rows_apart(database: Database) -> None:
    twice = pairs(database, (1, "a"), (1, "b"), (2, "c"))
    with pytest.raises(DataRefused, match="1 keys come more than once, id = 1 among them"):
        database.write(twice, "people", mode="upsert", keys=["id"])
    with pytest.raises(DataRefused, match="1 rows have no value in name"):
        database.write(pairs(database, (1, None)), "people", mode="upsert", keys=["name"])
    database.write(twice, "people", mode="upsert", keys=["id"], latest_by="name")
    assert names(database) == [(1, "b"), (2, "c")]


def test_columns_are_added_only_on_request(database: Database) -> None:
    database.write(pairs(database, (1, "ada")), "people")
    wider = database.frame("SELECT 2L id, 'grace' name, 37 age")
    with pytest.raises(DataRefused, match="has no column 'age'"):
        database.write(wider, "people")
    database.write(wider, "people", add_columns=True)
    assert [row["age"] for row in database.rows("people")] == [None, 37]


def test_a_table_is_made_only_where_that_is_wanted(database: Database) -> None:
    with pytest.raises(DataRefused, match="There is no table 'people'"):
        database.write(pairs(database, (1, "ada")), "people", create=False)
    staged = database.stage(pairs(database, (1, "ada")), "people")
    staged.publish()
    staged = database.stage(pairs(database, (2, "grace")), "people")
    database.sql(f"DROP TABLE {database.dialect.qualified(staged.wanted.name)}")
    with pytest.raises(DataRefused, match="There is no table 'people' any more"):
        staged.publish()
    staged.undo()
    assert database.left() == []


def test_a_row_that_the_table_refuses_leaves_it_as_it_was(database: Database) -> None:
    database.write(pairs(database, (1, "ada")), "people", primary_key=["id"])
    staged = database.stage(pairs(database, (2, "grace"), (1, "again")), "people")
    with pytest.raises(DataRefused) as refused:
        staged.publish()
    assert refused.value.code == "value-refused"
    staged.undo()
    assert names(database) == [(1, "ada")]
    assert database.left() == []


def test_a_frame_that_fails_leaves_nothing(database: Database) -> None:
    broken = database.frame("SELECT id, 1 / (id - 700) name FROM range(1000)")
    with pytest.raises(Exception, match=r"(?i)divi"):
        database.write(broken, "people")
    assert database.left() == []


def test_growing_tables_are_read_once(database: Database) -> None:
    def new(offset: Any, **given: Any) -> tuple[list[int], Any, bool]:
        run = database.view()
        origin = database.origin("events", read="new", grows_by="id", **given)
        part = origin.next_slice(offset, run)
        assert part is not None
        rows = origin.read(database.view(slice=part)).collect()
        return sorted(row.id for row in rows), part.offset, part.more

    database.write(database.frame("SELECT id, 'x' what FROM range(10)"), "events")
    first, offset, more = new(None, max_rows=4)
    assert (first, more) == ([0, 1, 2, 3], True)
    second, offset, more = new(json.loads(json.dumps(offset)), lag=2)
    assert (second, more) == ([4, 5, 6, 7], False)
    database.write(database.frame("SELECT id, 'x' what FROM range(10, 12)"), "events")
    third, offset, _ = new(offset, filter="id <> 9")
    assert third == [8, 10, 11]
    assert new(offset)[0] == []


def test_moments_grow_too_and_late_rows_are_waited_for(database: Database) -> None:
    now = "SELECT 2L id, current_timestamp() at"
    database.write(
        database.frame(f"SELECT 1L id, TIMESTAMP '2024-01-01 00:00:00Z' at UNION ALL {now}"), "events"
    )
    origin = database.origin("events", read="new", grows_by="at", lag=60)
    part = origin.next_slice(None, database.view())
    assert part is not None
    assert [row.id for row in origin.read(database.view(slice=part)).collect()] == [1]
    rest = database.origin("events", read="new", grows_by="at").next_slice(part.offset, database.view())
    assert [row.id for row in origin.read(database.view(slice=rest)).collect()] == [2]
