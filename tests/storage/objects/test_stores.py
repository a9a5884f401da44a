"""The same face over a disk and over a bucket on a real server."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from headrace.core import DataRefused, InvalidCall, Secret, Unavailable
from headrace.storage.connections import AzureConnection, GcsConnection, S3Connection, connection_model
from headrace.storage.objects import ObjectStore, content_digest, open_store

if TYPE_CHECKING:
    from tests.servers.azurite import Azurite

    from headrace.app.local_s3 import LocalS3


def test_what_is_written_can_be_listed_read_and_removed(store: tuple[ObjectStore, str]) -> None:
    files, folder = store
    names = ["a/b=1%2F2/ü c#1.txt", "a/d.txt", "e.txt"]
    for name in names:
        files.write(folder + name, name.encode())
    assert [info.key.removeprefix(folder) for info in files.list([folder])] == sorted(names)
    assert files.read(folder + names[0]).decode() == names[0]
    assert files.read(folder + "e.txt", 1, 3) == b".t"
    files.delete([folder + "e.txt", folder + "was never there"])
    assert files.stat(folder + "e.txt") is None
    files.prune(folder + "a/")
    assert files.list([folder]) == []


def test_a_stat_changes_with_the_content(store: tuple[ObjectStore, str]) -> None:
    files, folder = store
    key = folder + "a.txt"
    files.write(key, b"one")
    before = files.stat(key)
    files.write(key, b"two!")
    after = files.stat(key)
    assert before is not None
    assert after is not None
    assert (before.size, after.size) == (3, 4)
    assert before.mark != after.mark
    assert content_digest(files, before) != content_digest(files, after) or not files.is_local


def test_only_one_of_many_creates(store: tuple[ObjectStore, str]) -> None:
    files, folder = store
    won: list[int] = []

    def race(number: int) -> None:
        try:
            files.write(folder + "m.json", str(number).encode(), create_only=True)
        except FileExistsError:
            return
        won.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert files.read(folder + "m.json") == str(won[0]).encode()


def test_a_writer_shows_nothing_before_it_is_closed(store: tuple[ObjectStore, str]) -> None:
    files, folder = store
    writer = files.writer(folder + "_big")
    for _ in range(20):
        writer.write(b"x" * 1_000_000)
    if not files.is_local:
        assert files.stat(folder + "_big") is None
    writer.close()
    found = files.stat(folder + "_big")
    assert found is not None
    assert found.size == writer.size == 20_000_000
    again = files.writer(folder + "_gone")
    again.write(b"x")
    again.abort()
    assert files.stat(folder + "_gone") is None


def test_what_a_writer_was_given_may_change_afterwards(store: tuple[ObjectStore, str]) -> None:
    files, folder = store
    writer = files.writer(folder + "_buffer")
    reused = bytearray(b"one,")
    writer.write(reused)  # type: ignore[arg-type]
    reused[:] = b"two."
    writer.write(reused)  # type: ignore[arg-type]
    writer.close()
    assert files.read(folder + "_buffer") == b"one,two."


def test_a_move_may_be_repeated(store: tuple[ObjectStore, str]) -> None:
    files, folder = store
    files.write(folder + "from", b"1")
    files.move(folder + "from", folder + "deep/to")
    files.delete([folder + "from"])
    files.move(folder + "from", folder + "deep/to")
    assert files.read(folder + "deep/to") == b"1"


def test_a_store_travels_to_another_process(store: tuple[ObjectStore, str]) -> None:
    files, folder = store
    files.write(folder + "a", b"1")
    assert pickle.loads(pickle.dumps(files)).read(folder + "a") == b"1"


def test_a_plain_etag_is_the_digest_of_an_object(s3_server: LocalS3, tmp_path: Path) -> None:
    files = open_store("s3://raw/etag.txt", s3_server.connection(), tmp_path)
    files.write("etag.txt", b"hello")
    info = files.stat("etag.txt")
    assert info is not None
    assert content_digest(files, info) == "md5:5d41402abc4b2a76b9719d911017c592"


def test_a_wrong_secret_is_told_as_one(s3_server: LocalS3, tmp_path: Path) -> None:
    wrong = s3_server.connection().model_copy(update={"secret_access_key": Secret("s3", "canary-4711")})
    files = open_store("s3://raw/x", wrong, tmp_path)
    for attempt in (lambda: files.list(["**"]), lambda: files.read("x"), lambda: files.write("x", b"")):
        with pytest.raises(DataRefused) as caught:
            attempt()
        assert caught.value.code == "access-denied"
        assert "canary-4711" not in str(caught.value) + str(caught.value.__cause__)


def test_a_missing_bucket_and_a_missing_object_differ(s3_server: LocalS3, tmp_path: Path) -> None:
    with pytest.raises(DataRefused) as caught:
        open_store("s3://nowhere/x", s3_server.connection(), tmp_path).list(["**"])
    assert caught.value.code == "bucket-missing"
    with pytest.raises(DataRefused) as caught:
        open_store("s3://raw/x", s3_server.connection(), tmp_path).read("no such key")
    assert caught.value.code == "file-missing"


def test_a_server_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    gone = S3Connection(
        endpoint="http://127.0.0.1:9", access_key_id="a", secret_access_key="b", allow_http=True, retries=0
    )
    with pytest.raises(Unavailable) as caught:
        open_store("s3://raw/x", gone, tmp_path).stat("x")
    assert caught.value.code == "store-unavailable"


def test_without_a_connection_the_environment_counts(
    s3_server: LocalS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_access_key.reveal())
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    files = open_store("s3a://raw/env.txt", None, tmp_path)
    files.write("env.txt", b"1")
    assert files.read("env.txt") == b"1"


def test_with_a_connection_the_environment_does_not_mix_in(
    s3_server: LocalS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "wrong")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    files = open_store("s3://raw/mine.txt", s3_server.connection(), tmp_path)
    files.write("mine.txt", b"1")
    assert files.read("mine.txt") == b"1"


@pytest.mark.parametrize(
    ("location", "code"),
    [("ftp://host/x", "unknown-scheme"), ("s3:///x", "bad-location")],
)
def test_a_location_that_no_store_holds_is_refused(location: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidCall) as caught:
        open_store(location, None, tmp_path)
    assert caught.value.code == code


def test_a_disk_takes_no_connection(tmp_path: Path) -> None:
    with pytest.raises(InvalidCall) as caught:
        open_store("data", S3Connection(), tmp_path)
    assert caught.value.code == "wrong-connection"


def test_a_connection_never_prints_its_secrets() -> None:
    model = connection_model("s3")
    made = model.model_validate(
        {"access_key_id": "k", "secret_access_key": "canary", "session_token": "canary"}
    )
    assert "canary" not in repr(made) + str(made) + str(made.model_dump())
    with pytest.raises(InvalidCall) as caught:
        connection_model("s4")
    assert caught.value.code == "unknown-connection-kind"


def test_what_is_no_key_of_a_service_account_is_told_as_that(tmp_path: Path) -> None:
    pytest.importorskip("google.cloud.storage", reason="headrace[gcs] is not installed")
    wrong = GcsConnection(service_account_key=Secret("gcs", "canary-4711"))
    with pytest.raises(InvalidCall) as caught:
        open_store("gs://raw/x", wrong, tmp_path).stat("x")
    assert caught.value.code == "invalid-value"
    assert "canary" not in str(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize("kind", ["shared access signature", "account in the location"])
def test_azure_takes_other_credentials_than_the_key(azurite: Azurite, tmp_path: Path, kind: str) -> None:
    given = azurite.connection()
    if kind == "shared access signature":
        known = given.model_copy(update={"account_key": None, "sas_token": azurite.signature()})
        location = "az://raw/sas.txt"
    else:
        known = given.model_copy(update={"account": None})
        location = "abfss://raw@devstoreaccount1.dfs.core.windows.net/sas.txt"
    files = open_store(location, known, tmp_path)
    files.write("sas.txt", b"1")
    assert [info.location for info in files.list([files.path])] == [location]
    assert pickle.loads(pickle.dumps(files)).read("sas.txt") == b"1"


def test_an_account_of_another_connection_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCall) as caught:
        open_store("abfss://raw@one.dfs.core.windows.net/x", AzureConnection(account="two"), tmp_path)
    assert caught.value.code == "wrong-connection"
    with pytest.raises(InvalidCall) as caught:
        open_store("az://raw/x", AzureConnection(), tmp_path)
    assert caught.value.code == "bad-location"


def test_a_wrong_key_and_a_missing_container_are_told_apart(azurite: Azurite, tmp_path: Path) -> None:
    wrong = azurite.connection().model_copy(update={"account_key": Secret("az", "Y2FuYXJ5LTQ3MTE=")})
    files = open_store("az://raw/x", wrong, tmp_path)
    for attempt in (lambda: files.list(["**"]), lambda: files.read("x"), lambda: files.write("x", b"")):
        with pytest.raises(DataRefused) as caught:
            attempt()
        assert caught.value.code == "access-denied"
    with pytest.raises(DataRefused) as caught:
        open_store("az://nowhere/x", azurite.connection(), tmp_path).list(["**"])
    assert caught.value.code == "bucket-missing"


def test_with_an_azure_connection_the_environment_does_not_mix_in(
    azurite: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCOUNT_KEY", "ACCOUNT_NAME", "SAS_TOKEN", "TOKEN"):
        monkeypatch.setenv(f"AZURE_STORAGE_{name}", "d3Jvbmc=")
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AZURE_STORAGE_USE_EMULATOR", "true")
    monkeypatch.setenv("AZURE_SKIP_SIGNATURE", "true")
    files = open_store("az://raw/mine.txt", azurite.connection(), tmp_path)
    files.write("mine.txt", b"1")
    assert files.read("mine.txt") == b"1"
