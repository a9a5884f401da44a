"""Rows counted by Spark itself: ``observe`` puts a counter into the plan, actions report it when they end.

Spark may read a frame twice in one action (a sort samples its input first). The counter therefore carries a
checksum over row numbers as well, which two readings of the same rows cancel out.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .executed import executed_relations, marks_in
from .tally import MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

    from headrace.core import Frame

__all__ = ["ClassicCounts", "ConnectCounts"]

_NUMBER = "__headrace_row_number"
_READS_ALL = ("Aggregate", "Sort", "Distinct", "Deduplicate")
_WAIT = 10_000
"""Milliseconds to wait for Spark's own events."""


@dataclass
class _Counts:
    labels: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def mark(self, label: str) -> str:
        with self.lock:
            mark = f"{MARK}{len(self.labels) + 1}"
            self.labels[mark] = label
            return mark

    def reported(self, mark: str, rows: int, checksum: int | None) -> None:
        read_twice = rows > 0 and checksum == 0
        with self.lock:
            label = self.labels.get(mark)
            if label is None:  # of a batch before
                return
            self.rows[label] = max(self.rows.get(label, 0), rows // 2 if read_twice else rows)

    def forget(self) -> None:
        """Nothing is counted any more; labels may be given again."""
        with self.lock:
            self.labels.clear()
            self.rows.clear()

    def so_far(self) -> Mapping[str, int | None]:
        """Rows per label; ``None`` until an action has read the frame whole."""
        with self.lock:
            return {label: self.rows.get(label) for label in self.labels.values()}


class ClassicCounts(_Counts):
    """Counts of a classic session, told by a listener in this process."""

    def listen(self, session: SparkSession) -> None:
        """Registers with the session's events."""
        from pyspark.java_gateway import ensure_callback_server_started

        context = session.sparkContext
        ensure_callback_server_started(context._gateway)
        self._bus = context._jsc.sc().listenerBus()
        self._listener = _Listener(self)
        session._jsparkSession.listenerManager().register(self._listener)

    def counted(self, frame: Frame, label: str) -> Frame:
        """The frame with a counter."""
        return _numbered(frame).observe(self.mark(label), *_metrics()).drop(_NUMBER)

    def settle(self) -> None:
        """Waits until the listener has heard of every action so far."""
        self._bus.waitUntilEmpty(_WAIT)

    def succeeded(self, execution: Any) -> None:
        """An action ended; takes the counters that it has read whole."""
        observed = execution.observedMetrics()
        if not self.labels or observed.isEmpty():
            return
        plan = execution.optimizedPlan().toString()
        for mark in list(self.labels):
            metrics = observed.get(mark)
            if metrics.isDefined() and not _cut_short(plan, mark):
                row = metrics.get()
                self.reported(mark, row.getLong(0), None if row.isNullAt(1) else row.getLong(1))


class _Listener:
    """``QueryExecutionListener`` as Java sees it."""

    class Java:
        implements = ("org.apache.spark.sql.util.QueryExecutionListener",)

    def __init__(self, counts: ClassicCounts) -> None:
        self._counts = counts

    def onSuccess(self, name: str, execution: Any, nanoseconds: int) -> None:  # noqa: N802
        del name, nanoseconds
        self._counts.succeeded(execution)

    def onFailure(self, name: str, execution: Any, error: Any) -> None:  # noqa: N802
        del name, execution, error


class ConnectCounts(_Counts):
    """Counts of a Spark Connect session, which the client receives with an action's answer."""

    whole: frozenset[str] = frozenset()

    def requested(self, request: Any) -> None:
        """The client is about to send an action."""
        marks: dict[str, bool] = {}
        for relation in executed_relations(request):
            marks |= marks_in(relation)
        self.whole = frozenset(mark for mark, whole in marks.items() if whole)

    def counted(self, frame: Frame, label: str) -> Frame:
        """The frame with a counter."""
        from pyspark.sql.connect.observation import Observation

        mark = self.mark(label)
        observation = Observation(mark)
        counted = _numbered(frame).observe(observation, *_metrics()).drop(_NUMBER)
        observation._result = _Answers(self, mark)
        return counted

    def settle(self) -> None:
        """Answers have arrived with the action."""


class _Answers(dict[str, Any]):
    """The client puts what it hears of an observation into a dictionary; this one passes it on."""

    def __init__(self, counts: ConnectCounts, mark: str) -> None:
        super().__init__()
        self._counts = counts
        self._mark = mark

    def update(self, *values: Any, **more: Any) -> None:
        super().update(*values, **more)
        if self._mark in self._counts.whole:
            self._counts.reported(self._mark, self["rows"], self["checksum"])


def _numbered(frame: Frame) -> Frame:
    from pyspark.sql import functions as f

    return frame.withColumn(_NUMBER, f.monotonically_increasing_id())


def _metrics() -> tuple[Any, Any]:
    from pyspark.sql import functions as f

    return f.count(f.lit(1)).alias("rows"), f.bit_xor(f.xxhash64(_NUMBER)).alias("checksum")


def _cut_short(plan: str, mark: str) -> bool:
    """Whether a limit stands above the counter with nothing between them that reads everything first."""
    above: list[tuple[int, str]] = []
    for line in plan.splitlines():
        text = line.lstrip(" :+-")
        indent = len(line) - len(text)
        while above and above[-1][0] >= indent:
            above.pop()
        if re.match(rf"CollectMetrics {mark}\b", text):
            nearest = next(
                (
                    t
                    for _, t in reversed(above)
                    if t.startswith((*_READS_ALL, "GlobalLimit", "LocalLimit", "Tail"))
                ),
                "",
            )
            return nearest.startswith(("GlobalLimit", "LocalLimit", "Tail"))
        above.append((indent, text))
    return False
