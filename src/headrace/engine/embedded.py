"""The embedded engine: Sail, a Spark Connect server written in Rust, inside this very process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from .engine import Engine, Spilled
from .server import the_server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from headrace.core import EngineSettings, Frame

__all__ = ["EmbeddedEngine"]

SESSION_SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}


class EmbeddedEngine(Engine):
    """One session of the process's server; views, settings and functions are its own."""

    name: ClassVar[str] = "embedded"

    def __init__(self, settings: EngineSettings, *, scratch: Path) -> None:
        self._session = _open_session(the_server().acquire(settings, scratch))
        self._closed = False

    @property
    def version(self) -> str:
        """``sail 0.7.2``."""
        from importlib.metadata import version

        return f"sail {version('pysail')}"

    @property
    def session(self) -> SparkSession:
        """The session, active in the calling thread: checkpoints look for the active one."""
        from pyspark.sql.connect.session import SparkSession

        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
        SparkSession._active_session.session = self._session
        return self._session

    def counted(self, frame: Frame, label: str) -> Frame:
        """See :class:`Engine`."""
        del label
        return frame

    def counts(self) -> Mapping[str, int | None]:
        """See :class:`Engine`."""
        return {}

    def settle(self) -> None:
        """See :class:`Engine`."""

    def spill(self, frame: Frame, folder: Path) -> Spilled:
        """See :class:`Engine`: Arrow files in ``folder``."""
        path = str(folder.resolve())
        frame.write.format("arrow").mode("overwrite").save(path)
        return Spilled(self.session.read.format("arrow").load(path), None)

    def interrupt(self) -> None:
        """Ends what the session is computing."""
        self._session.interruptAll()

    def release(self) -> None:
        """Spilled files lie in the folders that ``spill`` was given."""

    def close(self) -> None:
        """Stops the session, and the server after the last one."""
        if not self._closed:
            self._closed = True
            self._session.stop()
            the_server().let_go()


def _open_session(address: str) -> SparkSession:
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(address).create()
    for key, value in SESSION_SETTINGS.items():
        session.conf.set(key, value)
    return session
