"""What formats of text have in common: an encoding, a packing, and blocks of whole records."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from headrace.storage.objects import ObjectStore

from .chunks import chunks_of, cut_blocks, whole_blocks
from .packing import compression_of
from .rows import Format, Split

__all__ = ["TextFormat"]


@dataclass(frozen=True)
class TextFormat(Format):
    """Text in some encoding, packed or not."""

    encoding: str = "utf-8"
    compression: str = "auto"

    @abstractmethod
    def last_end(self, block: bytes) -> int:
        """Just behind the last record of a block that begins with a record; 0: no record ends in it."""

    def plain(self, name: str) -> bool:
        """Whether bytes of the file are bytes of the text, so that it can be read from the middle."""
        utf8 = self.encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii", "utf-8-sig")
        return utf8 and compression_of(name, self.compression) == "none"

    def in_blocks(self, store: ObjectStore, key: str) -> bool:
        """A plain file on a disk."""
        return store.is_local and self.plain(key)

    def blocks(self, store: ObjectStore, split: Split) -> Iterator[bytes]:
        """Blocks of whole records, unpacked, as UTF-8."""
        chunks = chunks_of(
            store,
            split,
            split.start,
            split.end,
            compression=compression_of(split.key, self.compression),
            encoding=self.encoding,
        )
        return cut_blocks(chunks, self.last_end, split.location)

    def spans(self, store: ObjectStore, split: Split) -> Iterator[bytes | memoryview]:
        """The same; of a plain local file without copying them."""
        if not self.in_blocks(store, split.key):
            return self.blocks(store, split)
        return whole_blocks(store, split, self.last_end)
