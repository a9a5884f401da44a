"""Ways to a store: a company's own authority, a proxy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headrace.core import DataRefused, Secret
from headrace.storage.connections import HttpConnection, NetworkConnection, S3Connection, explore
from headrace.storage.objects import open_store

if TYPE_CHECKING:
    from tests.servers.azurite import Azurite
    from tests.servers.fake_gcs import FakeGcs
    from tests.servers.web import Web

    from headrace.app.local_s3 import LocalS3

Secured = Callable[[int], tuple[int, Path]]


def there_and_back(connection: NetworkConnection, location: str, base: Path) -> None:
    store = open_store(location, connection, base)
    store.write(store.path, b"seen")
    assert store.read(store.path) == b"seen"
    assert explore(connection, base).check()


def given(connection: NetworkConnection, **more: Any) -> NetworkConnection:
    changed: NetworkConnection = connection.model_copy(update={"allow_http": False, "retries": 1, **more})
    return changed


def refused(connection: NetworkConnection, location: str, base: Path) -> None:
    """Without the authority nothing is sent, and the message says what is missing."""
    acts: list[Callable[[], object]] = [
        lambda: open_store(location, connection, base).stat("x"),
        lambda: explore(connection, base).check(),
    ]
    for act in acts:
        with pytest.raises(DataRefused) as caught:
            act()
        assert caught.value.code == "untrusted-certificate"
        assert "ca_file" in str(caught.value)


def test_an_own_authority_is_trusted_when_the_connection_names_it(
    secured: Secured, s3_server: LocalS3, azurite: Azurite, tmp_path: Path
) -> None:
    servers = [(s3_server.connection(), s3_server.port, "s3"), (azurite.connection(), azurite.port, "az")]
    for connection, port, scheme in servers:
        front, file = secured(port)
        end = f"https://127.0.0.1:{front}" + ("/devstoreaccount1" if scheme == "az" else "")
        known = given(connection, endpoint=end, ca_file=str(file.relative_to(tmp_path)))
        there_and_back(known, f"{scheme}://raw/tls.txt", tmp_path)
        refused(given(connection, endpoint=end), f"{scheme}://raw/tls.txt", tmp_path)


def test_google_trusts_it_for_reading_and_writing(
    secured: Secured, fake_gcs: FakeGcs, tmp_path: Path
) -> None:
    front, file = secured(fake_gcs.port)
    known = given(fake_gcs.connection(), endpoint=f"https://127.0.0.1:{front}", ca_file=str(file))
    store = open_store("gs://raw/tls.txt", known, tmp_path)
    store.write("tls.txt", b"seen")
    assert open_store("gs://raw/", fake_gcs.connection(), tmp_path).read("tls.txt") == b"seen"
    assert store.stat("tls.txt") is None  # the emulator reads under its own address only; but it answers
    refused(given(known, ca_file=None), "gs://raw/tls.txt", tmp_path)


def test_the_web_is_read_with_it(secured: Secured, web: Web, tmp_path: Path) -> None:
    (web.folder / "x").write_text("seen")
    front, file = secured(int(web.url.rstrip("/").rpartition(":")[2]))
    url = f"https://127.0.0.1:{front}/x"
    known = HttpConnection(url=url, ca_file=str(file), retries=1)
    assert open_store(url, known, tmp_path).read("x") == b"seen"
    refused(given(known, ca_file=None), url, tmp_path)


def test_requests_go_through_the_proxy(s3_server: LocalS3, tmp_path: Path) -> None:
    """The server takes requests as a proxy gets them; nobody else knows the name."""
    proxy = Secret("proxy", f"http://ada:canary@127.0.0.1:{s3_server.port}")
    known = s3_server.connection().model_copy(update={"endpoint": "http://s3.invalid", "proxy": proxy})
    there_and_back(known, "s3://raw/proxy.txt", tmp_path)
    assert "canary" not in repr(known)


def test_a_file_with_certificates_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataRefused) as caught:
        open_store("https://127.0.0.1/x", HttpConnection(ca_file="no.pem"), tmp_path)
    assert caught.value.code == "file-missing"


def test_a_profile_of_amazons_own_client_opens_a_bucket(
    s3_server: LocalS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("boto3", reason="headrace[aws] is not installed")
    (tmp_path / "credentials").write_text(
        f"[analytics]\naws_access_key_id = {s3_server.access_key_id}\n"
        f"aws_secret_access_key = {s3_server.secret_access_key.reveal()}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bare = S3Connection(endpoint=s3_server.endpoint, allow_http=True)
    there_and_back(bare.model_copy(update={"profile": "analytics"}), "s3://raw/profile.txt", tmp_path)
    monkeypatch.setenv("AWS_PROFILE", "analytics")
    there_and_back(bare, "s3://raw/profile.txt", tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    assert open_store("s3://raw/profile.txt", None, tmp_path).read("profile.txt") == b"seen"
    for name in ("nobody", None):
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        with pytest.raises(DataRefused) as caught:
            open_store("s3://raw/x", bare.model_copy(update={"profile": name}), tmp_path).stat("x")
        assert caught.value.code == "no-credentials"
