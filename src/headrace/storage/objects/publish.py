"""Files that become visible together or not at all.

They are written to ``<path>/_headrace/staging/<id>/`` first. Publishing marks what is about to appear,
renames each file (on a local disk) or copies it on the server (in a bucket, eight at a time), then
**creates** the next numbered manifest: that is the commit. An overwrite removes what was there after its
commit.

The window: between the first file and the manifest, and after an overwrite's manifest until the old files are
gone, a plain listing shows more than it should. Readers of the manifests, ``origin.files`` among them, never
see that. On a local disk the window is about a tenth of a millisecond per file, in a bucket one copy request
for every eight files.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Literal

from headrace.core import DataRefused, Json, Output, Run, Staged

from .manifest import Ledger
from .opening import open_store
from .store import ObjectStore

__all__ = ["Mode", "StagedFile", "StagedFiles", "refuse_existing"]

Mode = Literal["append", "overwrite", "overwrite_partitions", "error"]
MARKER = "_SUCCESS"
"""An empty object that appears when everything else has, as Hadoop's writers make it."""
THREADS = 8


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file of the output; ``name`` is relative to the destination's folder."""

    name: str
    size: int
    rows: int
    digest: str | None = None


@dataclass(frozen=True)
class _Target:
    """Where and how: all that a journal may hold."""

    location: str
    connection: str | None
    run: str
    batch: str
    stage: str
    format: str
    mode: Mode
    after: int
    marked: bool = False

    @property
    def identity(self) -> str:
        return f"{self.run}-{self.batch}-{self.stage}"


