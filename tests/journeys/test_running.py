"""A run as a user and as a machine see it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import jsonschema
import pytest

from headrace.app.catalog import json_schema

LOAD = "  load: {type: origin.files, path: orders.csv, format: csv}\n"
PAID = "  paid: {type: processor.filter, from: load, condition: amount > 0}\n"
WRITE = "  write: {type: destination.files, from: paid, path: out, format: csv}\n"


def test_a_run_prints_exactly_one_json_object_with_everything_in_it(place: Any) -> None:
    place.pipeline(LOAD + PAID + WRITE)
    done = place.command("run", "p.yaml", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0
    assert (result["state"], result["pipeline"], result["engine"], result["error"]) == (
        "finished",
        "test",
        "embedded",
        None,
    )
    assert [(stage["name"], stage["rows_in"], stage["rows_out"]) for stage in result["stages"]] == [
        ("load", None, 3),
        ("paid", 3, 2),
        ("write", 2, None),
    ]
    (output,) = result["outputs"]
    assert (output["stage"], output["kind"], output["format"], output["rows"]) == ("write", "files", "csv", 2)
    assert sum(len((place.folder / name).read_text().splitlines()) - 1 for name in output["files"]) == 2


def test_events_stream_as_json_lines_from_start_to_end(place: Any) -> None:
    place.pipeline(LOAD + PAID + WRITE)
    done = place.command("run", "p.yaml", "--events")
    names = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert (names[0], names[-1]) == ("run_started", "run_finished")
    assert names.count("stage_finished") == 3


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("p.yaml",), None, 0),
        (("q.yaml",), "no-such-document", 2),
        (("p.yaml", "-p", "color"), "parameter-form", 2),
        (("p.yaml", "-p", "color=red"), "unknown-parameter", 2),
        (("p.yaml", "--resume", "never"), "unknown-run", 2),
        (("none.yaml",), "no-files-match", 1),
        (("busy/p.yaml",), "state-read-only", 2),
    ],
)
def test_however_a_run_ends_its_json_fits_the_published_schema(
    place: Any, words: tuple[str, ...], code: str | None, exit_code: int
) -> None:
    place.pipeline(LOAD + PAID + WRITE)
    place.pipeline(LOAD.replace("orders", "no*such") + PAID + WRITE, name="none.yaml")
    place.pipeline(LOAD + PAID + WRITE, name="busy/p.yaml")
    place.write("busy/headrace.toml", "")
    place.write("busy/.headrace", "This is where the project's state would be.")
    done = place.command("run", *words, "--json")
    result = json.loads(done.stdout)
    jsonschema.validate(result, json_schema("run-result"))
    assert (done.returncode, (result["error"] or {}).get("code")) == (exit_code, code)
    assert {stage["state"] for stage in result["stages"]} <= {"finished", "failed", "skipped"}


def test_events_of_a_run_that_never_began_say_why(place: Any) -> None:
    done = place.command("run", "p.yaml", "--events")
    (event,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, event["event"], event["error"]["code"]) == (
        2,
        "run_finished",
        "no-such-document",
    )


def test_what_a_run_was_is_remembered(place: Any) -> None:
    place.pipeline(LOAD + PAID + WRITE)
    ran = place.json("run", "p.yaml")
    assert place.json("runs", "show", "last") == ran
    assert [each["run_id"] for each in place.json("runs", "list")] == [ran["run_id"]]
    log = place.command("runs", "logs", ran["run_id"][:18]).stdout
    assert "run finished" in log


def test_a_wrong_document_leaves_with_2_and_lists_every_issue(place: Any) -> None:
    place.pipeline(
        LOAD + "  paid: {type: processor.filtr, from: load}\n  more: {type: processor.filter, from: lod}\n"
    )
    done = place.command("run", "p.yaml", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 2
    assert {issue["code"] for issue in result["issues"]} >= {
        "unknown-stage",
        "dangling-input",
        "missing-field",
    }
    assert place.visible() == ["orders.csv"]


def test_a_column_that_does_not_exist_is_found_before_anything_runs(place: Any) -> None:
    place.pipeline(
        LOAD + "  gone: {type: processor.remove_fields, from: load, fields: [amont]}\n"
        "  write: {type: destination.files, from: gone, path: out, format: csv}\n"
    )
    done = place.command("run", "p.yaml", "--json")
    (issue,) = json.loads(done.stdout)["issues"]
    assert done.returncode == 2
    assert (issue["code"], issue["stage"], issue["field"]) == ("unknown-column", "gone", "fields.0")
    assert issue["hint"] == "Did you mean 'amount'?"
    assert issue["line"] == 6


def test_a_column_that_sql_names_wrongly_is_found_at_its_field(place: Any) -> None:
    place.pipeline(LOAD + "  paid: {type: processor.filter, from: load, condition: amont > 0}\n" + WRITE)
    done = place.command("run", "p.yaml", "--json")
    (issue,) = json.loads(done.stdout)["issues"]
    assert (done.returncode, issue["stage"], issue["field"]) == (2, "paid", "condition")
    assert "amont" in issue["message"]


def test_no_file_is_an_error_of_the_run_and_leaves_with_1(place: Any) -> None:
    place.pipeline(LOAD.replace("orders.csv", "nothing-*.csv") + PAID + WRITE)
    done = place.command("run", "p.yaml")
    assert done.returncode == 1
    assert "nothing-*.csv" in done.stderr


def test_two_destinations_are_published_together_or_not_at_all(place: Any) -> None:
    second = "  second: {type: destination.files, from: load, path: taken, format: csv, mode: error}\n"
    place.pipeline(LOAD + PAID + WRITE + second)
    place.write("taken/there.csv", "a\n1\n")
    done = place.command("run", "p.yaml")
    assert done.returncode == 1
    assert place.visible() == ["orders.csv", "taken/there.csv"]


def test_a_preview_writes_nothing_and_shows_what_changes(place: Any) -> None:
    place.pipeline(
        LOAD + PAID + "  total: {type: processor.aggregate, from: paid, group_by: [customer], "
        "aggregates: {total: sum(amount)}}\n"
        "  write: {type: destination.files, from: total, path: out, format: csv}\n"
    )
    shown = place.json("preview", "p.yaml", "--stage", "total")
    assert shown["outputs"][""]["rows"] == [{"customer": "ada", "total": 19.75}]
    assert shown["changes"] == {"added": ["total"], "removed": ["id", "amount"], "retyped": []}
    assert place.json("preview", "p.yaml")["note"] == "A preview writes nothing."
    unknown = place.command("preview", "p.yaml", "--stage", "totl")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "Did you mean 'total'?" in unknown.stderr
    assert place.visible() == ["orders.csv"]
    assert place.json("runs", "list") == []


def test_explain_knows_the_columns_after_every_stage(place: Any) -> None:
    place.pipeline(LOAD + PAID + WRITE)
    found = place.json("explain", "p.yaml")
    columns = {stage["name"]: [c["type"] for c in stage["outputs"].get("", [])] for stage in found["stages"]}
    assert columns == {
        "load": ["bigint", "string", "double"],
        "paid": ["bigint", "string", "double"],
        "write": [],
    }


def test_runs_are_compared_by_what_differs(place: Any) -> None:
    head = "headrace: 1\nkind: pipeline\nname: test\nparameters:\n  least: {type: number, default: 0}\n"
    paid = '  paid: {type: processor.filter, from: load, condition: "amount > ${least}"}\n'
    place.pipeline(LOAD + paid + "  write: {type: destination.discard, from: paid}\n", head=head)
    first = place.json("run", "p.yaml")
    second = place.json("run", "p.yaml", "-p", "least=10")
    found = place.json("runs", "compare", first["run_id"], second["run_id"])
    differing = {(row["section"], row["name"]): (row["a"], row["b"]) for row in found["rows"]}
    assert differing["parameters", "least"] == (0.0, 10.0)
    assert differing["rows", "paid.rows_out"] == (2, 1)


def test_counts_are_live_within_two_seconds(place: Any) -> None:
    slow = (
        "  slow:\n    type: processor.pyspark\n    from: load\n    columns: {id: bigint}\n    code: |\n"
        "      def linger(batches):\n"
        "          import time\n"
        "          for batch in batches:\n"
        "              time.sleep(3)\n"
        "              yield batch.select(['id'])\n"
        "      output = inputs[0].mapInArrow(linger, 'id bigint')\n"
    )
    place.pipeline(LOAD + slow + "  write: {type: destination.files, from: slow, path: out, format: csv}\n")
    done = place.command("run", "p.yaml", "--events")
    events = [json.loads(line) for line in done.stdout.splitlines()]

    def first(name: str, stage: str, **facts: Any) -> dt.datetime:
        wanted = {"event": name, "stage": stage, **facts}
        at = (each["at"] for each in events if wanted.items() <= each.items())
        return dt.datetime.fromisoformat(next(at))

    began, ended = first("stage_started", "load"), first("stage_finished", "write")
    assert (ended - began).total_seconds() > 3
    assert (first("rows_counted", "load", rows_out=3) - began).total_seconds() < 2
    for stage, rows in {"load": (None, 3), "slow": (3, 3), "write": (3, None)}.items():
        first("stage_finished", stage, rows_in=rows[0], rows_out=rows[1])


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("output = inputs[0].select('id')", (3, 3)),
        ("log.info(str(inputs[0].count())); output = inputs[0].select('id')", (3, 3)),
        ("inputs[0].collect(); output = spark.range(2)", (3, 2)),
        ("output = spark.range(2)", (0, 2)),
    ],
    ids=["lazily", "twice", "at once", "never"],
)
def test_what_user_code_reads_is_counted_whenever_it_reads(
    place: Any, body: str, rows: tuple[int, int]
) -> None:
    head = "  code:\n    type: processor.pyspark\n    from: load\n    columns: {id: bigint}\n"
    write = "  write: {type: destination.files, from: code, path: out, format: csv}\n"
    place.pipeline(f"{LOAD}{head}    code: {body}\n{write}")
    load, code_stage, written = place.run()["stages"]
    assert (load["rows_out"], code_stage["rows_in"], code_stage["rows_out"]) == (rows[0], *rows)
    assert written["rows_in"] == rows[1]


def test_a_side_effect_happens_once_however_many_lanes_and_counts_there_are(place: Any) -> None:
    code = (
        "  code:\n    type: processor.pyspark\n    from: load\n    columns: {id: bigint}\n    code: |\n"
        "      def touch(rows):\n"
        "          for batch in rows:\n"
        "              with open('touched.txt', 'a') as out:\n"
        "                  out.write('x' * batch.num_rows)\n"
        "              yield batch.select(['id'])\n"
        "      output = inputs[0].mapInArrow(touch, 'id bigint')\n"
    )
    lanes = (
        "  kept: {type: processor.filter, from: code, condition: id > 1}\n"
        "  one: {type: destination.files, from: kept, path: one, format: csv}\n"
        "  two: {type: destination.files, from: code, path: two, format: csv}\n"
    )
    place.pipeline(LOAD + code + lanes)
    result = place.json("run", "p.yaml")
    assert result["state"] == "finished", result["error"]
    assert (place.folder / "touched.txt").read_text() == "xxx"
    rows = {stage["name"]: (stage["rows_in"], stage["rows_out"]) for stage in result["stages"]}
    assert rows["code"] == (3, 3)
    assert rows["kept"] == (3, 2)
