"""A schema registry that speaks Confluent's protocol: Apicurio Registry, from Maven's repository."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .kafka import REPOSITORY
from .starting import free_port, installing, missing, serving

NAME = "apicurio-registry-app"
VERSION = "2.6.13.Final"
"""The last one that runs on Java 17."""


@dataclass(frozen=True)
class Apicurio:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/apis/ccompat/v7"


def program() -> Path:
    if shutil.which("java") is None:
        missing("the schema registry needs Java 17, and there is no java")
    with installing(f"{NAME}-{VERSION}") as folder:
        found = folder / f"{NAME}-{VERSION}-runner.jar"
        if not found.exists():
            try:
                _install(folder)
            except (OSError, subprocess.SubprocessError) as error:
                missing(f"the schema registry cannot be fetched from Maven's repository: {error}")
        return found


def _install(folder: Path) -> None:
    archive = folder / f"{NAME}-{VERSION}-all.tar.gz"
    if shutil.which("mvn"):
        what = f"-Dartifact=io.apicurio:{NAME}:{VERSION}:tar.gz:all"
        subprocess.run(
            ["mvn", "-q", "-B", "dependency:copy", what, f"-DoutputDirectory={folder}"], check=True
        )
    else:
        address = f"{REPOSITORY}/io/apicurio/{NAME}/{VERSION}/{archive.name}"
        with urllib.request.urlopen(address, timeout=300) as answer, archive.open("wb") as target:
            shutil.copyfileobj(answer, target)
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    archive.unlink()


@pytest.fixture(scope="session")
def apicurio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apicurio]:
    """The registry for the whole process; it keeps schemas in memory."""
    server = Apicurio(free_port())
    command = ["java", "-Xmx300m", "-XX:TieredStopAtLevel=1", "-jar", str(program())]
    where = {"QUARKUS_HTTP_PORT": str(server.port), "QUARKUS_HTTP_HOST": "127.0.0.1"}

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"{server.url}/subjects", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    with serving(command, tmp_path_factory.mktemp("apicurio"), ready, seconds=60, environment=where):
        body = b'{"compatibility": "BACKWARD"}'  # as Confluent's registry begins with
        request = urllib.request.Request(f"{server.url}/config", body, method="PUT")
        request.add_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        urllib.request.urlopen(request, timeout=10).close()
        yield server
