"""Apache Spark: a JVM on this machine, a cluster, or a Spark Connect server."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from headrace.core import InvalidCall, Unavailable
from headrace.storage.datasource import use_names_again

from .connecting import connect
from .engine import Engine, Spilled
from .jvm import did_not_start, log_of, the_context
from .observed import ClassicCounts, ConnectCounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from headrace.core import EngineSettings, Frame

__all__ = ["ClassicSpark", "ConnectSpark", "open_spark"]

MASTERS = ("local", "spark://", "yarn", "k8s://", "sc://")
PORTS = {"sc": 15002, "spark": 7077, "https": 443, "http": 80}
PATIENCE = 5.0
"""Seconds to wait for a server's answer before the run is given up."""


def open_spark(settings: EngineSettings, *, scratch: Path) -> Engine:
    """The session that ``settings.spark.master`` asks for."""
    master = settings.spark.master
    if not master.startswith(MASTERS):
        raise InvalidCall(
            "invalid-spark-master",
            f"'{master}' is not a Spark master.",
            hint="Write local[*], spark://HOST:PORT, yarn, k8s://… or sc://HOST:PORT.",
        )
    if master.startswith("sc://"):
        return ConnectSpark(settings)
    return ClassicSpark(settings, scratch=scratch)


class _Spark(Engine):
    """What a classic and a connected session have in common."""

    name: ClassVar[str] = "spark"
    _session: SparkSession
    _counts: ClassicCounts | ConnectCounts

    def __init__(self) -> None:
        self._kept: list[Frame] = []

    @property
    def version(self) -> str:
        """``spark 4.2.0``."""
        return f"spark {self._session.version}"

    def counted(self, frame: Frame, label: str) -> Frame:
        """See :class:`Engine`: Spark's own ``observe``, told when an action ends."""
        return self._counts.counted(frame, label)

    def counts(self) -> Mapping[str, int | None]:
        """See :class:`Engine`."""
        return self._counts.so_far()

    def settle(self) -> None:
        """See :class:`Engine`."""
        self._counts.settle()

    def spill(self, frame: Frame, folder: Path) -> Spilled:
        """Kept by Spark, in memory and on the disks of whoever computes."""
        from pyspark import StorageLevel

        del folder
        kept = frame.persist(StorageLevel.MEMORY_AND_DISK)
        self._kept.append(kept)
        return Spilled(kept, kept.count())

    def interrupt(self) -> None:
        """Ends what the session is computing."""
        self._session.interruptAll()

    def release(self) -> None:
        """See :class:`Engine`."""
        while self._kept:
            self._kept.pop().unpersist()
        self._counts.forget()
        use_names_again(self._session)


class ClassicSpark(_Spark):
    """``local[*]``, ``spark://``, ``yarn`` and ``k8s://``: the driver is a JVM beside this process."""

    def __init__(self, settings: EngineSettings, *, scratch: Path) -> None:
        super().__init__()
        master = settings.spark.master
        if master.startswith("spark://"):
            _knock(master, "Spark master")
        elif master.startswith("k8s://"):
            place = master.removeprefix("k8s://")
            _knock(place if "://" in place else f"https://{place}", "Kubernetes API server")
        context = the_context().acquire(settings, scratch)
        os.environ.pop("SPARK_CONNECT_MODE_ENABLED", None)
        try:
            from pyspark.sql import SparkSession

            self._session = SparkSession(context).newSession()
            self._counts = ClassicCounts()
            self._counts.listen(self._session)
        except Exception as error:
            failed = did_not_start(error, log_of(scratch))
            the_context().let_go()
            raise failed from None
        self._closed = False

    @property
    def session(self) -> SparkSession:
        """The session, active in the calling thread on both sides: the JVM looks there for Python sources."""
        from pyspark.sql import SparkSession

        # PySpark's functions ask the environment which kind of column to make.
        os.environ.pop("SPARK_CONNECT_MODE_ENABLED", None)
        SparkSession._activeSession = self._session
        jvm_sessions = SparkSession._get_j_spark_session_class(self._session._jvm)
        jvm_sessions.setActiveSession(self._session._jsparkSession)
        return self._session

    def close(self) -> None:
        """Gives back what it kept, and ends the JVM after the last session."""
        if not self._closed:
            self._closed = True
            self.release()
            the_context().let_go()


class ConnectSpark(_Spark):
    """``sc://HOST:PORT``: the client alone is enough here, the JVM is over there."""

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__()
        _knock(settings.spark.master, "Spark Connect server")
        self._counts = counts = ConnectCounts()
        self._session = connect(settings.spark.master, counts.requested)
        wanted = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
        for key, value in (wanted | dict(settings.spark.settings)).items():
            self._session.conf.set(key, value)

    @property
    def session(self) -> SparkSession:
        """The session, active in the calling thread."""
        from pyspark.sql.connect.session import SparkSession

        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
        SparkSession._active_session.session = self._session
        return self._session

    def close(self) -> None:
        """Gives back what it kept and ends the session; safe to repeat."""
        if not self._session.is_stopped:
            self.release()
            self._session.stop()


def _knock(master: str, what: str) -> None:
    """Clients go on trying for a minute and more; a closed door is known in an instant."""
    scheme, _, places = master.partition("://")
    reasons = []
    for place in places.split(","):
        address = urlsplit(f"{scheme}://{place}")
        port = address.port or PORTS[scheme]
        try:
            socket.create_connection((address.hostname or "", port), timeout=PATIENCE).close()
        except OSError as error:
            reasons.append(f"No {what} answers at {address.hostname}:{port}: {error}.")
        else:
            return
    raise Unavailable(
        "engine-unreachable",
        reasons[0],
        hint="Start it, or mend 'master' in the [engine.spark] section.",
    )
