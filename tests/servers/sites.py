"""Every place that holds objects: a disk, and each server that a test can start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from headrace.storage.connections import Connection
from headrace.storage.objects import ObjectStore, open_store


@dataclass(frozen=True)
class Site:
    """An empty folder somewhere, and the connection that opens it."""

    root: str
    connection: Connection | None
    base: Path

    def location(self, name: str) -> str:
        return f"{self.root}{name}"

    def open(self) -> tuple[ObjectStore, str]:
        """A store and the key of the empty folder in it, with its slash."""
        store = open_store(self.root, self.connection, self.base)
        return store, store.path


def disk(_request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    return Site("work/", None, tmp_path)


def s3(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    return Site(f"s3://raw/{uuid4().hex}/", request.getfixturevalue("s3_server").connection(), tmp_path)


def azure(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    return Site(f"az://raw/{uuid4().hex}/", request.getfixturevalue("azurite").connection(), tmp_path)


def gcs(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    return Site(f"gs://raw/{uuid4().hex}/", request.getfixturevalue("fake_gcs").connection(), tmp_path)


def hdfs(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    server = request.getfixturevalue("hdfs_server")
    return Site(f"hdfs://127.0.0.1/{uuid4().hex}/", server.connection(), tmp_path)


SITES: dict[str, Callable[..., Site]] = {"disk": disk, "s3": s3, "azure": azure, "gcs": gcs, "hdfs": hdfs}


MARKS = {"hdfs": pytest.mark.hdfs}


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in SITES])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return SITES[request.param](request, tmp_path)
