"""Bytes of a file in bounded pieces: fetched ahead, unpacked, as UTF-8, cut where records end."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from headrace.core import DataRefused
from headrace.storage.objects import ObjectStore

from .packing import unpacked, unzipped
from .rows import Split

__all__ = ["chunks_of", "cut_blocks", "whole_blocks"]

BLOCK = 4 << 20
"""Bytes that are parsed at a time: the memory of one reader is a few times this."""
LONGEST = 64 << 20
"""Bytes of the longest record that is looked for."""


def chunks_of(
    store: ObjectStore, split: Split, start: int, end: int, *, compression: str, encoding: str
) -> Iterator[bytes]:
    """UTF-8 bytes from ``start`` to ``end``; compressed and other encodings only from the very start."""
    if split.member is not None:
        raw = unzipped(store, split.key, split.packed_size, split.member, split.step)
    else:
        raw = _fetched(store, split.key, start, end, split.step)
        if compression != "none":
            raw = unpacked(raw, compression, split.location)
    name = codecs.lookup(encoding).name
    if name not in ("utf-8", "utf-8-sig", "ascii"):
        return _transcoded(raw, encoding, split.location)
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
