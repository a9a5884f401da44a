"""``headrace.Pipeline``: built, checked, previewed, run and written from Python."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import headrace
from headrace import InvalidDocument, Pipeline, RunResult
from headrace.core import Cancelled, DataRefused, InvalidCall, RunFailed, UserCodeFailed
from headrace.stages import destinations, origins, processors


def orders(folder: Path) -> Pipeline:
    p = Pipeline("orders", project=folder)
    least = p.parameter("least", 0.0, minimum=0, description="What counts.")
    load = p.origin("load", origins.Files, path="orders.csv", format="csv")
    known = p.origin("known", origins.Files, path="customers.csv")
    paid = load.to("paid", processors.Filter, condition=f"amount > {least}")
    both = p.inputs(left=paid, right=known).to("both", processors.Join, on=["customer"])
    both.to("write", destinations.Files, path="output", mode="overwrite")
    return p


def test_a_pipeline_in_python_is_the_document_it_writes(folder: Path) -> None:
    p = orders(folder)
    saved = p.save(folder / "pipelines" / "orders.yaml")
    again = headrace.load(saved)
    assert again.digest == p.digest
    assert again.to_yaml() == p.to_yaml() == saved.read_text()
    assert Pipeline.from_yaml(p.to_yaml(), project=folder).digest == p.digest
    assert "condition: amount > ${least}" in p.to_yaml()
    assert "from: {left: paid, right: known}" in p.to_yaml()


@pytest.mark.parametrize(
    ("default", "kind"),
    [(3, "integer"), (0.5, "number"), (True, "boolean"), ("a", "string"), (dt.date(2026, 1, 31), "date")],
)
def test_a_parameter_has_the_type_of_its_default(default: Any, kind: str) -> None:
    p = orders(Path())
    assert p.parameter("p", default) == "${p}"
    assert p.value.parameters["p"].type == kind
    assert Pipeline.from_yaml(p.to_yaml()).digest == p.value.digest()


def test_an_integer_default_of_a_number_is_a_number() -> None:
    p = orders(Path())
    p.parameter("p", 5, type="number", choices=(5, 10))
    assert Pipeline.from_yaml(p.to_yaml()).digest == p.value.digest()


def test_named_outputs_and_error_rows_are_lanes_by_index(folder: Path) -> None:
    p = Pipeline("lanes", project=folder)
    load = p.origin(
        "load", origins.Files, path="orders.csv", declared_schema={"id": "bigint", "amount": "string"}
    )
    typed = load.to("typed", processors.ConvertTypes, columns={"amount": "double"}).options(on_error="route")
    parts = typed.to("parts", processors.SplitRows, fractions={"a": 0.5, "b": 0.5})
    p.inputs(parts["a"], parts["b"]).to("all", processors.Union)
    typed["errors"].to("bad", destinations.Discard)
    text = p.to_yaml()
    assert "from: [parts.a, parts.b]" in text
    assert "from: typed.errors" in text
    assert "on_error: route" in text
    assert "schema: {id: bigint, amount: string}" in text
    assert [issue for issue in p.validate() if issue.severity == "error"] == []


def test_what_every_stage_has_is_set_by_options(folder: Path) -> None:
    p = orders(folder)
    p.origin("more", origins.Files, path="x.csv").options(description="Later.", disabled=True, cache=True)
    node = p.value.stages["more"]
    assert (node.description, node.disabled, node.cache) == ("Later.", True, True)


def test_two_stages_of_one_name_are_refused(folder: Path) -> None:
    p = orders(folder)
    with pytest.raises(InvalidCall, match="'load'"):
        p.origin("load", origins.Files, path="x.csv")


def test_nothing_reads_from_a_destination(folder: Path) -> None:
    p = Pipeline("x", project=folder)
    end = p.origin("load", origins.Files, path="x.csv").to("write", destinations.Discard)
    with pytest.raises(InvalidCall, match="nothing comes out"):
        end.to("more", processors.Filter, condition="true")


def test_validate_finds_everything_and_run_raises_it(folder: Path) -> None:
    p = Pipeline("wrong", project=folder)
    load = p.origin("load", origins.Files, path="orders.csv", formt="csv")
    load.to("paid", processors.Filter, condition="amount > ${leest}")
    issues = p.validate()
    assert {issue.stage for issue in issues if issue.severity == "error"} == {"load", "paid"}
    with pytest.raises(InvalidDocument) as caught:
        p.run(progress=False)
    assert {issue.code for issue in caught.value.issues} >= {"unknown-field"}


def test_explain_says_the_columns_after_every_stage(folder: Path) -> None:
    explained = orders(folder).explain()
    schemas = {stage.name: stage.schemas[""] for stage in explained.stages if stage.schemas}
    assert sorted(schemas["both"].names) == ["amount", "country", "customer", "id"]
    assert "every stage can run" in explained._repr_html_()


def test_a_preview_shows_rows_before_and_after_and_writes_nothing(folder: Path) -> None:
    shown = orders(folder).preview("paid", rows=2, least=10.0)
    assert isinstance(shown.to_pandas(), pd.DataFrame)
    assert shown.to_pandas()["customer"].tolist() == ["ada", "linus"]
    assert "out of paid" in shown._repr_html_()
    assert repr(shown) == "<Preview of 'paid': 2 rows>"
    assert not (folder / "output").exists()


def test_a_frame_is_every_row_as_arrow(folder: Path) -> None:
    table = orders(folder).frame("both")
    assert isinstance(table, pa.Table)
    assert sorted(table.to_pandas()["id"]) == [1, 3]
    assert not (folder / "output").exists()


def test_a_run_gives_its_result_and_looks_like_a_table(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = orders(folder).run(least=10)
    assert isinstance(result, RunResult)
    assert {stage.name: stage.rows_out for stage in result.stages}["both"] == 1
    assert result.parameters == {"least": 10.0}
    page = result._repr_html_()  # type: ignore[attr-defined]
    assert "rows in" in page
    assert result.run_id in page
    assert "write wrote" in capsys.readouterr().out
    assert RunResult.model_validate(result.model_dump(mode="json")).state == "finished"


def test_events_come_while_it_runs_and_iteration_can_go_on_later(folder: Path) -> None:
    handle = orders(folder).start()
    seen = []
    for event in handle:
        seen.append(event["event"])
        if event["event"] == "run_started":
            break
    assert seen[-1] == "run_started"
    assert handle.wait().state == "finished"
    assert handle.wait() is handle.wait()
    assert list(handle) == []


def script(folder: Path, code: str) -> Pipeline:
    p = Pipeline("script", project=folder)
    load = p.origin("load", origins.Files, path="orders.csv")
    load.to("code", processors.PySpark, code=code, columns={"id": "bigint"}).to("end", destinations.Discard)
    return p


def test_an_error_has_the_class_that_says_what_to_mend(folder: Path) -> None:
    with pytest.raises(UserCodeFailed, match="Line 1") as code:
        script(folder, "1 / 0").run(progress=False)
    assert code.value.where == "code"
    p = Pipeline("missing", project=folder)
    p.origin("load", origins.Files, path="nothing-*.csv").to("end", destinations.Discard)
    with pytest.raises(RunFailed, match="No file"):
        p.run(progress=False)
    p = Pipeline("few", project=folder)
    checked = p.origin("odd", origins.Files, path="orders.csv").to(
        "checked", processors.Expect, expectations=[{"check": "row_count", "min": 100}]
    )
    checked.to("end", destinations.Discard)
    with pytest.raises(DataRefused, match="not as expected"):
        p.run(progress=False)


def test_a_cancelled_run_raises_cancelled(folder: Path) -> None:
    handle = script(
        folder, "import time\nprint('at work', flush=True)\ntime.sleep(2)\noutput = inputs[0].select('id')"
    ).start()
    for event in handle:
        if event["event"] == "log_written" and "at work" in event["message"]:
            handle.cancel()
    with pytest.raises(Cancelled):
        handle.wait()


def test_ctrl_c_cancels_the_run_and_raises_cancelled(folder: Path) -> None:
    program = folder / "program.py"
    program.write_text(
        "import signal\n"
        "import headrace\n"
        "from headrace.core import Cancelled\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell ignores it in the background
        "from headrace.stages import destinations, origins, processors\n"
        "p = headrace.Pipeline('slow')\n"
        "load = p.origin('load', origins.Files, path='orders.csv')\n"
        "code = 'import time\\ntime.sleep(2)\\noutput = inputs[0].select(\"id\")'\n"
        "slow = load.to('code', processors.PySpark, code=code, columns={'id': 'bigint'})\n"
        "slow.to('write', destinations.Files, path='output')\n"
        "try:\n"
        "    p.run()\n"
        "except Cancelled as error:\n"
        "    print('cancelled', flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, program.name], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("run ")
    os.kill(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert rest.splitlines()[-1] == "cancelled"
    assert process.returncode == 0
    assert not (folder / "output").exists()


def test_a_pipeline_looks_like_its_stages_in_a_notebook(folder: Path) -> None:
    p = orders(folder)
    page = p._repr_html_()
    assert "amount" not in page
    assert all(name in page for name in ("paid", "processor.filter", "paid, known"))
    assert "<script" not in Pipeline("<script>")._repr_html_()
    assert repr(p) == "<Pipeline 'orders': load → known → paid → both → write>"
