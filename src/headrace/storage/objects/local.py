"""The local disk as an object store.

Written on the operating system's own calls rather than on obstore's ``LocalStore``: renames within a file
system, exclusive creation and names with ``%`` or ``#`` in them work as on any disk.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from .failures import local_failure
from .store import ObjectInfo, ObjectStore, ObjectWriter

__all__ = ["LocalFiles"]

T = TypeVar("T")


class LocalFiles(ObjectStore):
    """Keys are absolute paths."""

    is_local = True

    def __init__(self, path: str, base: Path) -> None:
        self.base = base
        self.path = self.key(path)

    def location(self, key: str) -> str:
        """Relative to the project's folder where that is shorter."""
        below = f"{str(self.base).rstrip('/')}/"
        return key[len(below) :] if key.startswith(below) and key != below else key

    def key(self, location: str) -> str:
        """An absolute path; relative ones start at the project's folder."""
        text = location.removeprefix("file://")
        slash = "/" if text.endswith("/") else ""
        joined = os.path.normpath(self.base / Path(text).expanduser())
        return joined if joined.endswith("/") else joined + slash

    def walk(self, prefix: str) -> Iterator[ObjectInfo]:
        """Depth first, in key order; a missing folder holds nothing."""
        found = self.stat(prefix)
        if found is not None:
            yield found
        else:
            yield from self._below(Path(prefix))

    def _below(self, folder: Path) -> Iterator[ObjectInfo]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise local_failure(error, self.location(str(folder))) from error
        for entry in entries:
            if entry.is_dir():
                yield from self._below(Path(entry.path))
            elif entry.is_file():
                with contextlib.suppress(FileNotFoundError):
                    yield self._info(Path(entry.path), entry.stat())

    def _info(self, path: Path, stat: os.stat_result) -> ObjectInfo:
        modified = dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC)
        version = f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ino}"
        return ObjectInfo(str(path), self.location(str(path)), stat.st_size, modified, None, version)

    def names(self, folder: str) -> list[str]:
        """Without a look at each file."""
        try:
            return [entry.name for entry in os.scandir(folder)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise local_failure(error, self.location(folder)) from error

    def stat(self, key: str) -> ObjectInfo | None:
        """``None`` for folders, too."""
        path = Path(key)
        try:
            return self._info(path, path.stat()) if path.is_file() else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise local_failure(error, self.location(key)) from error

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """One positioned read."""
        try:
            with Path(key).open("rb", buffering=0) as file:
                file.seek(start)
                return _read_all(file.fileno(), (file.seek(0, 2) if end is None else end) - start, start)
        except OSError as error:
            raise local_failure(error, self.location(key)) from error

    def write(self, key: str, data: bytes, *, create_only: bool = False) -> None:
        """Through a temporary name and a link or rename, so that nobody sees half a file."""
        path = Path(key)
        draft = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
        try:
            _with_folder(path, lambda: draft.write_bytes(data))
            if create_only:
                os.link(draft, path)
            else:
                draft.replace(path)
        except FileExistsError:
            raise
        except OSError as error:
            raise local_failure(error, self.location(key)) from error
        finally:
            draft.unlink(missing_ok=True)

    def writer(self, key: str) -> ObjectWriter:
        """A plain file: what is staged is hidden by its folder."""
        return _LocalWriter(self, Path(key))

    def delete(self, keys: Iterable[str]) -> None:
        """Files only; folders that become empty stay."""
        for key in keys:
            try:
                Path(key).unlink(missing_ok=True)
            except OSError as error:
                raise local_failure(error, self.location(key)) from error

    def move(self, source: str, target: str) -> None:
        """A rename: instant, and whole."""
        try:
            if Path(source).exists() or not Path(target).exists():
                _with_folder(Path(target), lambda: Path(source).replace(target))
        except OSError as error:
            raise local_failure(error, self.location(target)) from error

    def prune(self, prefix: str) -> None:
        """The folder and what is in it, then its parents as long as they are empty and hidden."""
        shutil.rmtree(prefix, ignore_errors=True)
        parent = Path(prefix).parent
        while parent.name.startswith("_") or parent.name == "staging":
            try:
                parent.rmdir()
            except OSError:
                return
            parent = parent.parent


def _with_folder(path: Path, action: Callable[[], T]) -> T:
    """Acts in the file's folder, which is made for it, and made again when others clean up meanwhile."""
    for _ in range(20):
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            return action()
    return action()


def _read_all(descriptor: int, size: int, start: int) -> bytes:
    parts: list[bytes] = []
    while size > 0:
        part = os.pread(descriptor, size, start)
        if not part:
            break
        parts.append(part)
        size -= len(part)
        start += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _LocalWriter(ObjectWriter):
    """Writes through; synced before it counts as staged."""

    def __init__(self, store: LocalFiles, path: Path) -> None:
        self._store = store
        self._path = path
        try:
            self._file = _with_folder(path, lambda: path.open("wb", buffering=1 << 20))
        except OSError as error:
            raise local_failure(error, store.location(str(path))) from error

    def write(self, data: bytes) -> int:
        """Appends."""
        try:
            written = self._file.write(data)
        except OSError as error:
            raise local_failure(error, self._store.location(str(self._path))) from error
        self.size += written
        return written

    def close(self) -> None:
        """Flushes; a full disk shows here at the latest."""
        if self.closed:
            return
        self.closed = True
        try:
            self._file.close()
        except OSError as error:
            raise local_failure(error, self._store.location(str(self._path))) from error

    def abort(self) -> None:
        """Closes and removes the file."""
        self.closed = True
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
