"""One partition of a frame into files, counted: all of its files or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from headrace.core import HeadraceError
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter

from .target import some_number

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_files"]


class Files(Protocol):
    """The open files of one partition."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Rows to their files."""

    def close(self) -> Sequence[Any]:
        """A dataclass instance for each file, whole."""

    def abort(self) -> None:
        """No file."""


def write_files(
    batches: Iterator[pa.RecordBatch], files: Files, counter: Counter, number: int | None
) -> list[dict[str, Any]]:
    """What :meth:`Files.close` gives, as mappings. Raises ``CarriedError``, and leaves no file then."""
    try:
        with counter.tally(some_number() if number is None else number) as tally:
            try:
                for batch in batches:
                    files.add(batch)
                    tally.add(batch.num_rows)
                return [asdict(each) for each in files.close()]
            except BaseException:
                files.abort()
                raise
    except HeadraceError as error:
        raise CarriedError.of(error) from None
