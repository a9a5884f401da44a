"""Apache Spark: a JVM on this machine, a cluster, or a Spark Connect server."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from headrace.core import EngineFailed

from .engine import Engine, Spilled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

    from headrace.core import EngineSettings, Frame

__all__ = ["SparkEngine"]


class SparkEngine(Engine):
    """A classic session on ``local[*]``, ``spark://``, ``yarn`` or ``k8s://``."""

    name: ClassVar[str] = "spark"

    def __init__(self, settings: EngineSettings, *, scratch: Path) -> None:
        found = importlib.util.find_spec("pyspark")
        if not found or not found.origin or not (Path(found.origin).parent / "jars").is_dir():
            raise EngineFailed(
                "spark-not-installed",
                "The engine 'spark' needs the full PySpark, and only its client is installed.",
                hint="Run: pip install 'headrace[spark]'",
            )
        os.environ.pop("SPARK_CONNECT_MODE_ENABLED", None)
        os.environ["PYSPARK_PYTHON"] = settings.spark.python or sys.executable
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(f"local[{settings.threads or '*'}]").appName("headrace")
        for key, value in {
            "spark.ui.enabled": "false",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.sql.shuffle.partitions": "2",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.session.timeZone": "UTC",
            "spark.local.dir": str(scratch),
        }.items():
            builder = builder.config(key, value)
        self._session = builder.getOrCreate()

    @property
    def version(self) -> str:
        """``spark 4.2.0``."""
        return f"spark {self._session.version}"

    @property
    def session(self) -> SparkSession:
        """The session."""
        os.environ.pop("SPARK_CONNECT_MODE_ENABLED", None)
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
        """See :class:`Engine`."""
        del folder
        return Spilled(frame.persist(), None)

    def interrupt(self) -> None:
        """Ends what the session is computing."""
        self._session.sparkContext.cancelAllJobs()

    def release(self) -> None:
        """Gives back what ``spill`` has kept."""

    def close(self) -> None:
        """Stops the session and its JVM's context."""
        self._session.stop()
