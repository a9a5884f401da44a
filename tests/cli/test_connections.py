"""Connections as a person meets them at the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headrace.cli.main import main
from headrace.core import HeadraceError
from headrace.storage.objects import open_store

if TYPE_CHECKING:
    from tests.servers.sites import Site

    from headrace.app.local_s3 import LocalS3


class Terminal:
    """Runs the command in this process, in a project's folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.output = output

    def say(self, *words: str) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["headrace", *words])
        with pytest.raises(SystemExit) as left:
            main()
        read = self.output.readouterr()
        return int(left.value.code or 0), read.out, read.err

    def json(self, *words: str) -> Any:
        return json.loads(self.say(*words, "--json")[1])


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return Terminal(monkeypatch, capsys)


def lake(server: LocalS3, secret: str = "${secret:LAKE}") -> str:
    return (
        f"lake:\n  kind: s3\n  endpoint: {server.endpoint}\n  access_key_id: {server.access_key_id}\n"
        f"  secret_access_key: {secret}\n  allow_http: true\n  retries: 2\n"
    )


def test_the_list_shows_references_and_hides_what_is_written_in_the_open(terminal: Terminal) -> None:
    Path("connections.yaml").write_text(
        "a: {kind: s3, secret_access_key: '${secret:X}'}\nb: {kind: s3, secret_access_key: canary}\n"
    )
    found = terminal.json("connections", "list")
    assert [(each["name"], each["kind"], each["line"]) for each in found] == [("a", "s3", 1), ("b", "s3", 2)]
    assert [each["fields"]["secret_access_key"] for each in found] == ["${secret:X}", "•••"]
    assert "canary" not in "".join(map(str, terminal.say("connections", "list")))


def test_without_connections_the_list_says_where_to_write_one(terminal: Terminal) -> None:
    code, out, err = terminal.say("connections", "list")
    assert (code, out) == (0, "")
    assert "connections.yaml" in err
    assert terminal.json("connections", "list") == []


def test_a_connection_answers_and_shows_what_it_holds(
    terminal: Terminal, s3_server: LocalS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE", s3_server.secret_access_key.reveal())
    Path("connections.yaml").write_text(lake(s3_server))
    store = open_store("s3://raw/", s3_server.connection(), Path())
    store.write("seen/a.txt", b"12345")
    store.write("seen/deep/b.txt", b"1")
    answer = terminal.json("connections", "test", "lake")
    assert answer["kind"] == "s3"
    assert s3_server.endpoint in answer["answer"]
    assert "lake (s3)" in terminal.say("connections", "test", "lake")[1]
    assert {"name": "raw", "kind": "bucket", "detail": "", "inside": True} in terminal.json(
        "connections", "browse", "lake"
    )
    inside = terminal.json("connections", "browse", "lake", "raw/seen")
    assert [(each["name"], each["kind"], each["inside"]) for each in inside] == [
        ("a.txt", "object", False),
        ("deep/", "folder", True),
    ]
    assert inside[0]["detail"].startswith("5 bytes, ")
    (one,) = terminal.json("connections", "browse", "lake", "raw/seen/deep/b.txt")
    assert (one["name"], one["kind"]) == ("b.txt", "object")
    _, shown, told = terminal.say("connections", "browse", "lake", "raw/seen", "--limit", "1")
    assert "a.txt" in shown
    assert "--limit" in told


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("test", "lakes"), "unknown-connection", 2),
        (("test", "lake"), "access-denied", 1),
        (("browse", "lake", "raw"), "access-denied", 1),
        (("browse", "good", "nowhere"), "bucket-missing", 1),
        (("browse", "good", "raw/nothing"), "file-missing", 1),
        (("test", "away"), "store-unavailable", 1),
        (("test", "unset"), "unresolved-secret", 2),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    terminal: Terminal,
    s3_server: LocalS3,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: str,
    exit_code: int,
) -> None:
    monkeypatch.setenv("LAKE", "canary-4711")
    monkeypatch.setenv("GOOD", s3_server.secret_access_key.reveal())
    good = lake(s3_server, "${secret:GOOD}")
    away = lake(s3_server).replace(s3_server.endpoint, "http://127.0.0.1:9")
    Path("connections.yaml").write_text(
        lake(s3_server)
        + good.replace("lake:", "good:")
        + away.replace("lake:", "away:")
        + lake(s3_server, "${secret:NOBODY}").replace("lake:", "unset:")
    )
    ended, out, _ = terminal.say("connections", *words, "--json")
    error = json.loads(out)["error"]
    assert (error["code"], ended) == (code, exit_code)
    assert words[1] in str(error)
    _, _, told = terminal.say("connections", *words)
    assert code in told
    assert "canary-4711" not in out + told


def test_every_store_can_be_looked_into(site: Site) -> None:
    from headrace.storage.connections import explore
    from headrace.storage.objects.network import NetworkStore

    if site.connection is None:
        return
    store, folder = site.open()
    assert isinstance(store, NetworkStore)
    store.write(f"{folder}x.txt", b"1")
    explorer = explore(site.connection, site.base)
    root = site.root.partition("://")[2] if store.has_buckets else folder
    assert [(each.name, each.kind) for each in explorer.browse(root)] == [("x.txt", "object")]
    assert root.partition("/")[0] in [each.name.rstrip("/") for each in explorer.browse("")]
    assert "shows" in explorer.check()
    with pytest.raises(HeadraceError) as caught:
        explorer.browse(f"{root}nothing")
    assert caught.value.code == "file-missing"
