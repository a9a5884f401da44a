"""Bytes of a file in bounded pieces: fetched ahead, unpacked, as UTF-8, cut where records end."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from headrace.core import DataRefused
from headrace.storage.objects import ObjectStore

from .rows import Split

__all__ = ["Compression", "chunks_of", "compression_of", "cut_blocks", "whole_blocks", "without_packing"]

BLOCK = 4 << 20
"""Bytes that are parsed at a time: the memory of one reader is a few times this."""
LONGEST = 64 << 20
"""Bytes of the longest record that is looked for."""
SUFFIXES = {".gz": "gzip", ".gzip": "gzip", ".bz2": "bzip2"}
Compression = str


def compression_of(name: str, wanted: Compression | None) -> Compression:
    """``auto`` goes by the file's name."""
    if wanted not in (None, "auto"):
        return str(wanted)
    return next((kind for suffix, kind in SUFFIXES.items() if name.lower().endswith(suffix)), "none")


def without_packing(name: str) -> str:
    """``a.csv`` of ``a.csv.gz``."""
    return next((name[: -len(suffix)] for suffix in SUFFIXES if name.lower().endswith(suffix)), name)


def chunks_of(
    store: ObjectStore, key: str, start: int, end: int, *, compression: Compression, encoding: str, step: int
) -> Iterator[bytes]:
    """UTF-8 bytes from ``start`` to ``end``; compressed and other encodings only from the very start."""
    raw = _fetched(store, key, start, end, step)
    if compression != "none":
        raw = _unpacked(raw, compression, store.location(key))
    name = codecs.lookup(encoding).name
    if name not in ("utf-8", "utf-8-sig", "ascii"):
        return _transcoded(raw, encoding, store.location(key))
    return _without_mark(raw) if start == 0 else raw


def _fetched(store: ObjectStore, key: str, start: int, end: int, step: int) -> Iterator[bytes]:
    ranges = [(at, min(at + step, end)) for at in range(start, end, step)]
    if store.is_local or len(ranges) < 2:
        for first, last in ranges:
            yield store.read(key, first, last)
        return
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(store.read, key, *ranges[0])
        for following in [*ranges[1:], None]:
            now = ahead.result()
            if following is not None:
                ahead = pool.submit(store.read, key, *following)
            yield now


def _without_mark(raw: Iterator[bytes]) -> Iterator[bytes]:
    first = next(raw, b"")
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from raw


def _unpacked(raw: Iterator[bytes], compression: Compression, location: str) -> Iterator[bytes]:
    import bz2

    def fresh() -> zlib._Decompress | bz2.BZ2Decompressor:
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


def _broken(location: str, compression: Compression) -> DataRefused:
    return DataRefused(
        "broken-file",
        f"'{location}' is not a whole {compression} file.",
        hint="Was its upload cut off? Bring it again, or set `compression`.",
    )


def _transcoded(raw: Iterator[bytes], encoding: str, location: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    try:
        for piece in raw:
            text = decoder.decode(piece)
            lines += text.count("\n")
            yield text.encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as error:
        raise DataRefused(
            "wrong-encoding",
            f"'{location}' is not {encoding} text after line {lines}.",
            hint="Set `encoding` to what the file was written in.",
        ) from error


def cut_blocks(chunks: Iterator[bytes], last_end: Callable[[bytes], int], location: str) -> Iterator[bytes]:
    """Blocks of whole records; ``last_end`` says where the last whole record of some bytes ends (0: none)."""
    rest = b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        end = last_end(data)
        if end:
            yield data[:end] if end < len(data) else data
            rest = data[end:]
        else:
            rest = data
        if len(rest) > LONGEST:
            raise _too_long(rest, location)
    if rest:
        yield rest


def whole_blocks(
    store: ObjectStore, split: Split, last_end: Callable[[bytes], int]
) -> Iterator[bytes | memoryview]:
    """The same for UTF-8 that can be read from anywhere: nothing is carried over, and nothing copied."""
    if split.blocks:
        for first, last in pairwise((split.start, *split.blocks, split.end)):
            yield _marked(first, store.read(split.key, first, last))
        return
    at, size = split.start, split.step
    while at < split.end:
        data = store.read(split.key, at, min(at + size, split.end))
        stop = len(data) if at + len(data) >= split.end else last_end(data)
        if not data:
            return
        if stop == 0:
            size *= 2
            if size > 2 * LONGEST:
                raise _too_long(data, store.location(split.key))
            continue
        block = [_marked(at, data if stop == len(data) else memoryview(data)[:stop])]
        data = b""
        at += stop
        size = split.step
        yield block.pop()


def _marked(at: int, data: bytes | memoryview) -> bytes | memoryview:
    """Without the byte order mark that a file may begin with."""
    return memoryview(data)[3:] if at == 0 and bytes(data[:3]) == codecs.BOM_UTF8 else data


def _too_long(data: bytes, location: str) -> DataRefused:
    return DataRefused(
        "record-too-long",
        f"'{location}' has a record of more than {LONGEST >> 20} MB, beginning {_start(data)}.",
        hint="A quote that is never closed looks like that. Is `quote` right?",
    )


def _start(data: bytes) -> str:
    return repr(data[:60].decode(errors="replace"))
