"""A bucket on Amazon S3 or a server that speaks its protocol, through obstore.

obstore (Rust's ``object_store``) was chosen over boto3 and s3fs: one wheel of 10 MB, conditional puts,
multipart uploads and ranged reads outside the GIL, and settings per store object instead of per process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from headrace.core import InvalidCall
from headrace.storage.connections import S3Connection

from .failures import raise_remote
from .store import ObjectInfo, ObjectStore, ObjectWriter

if TYPE_CHECKING:
    from obstore.store import S3Store

__all__ = ["Bucket"]

PART = 8 << 20
"""Bytes per part of a multipart upload."""


class _StaticKeys:
    """A connection's own key. Given as a provider, it keeps any ``AWS_*`` variable from mixing in."""

    def __init__(self, connection: S3Connection) -> None:
        self._connection = connection

    def __call__(self) -> dict[str, Any]:
        given = self._connection
        token = given.session_token.reveal() if given.session_token else None
        assert given.access_key_id is not None
        assert given.secret_access_key is not None
        return {
            "access_key_id": given.access_key_id,
            "secret_access_key": given.secret_access_key.reveal(),
            "token": token,
            "expires_at": None,
        }


class Bucket(ObjectStore):
    """Keys are the keys in the bucket; locations are ``s3://bucket/key``."""

    def __init__(self, location: str, connection: S3Connection | None) -> None:
        scheme, _, rest = location.partition("://")
        self.bucket, _, self.path = rest.partition("/")
        self.connection = connection
        if not self.bucket:
            raise InvalidCall(
                "bad-location", f"'{location}' names no bucket.", hint=f"Write {scheme}://bucket/key."
            )

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_store"}

    @property
    def endpoint(self) -> str:
        """Where requests go."""
        if self.connection is not None:
            return self.connection.endpoint or f"https://s3.{self.connection.region}.amazonaws.com"
        variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
        return next((os.environ[name] for name in variables if os.environ.get(name)), "Amazon S3")

    @cached_property
    def _store(self) -> S3Store:
        from obstore.store import S3Store

        given = self.connection
        retries = given.retries if given else 3
        retry: Any = {"max_retries": retries, "retry_timeout": timedelta(seconds=60)}
        if given is None:
            return S3Store(
                self.bucket,
                client_options={"connect_timeout": "5s", "timeout": "60s", "allow_http": _http_allowed()},
                retry_config=retry,
            )
        provider: Any = _StaticKeys(given) if given.access_key_id and given.secret_access_key else None
        host = given.endpoint or (
            f"https://s3.{given.region}.amazonaws.com"
            if given.path_style
            else f"https://{self.bucket}.s3.{given.region}.amazonaws.com"
        )
        return S3Store(
            self.bucket,
            config={
                "endpoint": host,
                "aws_endpoint_url_s3": host,
                "region": given.region,
                "virtual_hosted_style_request": not given.path_style,
                "skip_signature": given.anonymous,
            },
            client_options={
                "allow_http": given.allow_http,
                "timeout": timedelta(seconds=given.timeout_seconds),
                "connect_timeout": timedelta(seconds=given.connect_timeout_seconds),
            },
            retry_config=retry,
            credential_provider=provider,
        )

    def location(self, key: str) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.bucket}/{key}"

    def key(self, location: str) -> str:
        """The part after the bucket."""
        return location.partition("://")[2].partition("/")[2]

    def _raise(self, error: BaseException, key: str) -> NoReturn:
        raise_remote(error, self.location(key), self.bucket, self.endpoint)

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

        try:
            obstore.put(self._store, key, data, mode="create" if create_only else "overwrite")
        except Exception as error:
            if create_only and isinstance(error, FileExistsError | obstore.exceptions.AlreadyExistsError):
                raise FileExistsError(self.location(key)) from error
            self._raise(error, key)

    def writer(self, key: str) -> ObjectWriter:
        """A multipart upload, completed when closed."""
        return _BucketWriter(self, key)

    def delete(self, keys: Iterable[str]) -> None:
        """A thousand per request."""
        import obstore

        wanted = list(keys)
        if not wanted:
            return
        try:
            obstore.delete(self._store, wanted)
        except Exception as error:
            self._raise(error, wanted[0])

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


class _BucketWriter(ObjectWriter):
    """Collects parts and sends each as soon as it is full."""

    def __init__(self, store: Bucket, key: str) -> None:
        import obstore

        self._bucket = store
        self._key = key
        self._file = obstore.open_writer(store._store, key, buffer_size=PART)

    def write(self, data: bytes) -> int:
        """Appends."""
        view = memoryview(data).cast("B")  # Arrow's buffers say that their bytes are signed
        try:
            self._file.write(view)
        except Exception as error:
            self._bucket._raise(error, self._key)
        self.size += view.nbytes
        return view.nbytes

    def close(self) -> None:
        """Completes the upload."""
        if self.closed:
            return
        self.closed = True
        try:
            self._file.close()
        except Exception as error:
            self._bucket._raise(error, self._key)

    def abort(self) -> None:
        """Completes what is open and deletes it: parts of an upload left open cost money unseen."""
        import contextlib

        with contextlib.suppress(Exception):
            self.close()
        with contextlib.suppress(Exception):
            self._bucket.delete([self._key])


def _http_allowed() -> bool:
    return os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes", "on")
