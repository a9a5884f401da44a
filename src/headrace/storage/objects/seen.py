"""Which objects have been read: eight bytes for each that is still there, whatever its name is.

An object counts as read under its key and its version (or tag, or size and time), so one that was replaced is
new. Objects that are gone are forgotten: what is remembered grows with the place, not with time.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headrace.core import DataRefused, Json

from .store import ObjectInfo

__all__ = ["Seen"]

SIZE = 8


@dataclass(frozen=True)
class Seen:
    """Prints of what was read; ``before`` stands for everything that was changed until then."""

    prints: frozenset[bytes] = frozenset()
    before: dt.datetime | None = None

    @classmethod
    def of(cls, offset: Json) -> Seen:
        """From an offset: ``{"seen": …}``, or ``{"before": "2026-01-31T00:00:00Z"}`` as a person sets it.

        Raises ``DataRefused`` (``bad-offset``) for what is neither.
        """
        if offset is None:
            return cls()
        try:
            packed = base64.b64decode(offset.get("seen", ""), validate=True)
            listed = offset.get("files", 0)
            named = {_print(*each) for each in listed.items()} if isinstance(listed, dict) else set()
            before = dt.datetime.fromisoformat(offset["before"]) if offset.get("before") else None
        except (AttributeError, ValueError, TypeError) as error:
            hint = 'Set {"before": "2026-01-31T00:00:00Z"}, or reset it.'
            raise DataRefused("bad-offset", f"The offset is none of files: {error}.", hint=hint) from None
        if before is not None and before.tzinfo is None:
            before = before.replace(tzinfo=dt.UTC)
        prints = (packed[at : at + SIZE] for at in range(0, len(packed), SIZE))
        return cls(frozenset(prints) | named, before)

    def prints_of(self, infos: Iterable[ObjectInfo]) -> dict[str, bytes]:
        """By key."""
        return {info.key: _print(info.key, info.mark) for info in infos}

    def new(self, infos: Sequence[ObjectInfo], prints: Mapping[str, bytes]) -> list[ObjectInfo]:
        """Those that have not been read."""
        return [
            info
            for info in infos
            if prints[info.key] not in self.prints
            and not (self.before is not None and info.modified <= self.before)
        ]

    def offset(
        self, infos: Sequence[ObjectInfo], prints: Mapping[str, bytes], left: Iterable[ObjectInfo]
    ) -> Json:
        """The offset once all of ``infos`` has been read but for ``left``."""
        waiting = {info.key for info in left}
        read = [info for info in infos if info.key not in waiting]
        packed = b"".join(sorted(prints[info.key] for info in read))
        newest = max((info.modified for info in read), default=None)
        return {
            "files": len(read),
            "newest": newest.isoformat(timespec="seconds") if newest else None,
            "seen": base64.b64encode(packed).decode(),
        }


def _print(key: str, mark: str) -> bytes:
    return hashlib.blake2b(f"{key}\0{mark}".encode(errors="surrogateescape"), digest_size=SIZE).digest()
