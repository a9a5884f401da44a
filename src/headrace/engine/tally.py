"""Rows counted as they pass, by a function that the embedded engine runs inside this process.

A counted frame gets three thin layers: one that numbers the rows of each partition, the tap, and one through
which the optimizer moves no filter. The tap is handed the row numbers only, one call per batch, so the
frame's own columns are never touched. What passed is then certain:

* every copy of the tap in every execution counts for itself: a frame computed twice is not counted twice;
* row numbers start at zero in each partition, so in the end there are as many rows as the highest numbers
  say; if not, a stream was read twice under one name, and its count is not known rather than wrong.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from headrace.core import Frame

__all__ = ["MARK", "Tally", "tapped"]

MARK = "headrace_rows_"
"""What a tap is called in plans, followed by the label's number; its column has two underscores more."""
_FENCE = "__headrace_fence"
_PARTITION_BITS = 33
"""``monotonically_increasing_id`` is the partition shifted by this many bits, plus the row's number in it."""
_ROW_BITS = (1 << _PARTITION_BITS) - 1

Execution = tuple[int, int]
"""One copy of a tap in one execution: the copy's number and the moment at which the query began."""


@dataclass
class _Passed:
    """What went through one copy of a tap in one execution."""

    rows: int = 0
    highest: dict[int, int] = field(default_factory=dict)
    """By partition, the highest row number so far."""

    @property
    def doubled(self) -> bool:
        """More rows than numbers: the same rows came by twice."""
        return self.rows > sum(self.highest.values()) + len(self.highest)


class Tally:
    """Counts by label. Alive as long as its engine; taps find it by its number."""

    def __init__(self) -> None:
        self.number = next(_numbers())
        self._lock = threading.Lock()
        self._labels: dict[str, dict[Execution, _Passed]] = {}
        _tallies()[self.number] = self

    def passed(self, label: str, execution: Execution, rows: int, highest: Mapping[int, int]) -> None:
        """A batch went by, with these highest row numbers by partition."""
        with self._lock:
            passed = self._labels.setdefault(label, {}).setdefault(execution, _Passed())
            passed.rows += rows
            for partition, number in highest.items():
                passed.highest[partition] = max(number, passed.highest.get(partition, 0))

    def rows(self, label: str) -> int | None:
        """The most rows that one execution has let through; ``None``: none yet, or not certain."""
        with self._lock:
            executions = self._labels.get(label, {}).values()
            if not executions or any(passed.doubled for passed in executions):
                return None
            return max(passed.rows for passed in executions)

    def untouched(self, label: str) -> bool:
        """No row has come by."""
        with self._lock:
            return label not in self._labels


@cache
def _tallies() -> WeakValueDictionary[int, Tally]:
    return WeakValueDictionary()


@cache
def _numbers() -> Iterator[int]:
    return itertools.count(1)


class Tap:
    """The counting function. The engine unpickles it once per place in a plan: that makes a new copy."""

    def __init__(self, tally: int, label: str) -> None:
        self.copy = next(_numbers())
        self._tally = tally
        self._label = label

    def __reduce__(self) -> tuple[type[Tap], tuple[int, str]]:
        return Tap, (self._tally, self._label)

    def __call__(self, numbers: pa.Array, moments: pa.Array) -> pa.Array:
        """Counts a batch and hands the row numbers back."""
        tally = _tallies().get(self._tally)
        if tally is not None and len(numbers):
            execution = (self.copy, moments[0].value)
            tally.passed(self._label, execution, len(numbers), _highest(numbers))
        return numbers


def _highest(numbers: pa.Array) -> dict[int, int]:
    """The highest row number by partition; a batch nearly always comes from one partition."""
    import pyarrow.compute as pc

    ends = pc.min_max(numbers)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    first, last = low >> _PARTITION_BITS, high >> _PARTITION_BITS
    if first == last:
        return {last: high & _ROW_BITS}
    found: dict[int, int] = {}
    for number in pc.unique(pc.shift_right(numbers, _PARTITION_BITS)).to_pylist():
        below = pc.filter(numbers, pc.less(numbers, (number + 1) << _PARTITION_BITS))
        found[number] = pc.max(below).as_py() & _ROW_BITS
    return found


def tapped(frame: Frame, tally: Tally, label: str, mark: str) -> Frame:
    """``frame`` with its rows counted; ``mark`` names the tap, so that plans can be searched for it."""
    import pyarrow as pa
    from pyspark.sql import functions as f

    tap = Tap(tally.number, label)

    def count_rows(numbers: Any, moments: Any) -> Any:
        return tap(numbers, moments)

    count_rows.__name__ = mark
    count_rows.__annotations__ = dict.fromkeys(("numbers", "moments", "return"), pa.Array)
    count = f.arrow_udf(count_rows, "bigint").asNondeterministic()
    counted = frame.select(
        "*", count(f.monotonically_increasing_id(), f.current_timestamp()).alias(f"__{mark}")
    )
    return counted.select("*", f.spark_partition_id().alias(_FENCE)).drop(f"__{mark}", _FENCE)
