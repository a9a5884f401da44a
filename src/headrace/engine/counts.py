"""Labels of counted frames, and what the actions so far make certain about them."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from .executed import certain_zero, executed_relations, marks_in
from .tally import MARK, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

__all__ = ["Counts"]


class Counts:
    """What has passed the taps, and which labels an action has read to their end."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._hash_joins = os.environ.get("SAIL_OPTIMIZER__PREFER_HASH_JOIN", "true").lower() == "true"
        """A hash join reads a side whole or not at all; a merge join stops where the shorter side ends."""
        self._lock = threading.Lock()
        self._labels: dict[str, str] = {}
        self._requested: list[tuple[Any, dict[str, bool]]] = []
        self._partly: set[str] = set()
        self._whole: set[str] = set()
        self._zero: set[str] = set()

    def forget(self) -> None:
        """Nothing is counted any more; labels may be given again."""
        with self._lock:
            self.tally = Tally()
            self._requested = []
            for each in (self._labels, self._partly, self._whole, self._zero):
                each.clear()

    def mark(self, label: str) -> str:
        """A new mark for a label."""
        with self._lock:
            mark = f"{MARK}{len(self._labels) + 1}"
            self._labels[mark] = label
            return mark

    def requested(self, request: Any) -> None:
        """The client is about to send an action to the engine."""
        if not self._labels:
            return
        for relation in executed_relations(request):
            marks = marks_in(relation, joins_read_all=self._hash_joins)
            with self._lock:
                self._requested.append((relation, marks))
                self._partly |= {self._labels.get(mark, "") for mark, whole in marks.items() if not whole}

    def settle(self, session: SparkSession) -> None:
        """The actions requested so far have succeeded."""
        with self._lock:
            requested, self._requested = self._requested, []
        for relation, marks in requested:
            for mark, label in self._labels.items():
                if marks.get(mark):
                    self._whole.add(label)
                    if self.tally.untouched(label) and self._saw_nothing(session, relation, mark):
                        self._zero.add(label)

    def so_far(self) -> Mapping[str, int | None]:
        """Rows per label: exact once settled, live before that, ``None`` where it is not certain."""
        with self._lock:
            return {label: self._rows(label) for label in self._labels.values()}

    def _rows(self, label: str) -> int | None:
        if label in self._partly and label not in self._whole:
            return None
        if label in self._zero and self.tally.untouched(label):
            return 0
        return self.tally.rows(label)

    def _saw_nothing(self, session: SparkSession, relation: Any, mark: str) -> bool:
        from pyspark.sql.connect.proto import Plan

        return certain_zero(session.client.explain_string(Plan(root=relation), "simple"), mark)
