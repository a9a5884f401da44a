"""The embedded engine: Sail, a Spark Connect server written in Rust, inside this very process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from headrace.frames.arrow import IN_PROCESS
from headrace.storage.datasource import use_names_again, without_order

from .connecting import connect
from .counts import Counts
from .engine import Engine, Spilled
from .server import the_server
from .tally import MARK, Tally, tapped
from .worker import keep_stacks

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
        self._counts = Counts()
        address = the_server().acquire(settings, scratch)
        try:
            self._session = _open_session(address, self._counts)
        except BaseException:
            the_server().let_go()
            raise
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

        # With the full PySpark beside the client, functions ask the environment which columns to make.
        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
        SparkSession._active_session.session = self._session
        return self._session

    def counted(self, frame: Frame, label: str) -> Frame:
        """See :class:`Engine`: a tap in this process."""
        return tapped(frame, self._counts.tally, label, self._counts.mark(label))

    def counts(self) -> Mapping[str, int | None]:
        """Exact at any moment for what has passed; ``None`` for a frame that is not read to its end."""
        return self._counts.so_far()

    def settle(self) -> None:
        """See :class:`Engine`."""
        self._counts.settle(self._session)

    def spill(self, frame: Frame, folder: Path) -> Spilled:
        """Arrow files in ``folder``: a third of a checkpoint's cost, and read again for next to nothing."""
        path = str(folder.resolve())
        tally = Tally()
        apart = without_order(frame)
        written, again = apart or (frame, lambda read: read)
        tapped(written, tally, "rows", f"{MARK}spill").write.format("arrow").mode("overwrite").save(path)
        kept = again(self.session.read.schema(written.schema).format("arrow").load(path))
        return Spilled(kept, 0 if tally.untouched("rows") else tally.rows("rows"))

    def interrupt(self) -> None:
        """Ends what the session is computing."""
        if not self._closed:
            self._session.interruptAll()

    def release(self) -> None:
        """See :class:`Engine`; spilled files lie in folders that are the caller's."""
        self._counts.forget()
        use_names_again(self._session)

    def close(self) -> None:
        """Stops the session, and the server after the last one."""
        if not self._closed:
            self._closed = True
            self._session.stop()
            the_server().let_go()


def _open_session(address: str, counts: Counts) -> SparkSession:
    session = connect(address, counts.requested)
    keep_stacks()
    setattr(session, IN_PROCESS, True)
    for key, value in SESSION_SETTINGS.items():
        session.conf.set(key, value)
    return session
