"""Stores that refuse, vanish or are full: said clearly, and nothing half written is left."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from headrace.app.local_s3 import LocalS3
from headrace.storage.objects import open_store

WRITE = "  write: {type: destination.files, from: load, path: out, format: csv}\n"


def connection(server: LocalS3, **changes: Any) -> str:
    fields = {
        "kind": "s3",
        "endpoint": server.endpoint,
        "access_key_id": server.access_key_id,
        "secret_access_key": "${secret:LAKE}",
        "allow_http": True,
        **changes,
    }
    return "lake:\n" + "".join(f"  {name}: {json.dumps(value)}\n" for name, value in fields.items())


@pytest.fixture
def lake(place: Any, s3_server: LocalS3, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The project with a connection ``lake`` to a real server."""
    place.write("connections.yaml", connection(s3_server))
    monkeypatch.setenv("HEADRACE_SECRET_LAKE", s3_server.secret_access_key.reveal())
    return place


def load(path: str, more: str = "") -> str:
    return f"  load: {{type: origin.files, path: '{path}', connection: lake, format: csv{more}}}\n"


def keys(server: LocalS3, bucket: str = "raw") -> set[str]:
    store = open_store(f"s3://{bucket}/", server.connection(), server.folder)
    return {info.key for info in store.walk("")}


def test_a_bucket_that_is_missing_is_told_when_reading_and_when_writing(
    lake: Any, s3_server: LocalS3
) -> None:
    lake.pipeline(load("s3://rwa/in/*.csv") + WRITE)
    error = lake.run()["error"]
    assert (error["code"], error["where"]) == ("bucket-missing", "load")
    assert "'rwa'" in error["message"]
    assert s3_server.endpoint in error["message"]
    lake.pipeline(
        "  load: {type: origin.files, path: orders.csv}\n"
        + WRITE
        + "  lost: {type: destination.files, from: load, path: 's3://rwa/out', connection: lake}\n"
    )
    error = lake.run()["error"]
    assert (error["code"], error["where"]) == ("bucket-missing", "lost")
    assert lake.visible() == ["orders.csv"]


def test_a_wrong_secret_is_told_and_never_shown(
    lake: Any, s3_server: LocalS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_SECRET_LAKE", "not-the-secret-at-all")
    lake.pipeline(load("s3://raw/in/*.csv") + WRITE)
    done = lake.command("run", "p.yaml", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], error["where"]) == (1, "access-denied", "load")
    assert "secret_access_key" in error["hint"]
    assert "not-the-secret" not in done.stdout + done.stderr


