"""Messages of a batch on this machine's disk, until they are sent in one transaction.

Kafka has no place where messages wait unseen for another process: a transaction dies with its producer. So a
batch is kept in the run's own folder, one Arrow file for each partition of the frame, and survives a crash.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.core import HeadraceError, RunFailed
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter
from headrace.storage.datasource import some_number

from .encoding import Encoding, message_schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Spool", "spooled"]


@dataclass(frozen=True)
class Spool:
    """A target that keeps messages in files. Its folder is on a disk that the engine's workers share."""

    folder: Path
    encoding: Encoding
    counter: Counter
    stage: str

    def write(self, batches: Iterator[pa.RecordBatch], number: int | None) -> str | None:
        """One file per partition that has rows; gives its name."""
        import pyarrow as pa

        at = some_number() if number is None else number
        with self.counter.tally(at) as tally:
            path = self.folder / f"{tally.name}.arrow"
            writer = None
            try:
                for batch in batches:
                    if writer is None:
                        options = pa.ipc.IpcWriteOptions(compression="lz4")
                        writer = pa.ipc.new_file(str(path), message_schema(), options=options)
                    writer.write_table(self.encoding.messages(batch))
                    tally.add(batch.num_rows)
            except HeadraceError as error:
                error.where = error.where or self.stage
                raise CarriedError.of(error) from None
            except OSError as error:
                raise CarriedError.of(_full(error, self.folder)) from None
            finally:
                if writer is not None:
                    writer.close()
        return path.name if writer is not None else None

    def settle(self, results: list[str | None]) -> None:
        """Notes which files count, in the order of the frame's partitions."""
        names = sorted(name for name in results if name)
        (self.folder / "files.txt").write_text("\n".join(names))

    def give_up(self) -> None:
        """Removes all of it once nobody writes any more."""
        self.counter.give_up()
        shutil.rmtree(self.folder, ignore_errors=True)

    def files(self) -> tuple[str, ...]:
        """What :meth:`settle` has noted."""
        listed = self.folder / "files.txt"
        if not listed.exists():
            return ()
        return tuple(listed.read_text().split())


def _full(error: OSError, folder: Path) -> RunFailed:
    return RunFailed(
        "disk-full" if error.errno == 28 else "file-error",
        f"'{folder}' cannot keep the batch: {error.strerror or error}.",
        hint="The batch waits on this machine's disk until it is sent. Make room and run again.",
    )


def spooled(folder: Path, files: Iterable[str]) -> Iterator[pa.RecordBatch]:
    """The messages, batch by batch, in order. Raises ``RunFailed`` (``batch-lost``) when they are gone."""
    import pyarrow as pa

    for name in files:
        try:
            source = pa.memory_map(str(folder / name))
        except FileNotFoundError:
            raise RunFailed(
                "batch-lost", f"The messages that waited in '{folder}' are gone.", hint="Run it again."
            ) from None
        with source:
            reader = pa.ipc.open_file(source)
            for at in range(reader.num_record_batches):
                yield reader.get_batch(at)
