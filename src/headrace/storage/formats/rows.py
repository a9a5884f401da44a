"""What every format that reads in pieces has in common: splits, bad rows, line numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.core import DataRefused, Schema
from headrace.storage.objects import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "BadRow",
    "Format",
    "Lines",
    "Measured",
    "Refuse",
    "Split",
    "blocks_of",
    "line_edges",
    "stop_at",
]

RAW_LIMIT = 10_000
"""Characters of a bad row's own text that are kept."""


@dataclass(frozen=True, slots=True)
class Split:
    """Part of a file: whole records from ``start`` to ``end``, in bytes or (Parquet) in row groups."""

    key: str
    location: str
    start: int
    end: int
    size: int
    constants: tuple[tuple[str, Any], ...] = ()
    """Columns that are the same in every row: the file's name, values from the path."""
    step: int = 4 << 20
    """Bytes that are parsed at a time."""
    growth: int = 1
    """How many times longer the text is than the file, about."""
    blocks: tuple[int, ...] = ()
    """Where blocks of whole records end between the two, when that is known; else it is looked for."""
    member: str | None = None
    """A file inside the archive that ``key`` names; ``size`` is that file's then."""
    packed_size: int = 0
    """And this the archive's."""
    part: int = 0
    parts: int = 1
    """More than one: several partitions read these bytes one after the other, see ``relay``."""


def blocks_of(split: Split) -> int:
    """How many tables the whole of the split's bytes will give, about."""
    return max(1, -(-min(split.end - split.start, split.size) * split.growth // split.step))


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that the schema cannot hold, as it stands in the file."""

    code: str
    message: str
    column: str | None
    file: str
    line: int
    raw: str

    def to_json(self) -> dict[str, Any]:
        """By the names of the columns of rejected rows."""
        return {f"_error_{key}": value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a file says of itself before it is read."""

    end: int
    """Where it ends, in the unit in which it can be cut."""
    rows: int | None = None
    """How many there are, where that is known."""


Refuse = Callable[[BadRow], None]
"""Takes a bad row, or raises."""


def stop_at(row: BadRow) -> None:
    """Raises ``DataRefused`` (``bad-row``): the way of ``on_error: stop``."""
    column = f", column '{row.column}'" if row.column else ""
    raise DataRefused(
        "bad-row",
        f"{row.file}, line {row.line}{column}: {row.message} The line: {row.raw[:300]}",
        hint="Mend the file, declare another type in `schema`, or set `on_error` to discard or route.",
    )


class Format(ABC):
    """Reads one split into tables. Frozen and picklable: it travels to the engine's workers."""

    fixed: ClassVar[bool] = False
    """Whether the columns are the same for every file, an empty one, too."""

    def in_blocks(self, store: ObjectStore, key: str) -> bool:
        """Whether :meth:`edges` finds where the file's blocks end, and fetching it twice is cheap."""
        del store, key
        return False

    def measured(self, store: ObjectStore, split: Split) -> Measured:
        """Asked once for each file, before it is cut into splits."""
        del store
        return Measured(split.end)

    @abstractmethod
    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """Tables with the wanted columns that the file has, in bounded memory; bad rows go to ``refuse``."""

    @abstractmethod
    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """The schema that the first ``limit`` bytes suggest; ``None``: the file is empty.

        A type of ``void`` says that only nulls were seen.
        """

    def edges(self, store: ObjectStore, split: Split, targets: list[int]) -> list[int]:
        """The first record at or behind each target; equal edges enclose nothing."""
        del store
        return [split.end for _ in targets]


def line_edges(store: ObjectStore, split: Split, targets: list[int]) -> list[int]:
    """The first line behind each target, where every line break ends a record."""
    step = 65_536
    found = []
    for target in targets:
        block = b""
        for at in range(target - 1, split.end, step):
            block += store.read(split.key, at, min(at + step, split.end))
            if b"\n" in block:
                break
        edge = block.find(b"\n")
        found.append(split.end if edge < 0 else target + edge)
    return found


class Lines:
    """The line on which a block begins, counted only when somebody asks.

    Blocks of a plain local file are read again for that, a block of a stream has to be counted as it passes.
    """

    def __init__(self, store: ObjectStore, split: Split, *, plain: bool) -> None:
        self._store = store
        self._split = split
        self._lazy = plain and store.is_local
        self._counted = 0 if plain else split.start
        self._offset = split.start
        self._breaks = 0
        if self._lazy and split.start == 0 and store.read(split.key, 0, 3) == b"\xef\xbb\xbf":
            self._offset = 3
        if plain and not self._lazy and split.start:
            self._count_to(split.start)

    def passed(self, block: bytes | memoryview) -> None:
        """A block has been dealt with."""
        self._offset += len(block)
        if not self._lazy:
            self._breaks += _breaks(block)

    def now(self) -> int:
        """The number, from 1, of the line on which the current block begins."""
        if self._lazy:
            self._count_to(self._offset)
        return self._breaks + 1

    def _count_to(self, end: int) -> None:
        step = 4 << 20
        for at in range(self._counted, end, step):
            self._breaks += _breaks(self._store.read(self._split.key, at, min(at + step, end)))
        self._counted = end


def _breaks(block: bytes | memoryview) -> int:
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == 10))
