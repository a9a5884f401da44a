"""Lakes are made from nothing, filled by name, and looked after."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from headrace.app.lakes import create_lake, lake_of
from headrace.app.pipeline import load
from headrace.cli.main import app
from headrace.core import InvalidCall
from headrace.project import open_project

if TYPE_CHECKING:
    from headrace.app.local_s3 import LocalS3

if find_spec("deltalake") is None and os.environ.get("HEADRACE_REQUIRE_ALL") != "1":
    pytest.skip("the package deltalake is not installed", allow_module_level=True)

PIPELINE = """\
headrace: 1
kind: pipeline
name: fill
stages:
  load: {type: origin.inline, rows: [{id: 1, who: ada}, {id: 2, who: grace}]}
  save:
    type: destination.lake
    from: load
    table: sales.raw.orders
    comment: Orders
    column_comments: {who: The customer}
"""


class Shop:
    """A project with a lake, and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "headrace.toml").write_text('[project]\nname = "shop"\n')

    def say(self, *words: str, code: int = 0, **options: Any) -> str:
        done = CliRunner().invoke(app, ["lake", *words, "--project", str(self.folder)], **options)
        assert done.exit_code == code, f"{done.output} {done.exception}"
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.say(*words, "--json"))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_lake_from_nothing_takes_tables_by_name_and_is_looked_after(shop: Shop) -> None:
    (shop.folder / "connections.yaml").write_text("# ours\nold: {kind: s3}  # kept\n")
    made = shop.json("create", "sales", "--at", "the lake", "--layers", "raw,curated")
    assert made["layers"] == ["raw", "curated"]
    written = (shop.folder / "connections.yaml").read_text()
    assert written.startswith("# ours\nold: {kind: s3}  # kept\n")
    assert [each["lake"] for each in shop.json("list")] == ["sales"]
    assert shop.json("tables", "sales") == []
    (shop.folder / "p.yaml").write_text(PIPELINE)
    load(shop.folder / "p.yaml").run()
    result = load(shop.folder / "p.yaml").run()
    assert result.outputs[0]["table"] == "sales.raw.orders"

    assert [each["table"] for each in shop.json("tables", "sales")] == ["sales.raw.orders"]
    told = shop.json("describe", "sales.raw.orders")
    assert (told["rows"], told["version"], told["comment"]) == (4, 1, "Orders")
    assert told["columns"][1] == {
        "name": "who",
        "type": "string",
        "nullable": True,
        "comment": "The customer",
    }
    history = shop.json("history", "sales.raw.orders")
    assert [each["version"] for each in history] == [1, 0]
    assert history[0]["batch"].startswith(result.run_id)
    assert shop.json("optimize", "sales.raw.orders")["files_added"] == 1
    assert shop.json("vacuum", "sales.raw.orders", "--hours", "0", "--dry-run")["files"] > 0
    shop.say("vacuum", "sales.raw.orders", code=1, input="n\n")
    assert shop.json("vacuum", "sales.raw.orders", "--hours", "0", "--yes")["removed"]
    shop.say("clone", "sales.raw.orders", "sales.curated.orders")
    shop.say("drop", "sales.raw.orders", "--yes")
    assert [each["table"] for each in shop.json("tables", "sales")] == ["sales.curated.orders"]
    kept = load(shop.folder / "p.yaml")
    assert shop.json("describe", "sales.curated.orders")["rows"] == 4
    assert kept.frame("load").num_rows == 2


def test_a_name_and_a_layer_that_are_wrong_are_said(shop: Shop) -> None:
    shop.say("create", "sales", "--at", "lake", "--layers", "raw")
    project = open_project(shop.folder)
    with pytest.raises(InvalidCall) as caught:
        create_lake(project, "sales", "elsewhere", "delta")
    assert caught.value.code == "name-taken"
    lake = lake_of(project, "sales")
    for text, code in (("sales.row.x", "unknown-layer"), ("x", "invalid-table-name"), ("a.raw.x", None)):
        with pytest.raises(InvalidCall) as caught:
            lake.named(text)
        assert caught.value.code == (code or "invalid-table-name")


def test_a_lake_in_a_bucket_uses_the_credentials_of_its_store(
    shop: Shop, s3_server: LocalS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = s3_server.connection()
    (shop.folder / "connections.yaml").write_text(
        f"company: {{kind: s3, endpoint: '{given.endpoint}', allow_http: true, access_key_id: "
        f"{given.access_key_id}, secret_access_key: '${{secret:KEY}}'}}\n"
    )
    assert given.secret_access_key is not None
    monkeypatch.setenv("KEY", given.secret_access_key.reveal())
    shop.say("create", "sales", "--at", "s3://raw/company lake", "--store", "company")
    (shop.folder / "p.yaml").write_text(PIPELINE)
    load(shop.folder / "p.yaml").run()
    assert [each["table"] for each in shop.json("tables", "sales")] == ["sales.raw.orders"]
    assert shop.json("describe", "sales.raw.orders")["rows"] == 2
    shop.say("clone", "sales.raw.orders", "sales.curated.orders")
    shop.say("drop", "sales.raw.orders", "--yes")
    assert [each["table"] for each in shop.json("tables", "sales")] == ["sales.curated.orders"]
