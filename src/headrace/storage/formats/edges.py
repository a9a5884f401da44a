"""Where a large local file may be cut: at records, found without parsing it.

Chunks without a quote, the usual ones, cost one search each; only the others are looked at quote by quote.
"""

from __future__ import annotations

from headrace.storage.objects import ObjectStore

from .chunks import LONGEST
from .quotes import QuoteStyle

__all__ = ["record_edges"]

STEP = 1 << 20


def record_edges(store: ObjectStore, key: str, end: int, style: QuoteStyle, targets: list[int]) -> list[int]:
    """The first record that begins at or behind each target; ``end`` where there is none."""
    quote = (style.quote or "").encode()
    found: list[int] = []
    probe = 3 if store.read(key, 0, 3) == b"\xef\xbb\xbf" else 0
    rest = b""
    while len(found) < len(targets) and probe < end and len(rest) <= LONGEST:
        chunk = store.read(key, probe, min(probe + STEP, end))
        wanted = targets[len(found) :]
        if quote in chunk or quote in rest:
            data = rest + chunk
            stop = style.last_end(data)
            found += _among_quotes(data[:stop], probe - len(rest), style, wanted)
            rest = data[stop:]
        else:
            found += _at_breaks(chunk, probe, wanted)
            tail = chunk.rfind(b"\n") + 1
            rest = chunk[tail:] if tail else rest + chunk
        probe += len(chunk)
    return found + [end] * (len(targets) - len(found))


def _at_breaks(chunk: bytes, offset: int, targets: list[int]) -> list[int]:
    """With no quote around, every line break ends a record."""
    found: list[int] = []
    for target in targets:
        place = chunk.find(b"\n", max(0, target - 1 - offset))
        if target > offset + len(chunk) or place < 0:
            break
        found.append(offset + place + 1)
    return found


def _among_quotes(block: bytes, offset: int, style: QuoteStyle, targets: list[int]) -> list[int]:
    found: list[int] = []
    for target in targets:
        if target > offset + len(block):
            break
        inside = style.first_start(block, max(0, target - offset))
        found.append(offset + (len(block) if inside is None else inside))
    return found
