"""Files as they arrive: which are read next, how many, and what becomes of them afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from headrace.core import Field, Issue, Json, Location, Run, Slice, Staged, Value
from headrace.storage.objects import Cleared, ObjectInfo, Seen, open_store

from .found import FilesFound, base_of

__all__ = ["Arrivals", "sliced"]


class Arrivals(Value):
    """The fields of an origin that reads what is new, oldest first."""

    read_mode: Literal["auto", "all", "new"] = Field(
        default="auto",
        alias="read",
        description="`new`: only what no run has read yet, or what has changed since. `auto`: `new` in a "
        "stream, else `all`. `all` in a stream: every file again in every batch, as a lookup wants.",
    )
    max_files: int | None = Field(
        default=None, ge=1, description="`new`: files in a batch at most, the oldest first."
    )
    max_mb: float | None = Field(
        default=None, gt=0, description="`new`: megabytes in a batch at most; one file at least."
    )
    settle_seconds: float = Field(
        default=0.0,
        ge=0,
        description="`new`: files that changed later than this long ago are left for later.",
    )
    after: Literal["keep", "delete", "move"] = Field(
        default="keep", description="`new`: what becomes of a file once all that came of it is published."
    )
    move_to: Location | None = Field(
        default=None, description="`after: move`: the folder, in the same bucket or on the local disk."
    )

    def arrival_mistakes(self) -> Iterable[Issue]:
        """Settings that have no meaning together."""
        if self.after != "keep" and self.read_mode == "all":
            message = "A file that is deleted or moved afterwards cannot be read every time."
            yield Issue(
                "after-without-new", message, field="after", hint="Write `read: new`, or `after: keep`."
            )
        if (self.after == "move") != (self.move_to is not None):
            message = "`after: move` and `move_to` belong together."
            yield Issue("after-without-new", message, field="after", hint="Give both, or neither.")

    def reads_new(self, run: Run) -> bool:
        """Whether an offset is kept; a file that is cleared away afterwards is read once in any case."""
        return self.read_mode == "new" or (
            self.read_mode == "auto" and (run.reads_new or self.after != "keep")
        )

    def next_of(self, found: FilesFound, offset: Json) -> Slice:
        """The oldest files that are new, as many as a batch may have."""
        seen = Seen.of(offset)
        prints = seen.prints_of(found.infos)
        new = sorted(seen.new(found.infos, prints), key=lambda info: (info.modified, info.key))
        settled = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=self.settle_seconds)
        ready = [info for info in new if not self.settle_seconds or info.modified <= settled]
        taken = self._limited(ready)
        chosen = {info.key for info in taken}
        left = [info for info in new if info.key not in chosen]
        return Slice(
            seen.offset(found.infos, prints, left),
            [_packed(info) for info in taken],
            found.versions(taken),
            more=len(taken) < len(ready),
            lag={"files": len(new), "bytes": sum(info.size for info in new)},
        )

    def _limited(self, ready: Sequence[ObjectInfo]) -> list[ObjectInfo]:
        taken: list[ObjectInfo] = []
        left = self.max_mb * 1e6 if self.max_mb is not None else None
        for info in ready[: self.max_files]:
            if left is not None and taken and info.size > left:
                break
            taken.append(info)
            left = left - info.size if left is not None else None
        return taken

    def cleared(self, paths: Sequence[str], connection: str | None, part: Slice, run: Run) -> Staged | None:
        """What is done to the files of a slice once all is published."""
        if self.after == "keep" or not part.items:
            return None
        given = run.connection(connection) if connection else None
        found = sliced(paths, given, run.folder, part)
        patterns = [open_store(path, given, run.folder).path for path in paths]
        target = self.move_to if self.after == "move" else None
        return Cleared.of(found.store, found.infos, found.base, (paths[0], connection, target, patterns), run)


def sliced(paths: Sequence[str], connection: Value | None, folder: Path, part: Slice) -> FilesFound:
    """The files of a slice, as they were listed when it was taken: nothing is listed again."""
    store = open_store(paths[0], connection, folder)
    infos = tuple(_unpacked(each, store.location(each[0])) for each in part.items)
    patterns = [open_store(path, connection, folder).path for path in paths]
    return FilesFound(tuple(paths), store, infos, base_of(store, patterns))


def _packed(info: ObjectInfo) -> list[Json]:
    return [info.key, info.size, info.modified.isoformat(), info.etag, info.version]


def _unpacked(packed: Sequence[Json], location: str) -> ObjectInfo:
    key, size, modified, etag, version = packed
    return ObjectInfo(key, location, size, dt.datetime.fromisoformat(modified), etag, version)
