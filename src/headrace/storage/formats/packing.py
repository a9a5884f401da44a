"""Compressions of whole files: what names tell, unpacking, packing, and the files inside a zip archive."""

from __future__ import annotations

import bz2
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from headrace.core import DataRefused, HeadraceError
from headrace.storage.objects import ObjectStore

from .ranges import RangeFile

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "PACKED",
    "Packer",
    "compression_of",
    "members_of",
    "packer",
    "unpacked",
    "unzipped",
    "without_packing",
]

SUFFIXES = {".gz": "gzip", ".gzip": "gzip", ".bz2": "bzip2", ".zst": "zstd", ".zstd": "zstd", ".zip": "zip"}
PACKED = {"none": "", "gzip": ".gz", "bzip2": ".bz2", "zstd": ".zst"}
"""Compressions of whole files that are written, and what they add to a name."""
PIECE = 1 << 20


def compression_of(name: str, wanted: str | None) -> str:
    """``auto`` goes by the file's name."""
    if wanted not in (None, "auto"):
        return str(wanted)
    return next((kind for suffix, kind in SUFFIXES.items() if name.lower().endswith(suffix)), "none")


def without_packing(name: str) -> str:
    """``a.csv`` of ``a.csv.gz``."""
    return next((name[: -len(suffix)] for suffix in SUFFIXES if name.lower().endswith(suffix)), name)


def unpacked(raw: Iterator[bytes], compression: str, location: str) -> Iterator[bytes]:
    """Plain bytes of packed ones; several packed streams, one behind the other, are one."""
    return _frames(raw, location) if compression == "zstd" else _members(raw, compression, location)


def _members(raw: Iterator[bytes], compression: str, location: str) -> Iterator[bytes]:
    def fresh() -> Any:
        return zlib.decompressobj(31) if compression == "gzip" else bz2.BZ2Decompressor()

    machine = fresh()
    begun = False
    try:
        for piece in raw:
            data = piece
            while data:
                begun = True
                yield machine.decompress(data)
                data = machine.unused_data
                if machine.eof:
                    machine, begun = fresh(), bool(data)
    except (zlib.error, OSError) as error:
        raise _broken(location, compression) from error
    if begun and not machine.eof:
        raise _broken(location, compression)


def _frames(raw: Iterator[bytes], location: str) -> Iterator[bytes]:
    import pyarrow as pa

    source = _Pieces(raw)
    stream = pa.CompressedInputStream(pa.PythonFile(source, "r"), "zstd")
    try:
        while piece := stream.read(PIECE):
            yield piece
    except HeadraceError:
        raise
    except OSError as error:
        raise (source.failure or _broken(location, "zstd")) from error


class _Pieces:
    """An iterator of bytes as a file."""

    closed = False

    def __init__(self, raw: Iterator[bytes]) -> None:
        self._raw = raw
        self._rest = b""
        self.failure: HeadraceError | None = None

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; none at the end."""
        try:
            while not self._rest:
                self._rest = next(self._raw)
        except StopIteration:
            return b""
        except HeadraceError as error:
            self.failure = error
            raise
        found, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return found

    def readable(self) -> bool:
        """Always."""
        return True

    def writable(self) -> bool:
        """Never."""
        return False

    def seekable(self) -> bool:
        """Never."""
        return False

    def close(self) -> None:
        """Does nothing: who gave the pieces closes."""


def _broken(location: str, compression: str) -> DataRefused:
    return DataRefused(
        "broken-file",
        f"'{location}' is not a whole {compression} file.",
        hint="Was its upload cut off? Bring it again, or set `compression`.",
    )


class Packer(Protocol):
    """Takes bytes, gives those that are packed already."""

    def compress(self, data: Any, /) -> bytes:
        """What is ready."""

    def flush(self) -> bytes:
        """The rest."""


def packer(compression: str) -> Packer | None:
    """What packs a file that is written; ``None``: nothing has to."""
    if compression == "gzip":
        return zlib.compressobj(6, zlib.DEFLATED, 31)
    if compression == "bzip2":
        return bz2.BZ2Compressor()
    return _Zstd() if compression == "zstd" else None


class _Zstd:
    """Arrow's zstd, which wants a file to write to."""

    closed = False

    def __init__(self) -> None:
        import pyarrow as pa

        self._ready: list[bytes] = []
        self._stream: pa.CompressedOutputStream = pa.CompressedOutputStream(_Taking(self._ready), "zstd")

    def _taken(self) -> bytes:
        found = b"".join(self._ready)
        self._ready.clear()
        return found

    def compress(self, data: Any, /) -> bytes:
        """What is ready."""
        self._stream.write(data)
        return self._taken()

    def flush(self) -> bytes:
        """The rest."""
        self._stream.close()
        return self._taken()


class _Taking:
    """A file that keeps what it is given for somebody else."""

    closed = False

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self._size = 0

    def write(self, data: Any) -> int:
        """Appends."""
        self._pieces.append(bytes(data))
        self._size += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        """Bytes so far."""
        return self._size

    def flush(self) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""

    def readable(self) -> bool:
        """Never."""
        return False

    def writable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Never."""
        return False


@lru_cache(maxsize=256)
def members_of(store: ObjectStore, key: str, size: int, mark: str) -> tuple[tuple[str, int], ...]:
    """Names and sizes of the files in a zip archive, hidden ones left out; ``mark`` is the file's version."""
    del mark
    with _archive(store, key, size) as archive:
        return tuple(
            (each.filename, each.file_size)
            for each in archive.infolist()
            if not each.is_dir() and not any(part[:1] in "._" for part in each.filename.split("/"))
        )


def _archive(store: ObjectStore, key: str, size: int) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(RangeFile(store, key, size))
    except zipfile.BadZipFile as error:
        raise _broken(store.location(key), "zip") from error


def unzipped(store: ObjectStore, key: str, size: int, member: str, step: int) -> Iterator[bytes]:
    """The bytes of one file in an archive."""
    location = f"{store.location(key)}/{member}"
    with _archive(store, key, size) as archive:
        try:
            with archive.open(member) as file:
                yield from _read_all(file.read, step)
        except RuntimeError as error:  # a password is asked for
            raise DataRefused(
                "unreadable-file",
                f"'{location}' is encrypted.",
                hint="Bring an archive without a password.",
            ) from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise _broken(location, "zip") from error


def _read_all(read: Callable[[int], bytes], step: int) -> Iterator[bytes]:
    while piece := read(step):
        yield piece
