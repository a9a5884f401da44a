"""Stores across a network, through obstore.

obstore (Rust's ``object_store``) was chosen over each vendor's own library and over fsspec: one wheel of
10 MB, conditional puts, multipart uploads and ranged reads outside the GIL, and settings per store object
instead of per process.
"""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar, NoReturn

from headrace.storage.connections import NetworkConnection

from .failures import raise_remote
from .network import NetworkStore
from .retrying import again, created
from .store import ObjectInfo, ObjectWriter

__all__ = ["RemoteStore"]

PART = 8 << 20
"""Bytes per part of a multipart upload."""


class RemoteStore(NetworkStore):
    """A store that obstore knows."""

    opened: ClassVar[tuple[str, ...]] = ("_store", "_store_asking_once")

    @abstractmethod
    def _open(self, options: dict[str, Any]) -> Any:
        """The library's store; ``options`` are its ``client_options`` and ``retry_config``."""

    @cached_property
    def _store(self) -> Any:
        return self._open(self.options())

    @cached_property
    def _store_asking_once(self) -> Any:
        options = self.options()
        options["retry_config"]["max_retries"] = 0
        return self._open(options)

    def options(self) -> dict[str, Any]:
        """How the library's stores speak to the server: TLS, proxy, patience."""
        given = self.connection or NetworkConnection()
        client: dict[str, Any] = {
            "allow_http": given.allow_http,
            "timeout": timedelta(seconds=given.timeout_seconds),
            "connect_timeout": timedelta(seconds=given.connect_timeout_seconds),
        }
        if given.proxy is not None:
            client["proxy_url"] = given.proxy.reveal()
        if self.roots is not None:
            client["root_certificate"] = self.roots
        retry = {"max_retries": given.retries, "retry_timeout": timedelta(seconds=given.retry_seconds)}
        return {"client_options": client, "retry_config": retry}

    def _raise(self, error: BaseException, key: str) -> NoReturn:
        raise_remote(error, self.location(key), self.bucket, self.endpoint, self.words)

    def walk(self, prefix: str) -> Iterator[ObjectInfo]:
        """One request per thousand keys. A prefix that is no folder is looked up as an object, too."""
        import obstore

        folder = prefix.rstrip("/")
        if folder and not prefix.endswith("/"):
            found = self.stat(folder)
            if found is not None:
                yield found
        try:
            for batch in obstore.list(self._store, f"{folder}/" if folder else None, chunk_size=1000):
                for meta in batch:
                    if meta["path"] != folder and not meta["path"].endswith("/"):
                        yield self._info(meta)
        except Exception as error:
            self._raise(error, prefix)

    def entries(self, prefix: str) -> tuple[list[str], list[ObjectInfo]]:
        """What is directly in a folder: the names of folders, with a slash behind them, and the objects."""
        import obstore

        try:
            found = obstore.list_with_delimiter(self._store, prefix or None)
        except Exception as error:
            self._raise(error, prefix)
        folders = [f"{each.rstrip('/').rpartition('/')[2]}/" for each in found["common_prefixes"]]
        return folders, [self._info(meta) for meta in found["objects"] if meta["path"] != prefix]

    def _info(self, meta: Any) -> ObjectInfo:
        etag = (meta.get("e_tag") or "").strip('"') or None
        key = meta["path"]
        return ObjectInfo(
            key, self.location(key), meta["size"], meta["last_modified"], etag, meta.get("version")
        )

    def stat(self, key: str) -> ObjectInfo | None:
        """One ``HEAD``."""
        import obstore

        if not key:
            return None
        try:
            return self._info(obstore.head(self._store, key))
        except FileNotFoundError:
            return None
        except Exception as error:
            self._raise(error, key)

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """One ranged ``GET``."""
        import obstore

        try:
            if end is not None:
                return (
                    bytes(obstore.get_range(self._store, key, start=start, end=end)) if end > start else b""
                )
            options: Any = {"range": {"offset": start}} if start else None
            return bytes(obstore.get(self._store, key, options=options).bytes())
        except Exception as error:
            self._raise(error, key)

    def write(self, key: str, data: bytes, *, create_only: bool = False) -> None:
        """One ``PUT``; with ``create_only`` conditional (``If-None-Match: *``), which the server decides."""
        import obstore

        if create_only:
            created(lambda: self._create(key, data), lambda: self.read(key), data, self.connection)
            return
        try:
            obstore.put(self._store, key, data)
        except Exception as error:
            self._raise(error, key)

    def _create(self, key: str, data: bytes) -> None:
        """One attempt: the library would not tell an attempt of its own from another writer's."""
        import obstore

        try:
            obstore.put(self._store_asking_once, key, data, mode="create")
        except (FileExistsError, obstore.exceptions.AlreadyExistsError) as error:
            raise FileExistsError(self.location(key)) from error
        except Exception as error:
            self._raise(error, key)

    def writer(self, key: str) -> ObjectWriter:
        """A multipart upload, completed when closed."""
        import obstore

        return UploadWriter(self, key, obstore.open_writer(self._store, key, buffer_size=PART))

    def delete(self, keys: Iterable[str]) -> None:
        """A thousand per request, sent again when it got lost, which the library does not."""
        wanted = list(keys)
        if wanted:
            again(lambda: self._delete(wanted), self.connection)

    def _delete(self, wanted: list[str]) -> None:
        import obstore

        try:
            obstore.delete(self._store, wanted)
        except FileNotFoundError:  # Azure says so, and may have left out what came after
            for key in wanted:
                self._delete_one(key)
        except Exception as error:
            self._raise(error, wanted[0])

    def _delete_one(self, key: str) -> None:
        import obstore

        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return
        except Exception as error:
            self._raise(error, key)

    def move(self, source: str, target: str) -> None:
        """A copy on the server; the source is removed with the staging folder."""
        import obstore

        try:
            obstore.copy(self._store, source, target)
        except Exception as error:
            if isinstance(error, FileNotFoundError) and self.stat(target) is not None:
                return
            self._raise(error, source)

    def prune(self, prefix: str) -> None:
        """Every key below the prefix."""
        self.delete([info.key for info in self.walk(prefix.rstrip("/") + "/")])


class UploadWriter(ObjectWriter):
    """Hands bytes to a library's open file, which sends each part as soon as it is full."""

    def __init__(self, store: RemoteStore, key: str, file: Any) -> None:
        self._remote = store
        self._key = key
        self._file = file

    def write(self, data: bytes) -> int:
        """Appends."""
        kept = bytes(data)  # it is sent later, and Arrow fills its buffers again meanwhile
        try:
            self._file.write(kept)
        except Exception as error:
            self._remote._raise(error, self._key)
        self.size += len(kept)
        return len(kept)

    def close(self) -> None:
        """Completes the upload."""
        if self.closed:
            return
        self.closed = True
        try:
            self._file.close()
        except Exception as error:
            self._remote._raise(error, self._key)

    def abort(self) -> None:
        """Completes what is open and deletes it: parts of an upload left open cost money unseen."""
        with contextlib.suppress(Exception):
            self.close()
        with contextlib.suppress(Exception):
            self._remote.delete([self._key])
