"""Secrets are used everywhere and found nowhere: every file, event, log, record and message is searched."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from headrace.app.local_s3 import LocalS3
from headrace.storage.objects import open_store

HEAD = """\
headrace: 1
kind: pipeline
name: test
parameters:
  password: {type: string, secret: true, required: true}
  token: {type: string, secret: true, default: "${secret:TOKEN}"}
  fail: {type: string, default: ""}
"""
STAGES = """\
  load: {type: origin.files, path: "s3://raw/secrets/*.csv", connection: lake, format: csv}
  code:
    type: processor.pyspark
    from: load
    columns: {a: double, b: double, label: double}
    code: |
      import logging, sys
      password, token = parameters["password"].reveal(), parameters["token"].reveal()
      print("logging in with", password, token)
      sys.stderr.write(f"and again {token}\\n")
      log.info("log %s", password)
      logging.getLogger("elsewhere").warning("warn %s", token)
      fail = parameters["fail"]
      if fail == "code":
          raise ValueError(f"no login with {password} and {token}")
      def touch(batches):
          for batch in batches:
              print("in a worker", password)
              if fail == "worker":
                  raise ValueError(f"no login with {password} and {token}")
              yield batch
      output = inputs[0].mapInArrow(touch, "a double, b double, label double")
  train:
    type: ml.train_code
    from: code
    target: label
    register_as: secretive
    code: |
      from sklearn.linear_model import Ridge
      print("training with", parameters["password"].reveal())
      if parameters["fail"] == "training":
          raise RuntimeError("cannot train with " + parameters["token"].reveal())
      model = Ridge().fit(features, target)
  promote: {type: ml.promote_model, from: train, when: r2 > 0}
  write: {type: destination.files, from: code, path: "s3://raw/written", connection: lake, format: csv}
"""


def forms(secret: str) -> list[bytes]:
    """A secret as it is, and as somebody might have packed it."""
    plain = secret.encode()
    return [
        plain,
        quote(secret, safe="").encode(),
        base64.b64encode(plain),
        plain[::-1],
        repr(plain).encode()[2:-1],
    ]


def found_in(folder: Path, known: dict[str, str]) -> list[str]:
    texts = [(path, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]
    assert texts
    return [
        f"{name} in {path.relative_to(folder)}"
        for path, text in texts
        for name, secret in known.items()
        if any(form in text for form in forms(secret))
    ]


def said(place: Any, *words: str) -> str:
    done = place.command(*words)
    return str(done.stdout + done.stderr)


@pytest.fixture
def known(place: Any, s3_server: LocalS3, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The secrets of a project that reads and writes a real store with them, by name."""
    canaries = {name: f'canary-{name}/+"{secrets.token_hex(8)}' for name in ("password", "token")}
    canaries["lake"] = s3_server.secret_access_key.reveal()
    monkeypatch.setenv("HEADRACE_SECRET_TOKEN", canaries["token"])
    monkeypatch.setenv("HEADRACE_SECRET_LAKE", canaries["lake"])
    place.write(
        "connections.yaml",
        f"lake:\n  kind: s3\n  endpoint: {s3_server.endpoint}\n  access_key_id: {s3_server.access_key_id}\n"
        "  secret_access_key: ${secret:LAKE}\n  allow_http: true\n",
    )
    rows = "".join(f"{n % 17}.5,{n % 5}.0,{n % 17 * 3 + n % 5}.5\n" for n in range(200))
    store = open_store("s3://raw/", s3_server.connection(), s3_server.folder)
    store.write("secrets/rows.csv", b"a,b,label\n" + rows.encode())
    place.pipeline(STAGES, head=HEAD)
    return canaries


def test_secrets_are_nowhere_after_runs_that_succeed_and_runs_that_fail(
    place: Any, known: dict[str, str]
) -> None:
    heard = ""
    for fail in ("", "code", "worker", "training"):
        done = place.command(
            "run", "p.yaml", "--events", "-p", f"password={known['password']}", "-p", f"fail={fail}"
        )
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert events[-1]["state"] == ("failed" if fail else "finished"), events[-1]
        if fail:
            assert "•••" in events[-1]["error"]["message"]
        assert any("logging in with ••• •••" in each.get("message", "") for each in events)
        heard += done.stdout + done.stderr
    heard += said(place, "run", "p.yaml", "-p", f"password={known['password']}", "-p", "fail=code")
    for words in (("runs", "show", "last"), ("runs", "show", "last", "--json"), ("runs", "logs", "last")):
        heard += said(place, *words)
    heard += said(place, "models", "show", "secretive", "--json")
    assert [name for name, secret in known.items() for form in forms(secret) if form in heard.encode()] == []
    assert found_in(place.folder / ".headrace", known) == []
    assert (place.folder / ".headrace" / "mlflow.db").stat().st_size > 0


def test_a_secret_that_sql_or_a_path_would_show_is_refused_or_hidden(
    place: Any, known: dict[str, str]
) -> None:
    head = HEAD
    place.pipeline(
        "  load: {type: origin.files, path: orders.csv}\n"
        "  shown: {type: processor.sql_expression, from: load, fields: {leak: '${password}'}}\n"
        "  write: {type: destination.files, from: shown, path: 'out/${token}', format: csv}\n",
        head=head,
    )
    heard = said(place, "run", "p.yaml", "--json", "-p", f"password={known['password']}")
    heard += said(place, "explain", "p.yaml", "-p", f"password={known['password']}")
    assert json.loads(heard.partition("\n}\n")[0] + "\n}")["state"] == "failed"
    assert [name for name, secret in known.items() for form in forms(secret) if form in heard.encode()] == []
    assert [path for path in place.folder.rglob("*") if known["token"] in str(path)] == []
    assert found_in(place.folder, known) == []
