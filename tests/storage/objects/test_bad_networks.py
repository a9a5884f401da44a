"""A network that resets, cuts, swallows, delays and throttles between us and a real S3 server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from headrace.core import Unavailable
from headrace.storage.objects import ObjectStore, StagedFile, StagedFiles, open_store
from headrace.testing import StageRun

if TYPE_CHECKING:
    from tests.servers.wire import Wire

    from headrace.app.local_s3 import LocalS3

BIG = 20_000_000
FINISH = "POST [^ ]*uploadId="
"""The last request of a multipart upload; parts are sent with ``PUT``."""


class Line:
    """A folder in a bucket, reached through a wire and directly."""

    def __init__(self, server: LocalS3, wire: Wire, base: Path) -> None:
        self.wire = wire
        self.base = base
        self.root = f"s3://raw/{uuid4().hex}/"
        self.direct = open_store(self.root, server.connection(), base)
        there = {"endpoint": f"http://127.0.0.1:{wire.port}", "timeout_seconds": 0.7}
        self.connection = server.connection().model_copy(update=there)
        self.folder = self.direct.path

    def store(self, **more: Any) -> ObjectStore:
        """Opened anew: no connection is left from before."""
        return open_store(self.root, self.connection.model_copy(update=more), self.base)

    def upload(self, store: ObjectStore, name: str) -> None:
        writer = store.writer(self.folder + name)
        for _ in range(BIG // 2_000_000):
            writer.write(b"z" * 2_000_000)
        writer.close()

    def stage(self, **more: Any) -> tuple[StagedFiles, StageRun]:
        known = {"lake": self.connection.model_copy(update=more)}
        run = StageRun(None, self.base, id="run1", stage="out", connections=known)  # type: ignore[arg-type]
        begun = StagedFiles.begin(f"{self.root}out", "lake", run, file_format="csv", mode="append")
        names = [f"part-{number}.csv" for number in range(3)]
        for name in names:
            begun.store.write(begun.staging + name, b"x")
        return begun.holding(StagedFile(name, 1, 1, "sha256:0") for name in names), run

    def seen(self) -> list[str]:
        """What a reader of ours is shown."""
        return [info.key.rpartition("/")[2] for info in self.direct.list([f"{self.folder}out"])]


@pytest.fixture
def line(s3_server: LocalS3, wire_to: Callable[..., Wire], tmp_path: Path) -> Line:
    return Line(s3_server, wire_to(s3_server.port), tmp_path)


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("act", ["reset", "cut", "swallow"])
def test_each_request_survives_a_connection_that_ends(line: Line, act: Any, way: Any) -> None:
    folder, direct = line.folder, line.direct
    direct.write(f"{folder}a", b"12345")
    acts: list[Callable[[ObjectStore], object]] = [
        lambda store: store.read(f"{folder}a"),
        lambda store: store.stat(f"{folder}a"),
        lambda store: [*store.walk(folder)],
        lambda store: store.write(f"{folder}b", b"1"),
        lambda store: store.write(f"{folder}new", b"mine", create_only=True),
        lambda store: store.move(f"{folder}a", f"{folder}moved"),
        lambda store: store.delete([f"{folder}b"]),
    ]
    for each in acts:
        line.wire.fault(act, way=way)
        each(line.store())
    assert line.wire.met == [act] * len(acts)
    assert [info.key.removeprefix(folder) for info in direct.walk(folder)] == ["a", "moved", "new"]
    assert direct.read(f"{folder}new") == b"mine"


@pytest.mark.parametrize("act", ["reset", "cut", "swallow"])
def test_large_objects_survive_it_in_the_middle_and_at_the_end(line: Line, act: Any) -> None:
    faults: list[dict[str, Any]] = [{"after": 5_000_000}, {"seen": FINISH}, {"seen": FINISH, "way": "down"}]
    for number, fault in enumerate(faults):
        line.wire.fault(act, **fault)
        line.upload(line.store(), f"big{number}")
        found = line.direct.stat(f"{line.folder}big{number}")
        assert found is not None
        assert found.size == BIG
    line.wire.fault(act, after=5_000_000, way="down")
    assert len(line.store().read(f"{line.folder}big0")) == BIG
    assert line.wire.met == [act] * 4


def test_a_creation_whose_answer_was_lost_is_told_from_that_of_another(line: Line) -> None:
    key = f"{line.folder}m.json"
    line.wire.fault("cut", way="down")
    line.store().write(key, b"mine", create_only=True)
    line.wire.fault("cut", way="down")
    with pytest.raises(FileExistsError):
        line.store().write(key, b"another's", create_only=True)
    assert line.direct.read(key) == b"mine"


@pytest.mark.parametrize(
    ("kind", "seen"),
    [("azure", "If-None-Match|if-none-match"), pytest.param("hdfs", "op=RENAME", marks=pytest.mark.hdfs)],
)
def test_other_stores_tell_it_too(
    kind: str, seen: str, wire_to: Callable[..., Wire], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue({"azure": "azurite", "hdfs": "hdfs_server"}[kind])
    wire = wire_to(server.port)
    connection = server.connection()
    end = connection.endpoint.replace(str(server.port), str(wire.port))
    root = {"azure": "az://raw/", "hdfs": "hdfs:///"}[kind] + uuid4().hex + "/"
    for way in ("up", "down"):
        store = open_store(root, connection.model_copy(update={"endpoint": end}), tmp_path)
        wire.fault("cut", seen=seen, way=way)
        store.write(f"{store.path}{way}.json", b"mine", create_only=True)
        wire.fault("cut", seen=seen, way=way)
        with pytest.raises(FileExistsError):
            store.write(f"{store.path}{way}.json", b"another's", create_only=True)
        assert store.read(f"{store.path}{way}.json") == b"mine"
    assert wire.met == ["cut"] * 4
    assert len(list(store.walk(store.path))) == 2


def test_a_network_that_stays_away_is_told_in_time_and_shows_nothing(line: Line) -> None:
    staged, run = line.stage(retries=2, timeout_seconds=0.5)
    for act in ("reset", "swallow"):
        line.wire.fault(act, times=1000)  # type: ignore[arg-type]
        start = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            StagedFiles.restore(json.loads(json.dumps(staged.intent())), run).publish()
        assert time.monotonic() - start < 10
        assert caught.value.code == "store-unavailable"
        assert str(line.wire.port) in caught.value.message
        line.wire.heal()
        assert line.seen() == []


def test_a_publish_that_the_network_ended_anywhere_is_finished_later(line: Line) -> None:
    staged, run = line.stage(retries=0, timeout_seconds=0.5)
    tries = 0
    for tries in range(40):
        line.wire.fault("cut", seen="HTTP/1.1", way=("up", "down")[tries % 2], times=1)
        store = StagedFiles.restore(json.loads(json.dumps(staged.intent())), run)
        for _ in range(tries // 2):  # the fault meets a later request each time
            line.wire.faults[0].after += 300
        try:
            store.publish()
        except Unavailable:
            assert line.seen() in ([], ["part-0.csv", "part-1.csv", "part-2.csv"])
        else:
            break
    line.wire.heal()
    assert staged.publish().rows == 3
    assert line.seen() == ["part-0.csv", "part-1.csv", "part-2.csv"]
    manifests = [info for info in line.direct.walk(f"{line.folder}out/_headrace/") if "manifests" in info.key]
    assert len(manifests) == 1
    assert tries > 3


def test_a_slow_network_is_waited_for(line: Line) -> None:
    line.wire.delay, line.wire.rate = 0.001, 50_000_000
    line.upload(line.store(timeout_seconds=30.0), "slow")
    assert len(line.store(timeout_seconds=30.0).read(f"{line.folder}slow")) == BIG
