"""Rows as readers and writers see them, kept in small files so that any process of the run can add them up.

Each attempt at a partition has a file of its own. A partition that is read twice (a retry, or a frame that is
computed for two lanes) counts once. While an attempt is at work its file is locked: an engine tells a failure
as soon as one partition has failed, and the others go on for a while.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from headrace.core import Cancelled

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Counter", "Tally"]

GIVEN_UP = "given-up"
"""A file in the folder that says: no attempt begins any more."""
PATIENCE = 5.0
"""Seconds to wait for attempts that are still at work when the whole has failed."""
LOOK = 0.01


@dataclass(frozen=True)
class Counter:
    """Counts below one folder; picklable, so that a worker on this machine can write to it."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Counter:
        """A counter in a folder that is made if needed."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    def tally(self, partition: int) -> Tally:
        """One attempt at a partition."""
        return Tally(self.folder, f"{partition:06d}-{os.getpid():x}-{os.urandom(4).hex()}")

    def attempts(self) -> dict[int, list[tuple[str, int, bool]]]:
        """Name, rows and whether it ended, of every attempt by partition."""
        found: dict[int, list[tuple[str, int, bool]]] = {}
        for path in sorted(self.folder.glob("*.rows")):
            rows, _, state = path.read_text().partition(" ")
            if rows:
                partition = int(path.name[:6])
                found.setdefault(partition, []).append((path.stem, int(rows), state.startswith("done")))
        return found

    def chosen(self) -> list[tuple[str, int]]:
        """One attempt per partition, in order of partitions: an ended one before one that was left early."""
        best = (max(each, key=lambda one: (one[2], one[1])) for _, each in sorted(self.attempts().items()))
        return [(name, rows) for name, rows, _ in best]

    def value(self) -> int | None:
        """Rows so far; ``None`` while nothing has begun, and where workers cannot reach the folder."""
        chosen = self.chosen()
        return sum(rows for _, rows in chosen) if chosen else None

    def give_up(self) -> None:
        """Lets no attempt begin from now on, and waits until those at work have ended."""
        (self.folder / GIVEN_UP).touch()
        deadline = time.monotonic() + PATIENCE
        for path in self.folder.glob("*.rows"):
            with path.open("rb") as attempt:
                while not _locked(attempt.fileno()) and time.monotonic() < deadline:
                    time.sleep(LOOK)

    def repeated(self) -> bool:
        """Whether some partition was computed more than once."""
        return any(sum(ended for *_, ended in each) > 1 for each in self.attempts().values())


class Tally:
    """Rows of one attempt; ``with`` marks it as ended unless something was raised.

    A worker on another machine does not have the folder, and counts for nobody.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.rows = 0
        try:
            self._file = os.open(folder / f"{name}.rows", os.O_WRONLY | os.O_CREAT, 0o600)
            with contextlib.suppress(OSError):  # a disk that knows no locks
                fcntl.flock(self._file, fcntl.LOCK_SH)
        except FileNotFoundError:
            self._file = -1
        if (folder / GIVEN_UP).exists():
            os.close(self._file)
            raise Cancelled("cancelled", "Another partition has failed.")
        self._write("open")

    def _write(self, state: str) -> None:
        if self._file >= 0:
            os.pwrite(self._file, f"{self.rows} {state}\n".encode(), 0)

    def add(self, rows: int) -> None:
        """That many more."""
        self.rows += rows
        self._write("open")

    def counted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch itself, counted."""
        self.add(batch.num_rows)
        return batch

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write("done")
        if self._file >= 0:
            os.close(self._file)


def _locked(file: int) -> bool:
    """Whether nobody else holds a lock on the file any more."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