def test_a_secret_that_nobody_knows_is_told_before_the_run(
    lake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEADRACE_SECRET_LAKE")
    lake.pipeline(load("s3://raw/in/*.csv") + WRITE)
    result = lake.run()
    assert result["error"]["code"] == "unresolved-secret"
    assert "LAKE" in result["error"]["message"]
    assert lake.visible() == ["orders.csv"]


def test_everything_that_is_not_set_is_told_at_once_before_any_row_moves(
    lake: Any, s3_server: LocalS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEADRACE_SECRET_LAKE")
    there = connection(s3_server, secret_access_key="${secret:POND}", access_key_id="${env:POND_ID}")
    lake.write("connections.yaml", connection(s3_server) + there.replace("lake:", "pond:"))
    head = "headrace: 1\nkind: pipeline\nname: p\n"
    token = "parameters:\n  token: {secret: true, default: '${secret:TOKEN}'}\n"
    lake.pipeline(
        load("s3://raw/in/*.csv")
        + "  do: {type: processor.pyspark, from: load, columns: {id: bigint}, code: \"open('ran', 'w')\"}\n"
        + "  out: {type: destination.files, from: do, path: 's3://raw/out', connection: pond}\n",
        head + token,
    )
    assert lake.json("validate", "p.yaml")["valid"], "secrets are looked up by runs only"
    result = lake.json("run", "p.yaml")
    assert [(each["code"], each["file"].rpartition("/")[2], each["line"]) for each in result["issues"]] == [
        ("unresolved-secret", "p.yaml", 5),
        ("unresolved-secret", "connections.yaml", 5),
        ("unset-environment-variable", "connections.yaml", 10),
        ("unresolved-secret", "connections.yaml", 11),
    ]
    assert lake.visible() == ["orders.csv"]


def test_a_server_that_goes_away_in_the_middle_is_asked_again_and_then_told(
    place: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, s3_server: LocalS3
) -> None:
    del s3_server  # asked for, so that a missing server program skips this test, too
    gone = None
    rows = b"id,name\n" + b"12345678,some name or other\n" * 300_000
    with LocalS3(tmp_path_factory.mktemp("leaving")) as server:
        monkeypatch.setenv("HEADRACE_SECRET_LAKE", server.secret_access_key.reveal())
        place.write("connections.yaml", connection(server, retries=2))
        server.create_bucket("raw")
        store = open_store("s3://raw/", server.connection(), server.folder)
        for number in range(6):
            store.write(f"in/{number}.csv", rows)
        slow = (
            "  slow:\n    type: processor.pyspark\n    from: load\n    columns: {id: bigint}\n    code: |\n"
            "      import time\n"
            "      def slowly(batches):\n"
            "          for batch in batches:\n"
            "              print('at work', flush=True)\n"
            "              time.sleep(0.2)\n"
            "              yield batch.select(['id'])\n"
            "      output = inputs[0].mapInArrow(slowly, 'id bigint')\n"
        )
        place.pipeline(load("s3://raw/in/*.csv") + slow + WRITE.replace("load", "slow"))
        events = []
        with place.start("run", "p.yaml", "--events") as process:
            for line in process.stdout:
                events.append(json.loads(line))
                if gone is None and "at work" in events[-1].get("message", ""):
                    server.stop()
                    gone = time.monotonic()
    assert process.returncode == 1
    error = events[-1]["error"]
    assert (error["code"], error["kind"]) == ("store-unavailable", "Unavailable"), error
    assert "did not answer for 's3://raw/in/" in error["message"]
    assert "Running again" in error["hint"]
    assert time.monotonic() - gone < 45
    assert place.visible() == ["orders.csv"]
    assert place.json("runs", "show", "last")["state"] == "failed"


@contextmanager
def hangs_up() -> Iterator[tuple[str, list[int]]]:
    """An address that takes every request and answers none of them, and a note for each."""
    taken: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            with suppress(OSError):
                while True:
                    caller, (_, port) = listener.accept()
                    taken.append(port)
                    caller.recv(1 << 16)  # what is left unread would make the end a reset
                    caller.close()

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", taken
        listener.shutdown(socket.SHUT_RDWR)


def test_a_server_that_does_not_answer_is_asked_as_often_as_the_connection_says(
    lake: Any, s3_server: LocalS3
) -> None:
    with hangs_up() as (endpoint, taken):
        lake.write("connections.yaml", connection(s3_server, endpoint=endpoint, retries=2))
        lake.pipeline(load("s3://raw/in/*.csv") + WRITE)
        error = lake.run()["error"]
    assert (error["code"], error["where"], error["kind"]) == ("store-unavailable", "load", "Unavailable")
    assert endpoint in error["message"]
    assert len(taken) == 3
    assert lake.visible() == ["orders.csv"]


@pytest.mark.parametrize("which", ["uri", "registry_uri"])
def test_a_registry_that_is_down_is_told_before_anything_is_trained_and_nothing_is_published(
    place: Any, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with hangs_up() as (address, taken):
        place.write("headrace.toml", f'[tracking]\n{which} = "{address}"\n')
        place.write("orders.csv", "id,amount\n" + "".join(f"{n},{n * 2}.5\n" for n in range(100)))
        code = "open('trained', 'w').close()\\nmodel = None"
        place.pipeline(
            "  load: {type: origin.files, path: orders.csv}\n"
            f'  train: {{type: ml.train_code, from: load, target: amount, code: "{code}", register_as: m}}\n'
            "  gate: {type: ml.promote_model, from: train, when: rmse < 1}\n" + WRITE
        )
        error = place.run()["error"]
        assert (error["code"], error["where"], error["kind"]) == (
            "tracking-unavailable",
            "train",
            "Unavailable",
        )
        assert error["message"].startswith(f"The MLflow server at {address} does not answer: ")
        assert len(error["message"]) < 300
        assert "[tracking]" in error["hint"]
        assert place.visible() == ["orders.csv"]
        listed = place.command("models", "list")
        assert (listed.returncode, "tracking-unavailable" in listed.stderr) == (1, True)
    assert taken
