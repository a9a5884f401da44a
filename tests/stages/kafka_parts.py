"""What tests of Kafka's stages share: a run with a connection, and rows of a frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import WithErrors
from headrace.engine import Engine
from headrace.storage.connections import KafkaConnection
from headrace.testing import StageRun

if TYPE_CHECKING:
    from tests.servers.kafka import KafkaBroker


def run_on(engine: Engine, folder: Path, broker: KafkaBroker, **more: Any) -> StageRun:
    """A run whose connection ``events`` leads to the broker."""
    settings = more.pop("connection", {})
    connection = KafkaConnection(**{"servers": broker.servers, "timeout_seconds": 10.0, **settings})
    folder.mkdir(parents=True, exist_ok=True)
    return StageRun(
        engine.session, folder, engine=engine.name, connections={"events": connection}, id=folder.name, **more
    )


def rows(engine: Engine, frame: Any) -> list[dict[str, Any]]:
    """The rows of a frame; those that failed of ``WithErrors`` stay beside."""
    frame = frame.frame if isinstance(frame, WithErrors) else frame
    found: list[dict[str, Any]] = engine.to_arrow(frame).to_pylist()
    return found


def numbers(engine: Engine, frame: Any, column: str = "id") -> list[int]:
    """One column, sorted."""
    return sorted(each[column] for each in rows(engine, frame))