class StagedFiles(Staged):
    """Files in staging. ``publish`` and ``undo`` may be repeated, by another process, after any crash."""

    def __init__(self, store: ObjectStore, target: _Target, files: tuple[StagedFile, ...]) -> None:
        self._store = store
        self._target = target
        self.files = files
        self._folder = folder_of(store)
        self._ledger = Ledger(store, self._folder)

    @classmethod
    def begin(
        cls,
        location: str,
        connection: str | None,
        run: Run,
        *,
        file_format: str,
        mode: Mode,
        marked: bool = False,
    ) -> StagedFiles:
        """An empty staging place; clears what an earlier attempt of this very stage has left there.

        Raises ``DataRefused`` (``destination-exists``) when ``mode`` is ``error`` and there are files.
        """
        store = open_store(location, run.connection(connection) if connection else None, run.folder)
        if mode == "error":
            refuse_existing(store, location)
        ledger = Ledger(store, folder_of(store))
        last = ledger.last()
        target = _Target(location, connection, run.id, run.batch, run.stage, file_format, mode, last, marked)
        store.prune(ledger.staging(target.identity))
        begun = cls(store, target, ())
        return begun.note(run)

    @property
    def store(self) -> ObjectStore:
        """The store of the destination."""
        return self._store

    @property
    def staging(self) -> str:
        """The key prefix that writers write below."""
        return self._ledger.staging(self._target.identity)

    def holding(self, files: Iterable[StagedFile]) -> StagedFiles:
        """The same with the files that have been written."""
        return StagedFiles(self._store, self._target, tuple(files))

    def intent(self) -> dict[str, Json]:
        """Location, connection's name, mode and files."""
        return {**asdict(self._target), "files": [asdict(each) for each in self.files]}

    @classmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> StagedFiles:
        """From the journal; the connection is asked of ``run``."""
        plain = {key: value for key, value in intent.items() if key != "files"}
        target = _Target(**plain)
        connection = run.connection(target.connection) if target.connection else None
        store = open_store(target.location, connection, run.folder)
        return cls(store, target, tuple(StagedFile(**each) for each in intent["files"]))

    def publish(self) -> Output:
        """Makes the files visible; raises ``DataRefused`` (``destination-exists``) in mode ``error``."""
        committed = self._ledger.find(self._target.identity, self._target.after)
        manifest = committed[1] if committed else self._bring_and_commit()
        self._store.delete([self._folder + name for name in manifest["replaces"]])
        if self._target.marked:
            self._store.write(self._folder + MARKER, b"")
        self._ledger.unmark(self._target.identity)
        self._store.prune(self.staging)
        return self._output()

    def _bring_and_commit(self) -> dict[str, Any]:
        names = [each.name for each in self.files]
        if self._target.mode == "error":
            refuse_existing(self._store, self._target.location, own=self._keys())
        self._ledger.mark(self._target.identity, {"after": self._target.after, "files": names})
        if self._target.marked:
            self._store.delete([self._folder + MARKER])
        self._each(lambda name: self._store.move(self.staging + name, self._folder + name), names)
        while True:
            # The number first: whoever commits after it was read takes it, and this one looks again.
            number = self._ledger.last() + 1
            if self._target.mode == "error":
                refuse_existing(self._store, self._target.location, own=self._keys())
            manifest = self._manifest()
            if self._ledger.commit(number, manifest):
                return manifest

    def _keys(self) -> frozenset[str]:
        return frozenset(self._folder + each.name for each in self.files)

    def _manifest(self) -> dict[str, Any]:
        return {
            "headrace": 1,
            "id": self._target.identity,
            "run": self._target.run,
            "batch": self._target.batch,
            "stage": self._target.stage,
            "mode": self._target.mode,
            "format": self._target.format,
            "committed": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "rows": sum(each.rows for each in self.files),
            "files": [asdict(each) for each in self.files],
            "replaces": self._replaced(),
        }

    def _replaced(self) -> list[str]:
        """The files that make room: all there are, or those in the folders that get new ones."""
        if not self._target.mode.startswith("overwrite"):
            return []
        visible = self._store.list([self._folder or "**"])
        names = [info.key.removeprefix(self._folder) for info in visible if info.key not in self._keys()]
        if self._target.mode == "overwrite":
            return names
        touched = {each.name.rpartition("/")[0] for each in self.files}
        return [name for name in names if name.rpartition("/")[0] in touched]

    def _each(self, action: Callable[[str], None], names: Iterable[str]) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            for done in [pool.submit(action, name) for name in names]:
                done.result()

    def _output(self) -> Output:
        digests = "".join(sorted(each.digest or "" for each in self.files))
        return Output(
            stage=self._target.stage,
            kind="files",
            location=self._target.location,
            format=self._target.format,
            rows=sum(each.rows for each in self.files),
            files=tuple(self._store.location(self._folder + each.name) for each in self.files),
            digest=f"sha256:{hashlib.sha256(digests.encode()).hexdigest()}",
        )

    def undo(self) -> None:
        """Removes staging and what was published of it.

        One thing cannot be undone: a committed overwrite that has begun to remove what it replaces. It is
        kept whole then, since the alternative is an empty destination.
        """
        committed = self._ledger.find(self._target.identity, self._target.after)
        if committed and self._has_removed(committed[1]["replaces"]):
            self.publish()
            return
        if committed:
            self._store.delete([self._ledger.manifest_key(committed[0])])
        self._store.delete(sorted(self._keys()))
        self._restore_marker()
        self._ledger.unmark(self._target.identity)
        self._store.prune(self.staging)

    def _restore_marker(self) -> None:
        """What was published before is whole again."""
        if self._target.marked and self._ledger.last():
            self._store.write(self._folder + MARKER, b"")
        elif self._target.marked:
            self._store.delete([self._folder + MARKER])

    def _has_removed(self, replaced: list[str]) -> bool:
        return any(self._store.stat(self._folder + name) is None for name in replaced)


def folder_of(store: ObjectStore) -> str:
    """The key prefix of a destination: its path with one trailing slash."""
    path = store.path.rstrip("/")
    return f"{path}/" if path else ""


def refuse_existing(store: ObjectStore, location: str, own: frozenset[str] = frozenset()) -> None:
    """Raises ``DataRefused`` (``destination-exists``) when the folder shows files of others."""
    if any(info.key not in own for info in store.list([folder_of(store) or "**"])):
        raise DataRefused(
            "destination-exists",
            f"'{location}' holds files already, and the mode is 'error'.",
            hint="Choose mode 'append' or 'overwrite', or another path.",
        )
