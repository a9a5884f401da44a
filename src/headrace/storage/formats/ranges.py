"""An object of a store as a file that can seek: for formats that begin at their end."""

from __future__ import annotations

import io
from typing import Any

from headrace.core import DataRefused
from headrace.storage.objects import ObjectStore

__all__ = ["RangeFile", "broken_file"]

AHEAD = 1 << 20
"""Bytes that a small read fetches: what is read next lies close by."""


class RangeFile(io.RawIOBase):
    """An object of a store as a file that can seek."""

    def __init__(self, store: ObjectStore, key: str, size: int) -> None:
        super().__init__()
        self._store, self._key, self._size = store, key, size
        self._at = 0
        self._held = (0, b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """From the start, from here, or from the end."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Bytes from what was fetched ahead, else from the store."""
        end = self._size if size < 0 else min(self._at + size, self._size)
        start, held = self._held
        if not (start <= self._at and end <= start + len(held)):
            held = self._store.read(self._key, self._at, min(max(end, self._at + AHEAD), self._size))
            start = self._at
            self._held = (start, held if len(held) <= AHEAD else b"")
        found = held[self._at - start : end - start]
        self._at = end
        return found

    def readinto(self, buffer: Any) -> int:
        """As many bytes as there are, into ``buffer``."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def broken_file(location: str, name: str, why: str = "") -> DataRefused:
    """What to raise for a file that is not whole, or not of its format."""
    return DataRefused(
        "broken-file",
        f"'{location}' is not a whole {name} file{f': {why}' if why else '.'}",
        hint="Was its upload cut off, or is it another format? Bring it again.",
    )
