"""Rows out of an engine: what a writer that fails must not hold."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from headrace.storage.datasource import spread, write_frame

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

KEPT: list[Exception] = []
"""What a collector that does not come by would keep: a failure, and with it the frames it went through."""


@dataclass(frozen=True)
class Failing:
    """Takes one batch, fails, and has its failure held by somebody."""

    def write(self, batches: Iterator[pa.RecordBatch], number: int | None) -> None:
        del number
        try:
            self._take(batches)
        except OSError as error:
            from tests.storage.test_target import KEPT

            KEPT.append(error)
            raise

    def _take(self, batches: Iterator[pa.RecordBatch]) -> None:
        next(batches)
        raise OSError("the disk is gone")

    def settle(self, results: list[Any]) -> None:
        raise AssertionError(results)

    def give_up(self) -> None:
        KEPT.clear()


def test_a_failure_that_is_held_does_not_keep_the_engine_waiting(session: SparkSession) -> None:
    many = session.sql("SELECT id, repeat('x', 100) AS text FROM range(2000000)")
    patience = threading.Timer(30, session.interruptAll)
    patience.start()
    try:
        with pytest.raises(Exception, match="the disk is gone"):
            write_frame(spread(many, "embedded"), Failing())
    finally:
        patience.cancel()
