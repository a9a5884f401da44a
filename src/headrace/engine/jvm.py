"""The Spark context of this process: started quietly with the first session, gone with the last."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import EngineFailed

from .java import require_java
from .machine import cores, memory_in_bytes, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from headrace.core import EngineSettings

__all__ = ["SharedContext", "did_not_start", "full_pyspark", "log_of", "spark_settings", "the_context"]

MEMORY_SHARE = 0.6
LAST_LINES = 3


def full_pyspark() -> Path | None:
    """The folder of the full PySpark with its jars; ``None`` if there is only the client."""
    found = importlib.util.find_spec("pyspark")
    folder = Path(found.origin).parent if found and found.origin else None
    return folder if folder and any((folder / "jars").glob("spark-core_*.jar")) else None


def spark_settings(settings: EngineSettings, scratch: Path) -> dict[str, str]:
    """What the context is started with; the project's own ``spark.*`` settings come last and win."""
    master = settings.spark.master
    chosen = {
        "spark.app.name": "headrace",
        "spark.master": master,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
    }
    if settings.spark.packages:
        chosen["spark.jars.packages"] = ",".join(settings.spark.packages)
    if master.startswith("local"):
        threads = settings.threads or cores()
        memory = parse_size(settings.memory) if settings.memory else int(memory_in_bytes() * MEMORY_SHARE)
        chosen |= {
            "spark.master": f"local[{threads}]" if master in ("local", "local[*]") else master,
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": f"{max(memory // 2**20, 512)}m",
            "spark.driver.maxResultSize": "0",
            "spark.local.dir": str(scratch),
            "spark.sql.shuffle.partitions": str(threads),
        }
    return chosen | dict(settings.spark.settings)


@dataclass
class SharedContext:
    """One JVM at most. A context that somebody else has started in this process is used and left running."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _users: int = 0
    _context: Any = None

    def acquire(self, settings: EngineSettings, scratch: Path) -> Any:
        """The running ``SparkContext``."""
        if full_pyspark() is None:
            raise EngineFailed(
                "spark-not-installed",
                "The engine 'spark' needs the full PySpark, and only its client is installed.",
                hint="Run: pip install 'headrace[spark]'",
            )
        with self._lock:
            from pyspark import SparkContext

            running = SparkContext._active_spark_context
            if running is not None and self._users == 0:
                return running
            if self._context is None:
                require_java()
                self._context = _start(settings, scratch)
            self._users += 1
            return self._context

    def let_go(self) -> None:
        """One session fewer; after the last the JVM ends."""
        with self._lock:
            self._users = max(0, self._users - 1)
            if self._users == 0 and self._context is not None:
                _stop(self._context)
                self._context = None


@cache
def the_context() -> SharedContext:
    """This process's context."""
    return SharedContext()


def log_of(scratch: Path) -> Path:
    """What the JVM says goes here."""
    return scratch / "spark" / "spark.log"


def _start(settings: EngineSettings, scratch: Path) -> Any:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    folder = scratch / "spark"
    folder.mkdir(parents=True, exist_ok=True)
    conf = SparkConf(loadDefaults=False)
    conf.setAll(list(spark_settings(settings, folder).items()))
    log = log_of(scratch)
    try:
        with log.open("wb") as said, _environment(settings):
            gateway = launch_gateway(conf=conf, popen_kwargs={"stdout": said, "stderr": said})
            return SparkContext(conf=conf, gateway=gateway)
    except Exception as error:
        failed = did_not_start(error, log)
        _end_jvm()
        raise failed from None


def did_not_start(error: Exception, log: Path) -> EngineFailed:
    """The error with the line that says why, out of many."""
    why = _why(error, log).rstrip(".")
    return EngineFailed(
        "engine-start-failed", f"Spark did not start: {why}.", hint="See the [engine.spark] section."
    )


def _why(error: Exception, log: Path) -> str:
    """The line that says it: Spark's own exception, or the end of what the JVM wrote."""
    java = getattr(error, "java_exception", None)
    if java is not None:
        return _java_says(java)
    said = log.read_text(errors="replace") if log.exists() else ""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if re.search("Exception|rror|Invalid", line)] or lines[-LAST_LINES:]
    return _bare((told or str(error).splitlines())[0])


def _java_says(java: Any) -> str:
    """An exception's sentence, and its innermost cause's where that says more."""
    inner = java
    while inner.getCause() is not None:
        inner = inner.getCause()
    said = dict.fromkeys(_bare(str(each.toString()).splitlines()[0]) for each in (java, inner))
    return ": ".join(each.rstrip(".") for each in said)


def _bare(sentence: str) -> str:
    """Without the name of the exception's class, unless there is nothing else."""
    found = re.match(r'(?:Exception in thread "[^"]*" )?[\w.$]*(?:Exception|Error): (?P<rest>.+)', sentence)
    return found["rest"] if found else sentence


def _stop(context: Any) -> None:
    from pyspark.sql import SparkSession

    context.stop()
    SparkSession._instantiatedSession = None
    SparkSession._activeSession = None
    _end_jvm()


def _end_jvm() -> None:
    """The JVM ends when its standard input does."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    SparkContext._gateway = None
    SparkContext._jvm = None
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=20)


@contextmanager
def _environment(settings: EngineSettings) -> Iterator[None]:
    """Python for the workers (Spark's own default is whatever ``python3`` is), and no other address."""
    wanted: dict[str, str | None] = {"SPARK_CONNECT_MODE_ENABLED": None, "SPARK_REMOTE": None}
    local = settings.spark.master.startswith("local")
    if settings.spark.python or local:
        wanted["PYSPARK_PYTHON"] = settings.spark.python or sys.executable
    if local:
        wanted["SPARK_LOCAL_IP"] = "127.0.0.1"
    before = {key: os.environ.get(key) for key in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for key, value in values.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
