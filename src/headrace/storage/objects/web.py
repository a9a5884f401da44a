"""Files on a web server, read only.

A server that serves parts of files is asked for parts; one that does not is asked once, and what it sends is
kept in a temporary file for as long as the store is used.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, NoReturn

from headrace.core import InvalidCall, Unavailable
from headrace.storage.connections import Explorer, Found, HttpConnection

from .failures import Words, is_distrust, untrusted
from .network import NetworkStore
from .patterns import KeyPattern
from .retrying import again
from .session import AGAIN, http_failure, open_session
from .store import ObjectInfo, ObjectWriter

if TYPE_CHECKING:
    import requests

__all__ = ["WebExplorer", "WebFiles"]

CHUNK = 1 << 20
QUERY = "\x1f"
"""Stands in keys for the question mark of an address, which in a pattern would mean any character."""
NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class WebFiles(NetworkStore):
    """Keys are the paths of addresses; nothing can be listed, so patterns name files one by one."""

    schemes: ClassVar[tuple[str, ...]] = ("https", "http")
    words: ClassVar[Words] = Words(bucket="host", keys="user, password or token")
    opened: ClassVar[tuple[str, ...]] = ("_session", "_whole")
    connection: HttpConnection | None

    def __init__(self, location: str, connection: HttpConnection | None, base: Path) -> None:
        super().__init__(location, connection, base)
        self.path = self.path.replace("?", QUERY)
        open_secret = connection is not None and (connection.password or connection.token)
        if location.startswith("http://") and connection and open_secret and not connection.allow_http:
            raise InvalidCall(
                "http-not-allowed",
                f"'{location}' is not encrypted, and the connection has credentials.",
                hint="Set allow_http: true on the connection if that is meant.",
            )

    @property
    def endpoint(self) -> str:
        """The server's own address."""
        return self.root.rstrip("/")

    @cached_property
    def _session(self) -> requests.Session:
        session = open_session(self.connection, self.roots)
        weakref.finalize(self, session.close)
        given = self.connection
        if given is not None and given.token is not None:
            session.headers["Authorization"] = f"Bearer {given.token.reveal()}"
        elif given is not None and given.user is not None:
            session.auth = (given.user, given.password.reveal() if given.password else "")
        session.headers["Accept-Encoding"] = "identity"
        return session

    @cached_property
    def _whole(self) -> dict[str, IO[bytes]]:
        return {}

    def location(self, key: str) -> str:
        """The address."""
        return self.root + key.replace(QUERY, "?")

    def key(self, location: str) -> str:
        """The path of an address."""
        return super().key(location).replace("?", QUERY)

    def _ask(self, key: str, **more: Any) -> requests.Response:
        """One ``GET``; its body is yet to be read."""
        import requests

        given = self.connection or HttpConnection()
        patience = (given.connect_timeout_seconds, given.timeout_seconds)
        try:
            answer = self._session.get(self.location(key), timeout=patience, stream=True, **more)
        except requests.RequestException as error:
            if is_distrust(error):
                raise untrusted(self.endpoint) from error
            raise Unavailable(
                "store-unavailable",
                f"{self.endpoint} did not answer for '{self._bare(key)}'.",
                hint="Is the server up, and is the address right? Running again may help.",
            ) from error
        if answer.status_code in AGAIN:
            answer.close()
            self._refused(answer, key)
        return answer

    def _bare(self, key: str) -> str:
        """The address without its query, which may hold a token."""
        return self.root + key.partition(QUERY)[0]

    def _refused(self, answer: requests.Response, key: str) -> NoReturn:
        raise http_failure(answer.status_code, self._bare(key), self.endpoint, self.words)

    def walk(self, prefix: str) -> Iterator[ObjectInfo]:
        """The one file at an address. Raises ``InvalidCall`` (``cannot-list``) for a pattern or a folder."""
        if prefix.endswith("/") and "_headrace/" in prefix:
            return
        if not prefix or prefix.endswith("/") or not KeyPattern(prefix).is_plain:
            raise InvalidCall(
                "cannot-list",
                f"A web server does not say which files are in '{self._bare(prefix)}'.",
                hint="Name the files: several paths, or {a,b} in one.",
            )
        found = self.stat(prefix)
        if found is not None:
            yield found

    def entries(self, prefix: str) -> tuple[list[str], list[ObjectInfo]]:
        """The one file at an address."""
        return [], list(self.walk(prefix))

    def stat(self, key: str) -> ObjectInfo | None:
        """A ``GET`` of the first byte: signed addresses allow no ``HEAD``, and some servers know none."""
        return again(lambda: self._stat(key), self.connection) if key else None

    def _stat(self, key: str) -> ObjectInfo | None:
        with self._ask(key, headers={"Range": "bytes=0-0"}) as answer:
            if answer.status_code in (404, 410):
                return None
            if answer.status_code in (206, 416):
                total = answer.headers.get("Content-Range", "").rpartition("/")[2]
                if total.isdigit():
                    return self._info(key, int(total), answer.headers)
            elif not answer.ok:
                self._refused(answer, key)
            elif "Content-Length" in answer.headers:
                return self._info(key, int(answer.headers["Content-Length"]), answer.headers)
        return self._info(key, self._fetch(key).seek(0, 2), answer.headers)

    def _info(self, key: str, size: int, headers: Any) -> ObjectInfo:
        etag = headers.get("ETag", "").removeprefix("W/").strip('"') or None
        written = headers.get("Last-Modified")
        modified = parsedate_to_datetime(written).astimezone(dt.UTC) if written else NEVER
        return ObjectInfo(key, self.location(key), size, modified, etag and f"web-{etag}")

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """One ranged ``GET``; the whole file, once, from a server that knows no ranges."""
        if end is not None and end <= start:
            return b""
        return again(lambda: self._read(key, start, end), self.connection)

    def _read(self, key: str, start: int, end: int | None) -> bytes:
        if key not in self._whole:
            span = f"bytes={start}-{'' if end is None else end - 1}"
            with self._ask(key, headers={"Range": span}) as answer:
                if answer.status_code == 206:
                    return self._content(answer, key)
                if answer.status_code == 416:
                    return b""
                if not answer.ok:
                    self._refused(answer, key)
                self._keep(answer, key)
        file = self._whole[key]
        size = os.fstat(file.fileno()).st_size
        return os.pread(file.fileno(), (size if end is None else end) - start, start)

    def _fetch(self, key: str) -> IO[bytes]:
        with self._ask(key) as answer:
            if not answer.ok:
                self._refused(answer, key)
            return self._keep(answer, key)

    def _keep(self, answer: requests.Response, key: str) -> IO[bytes]:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the store
        weakref.finalize(self, file.close)
        for chunk in self._chunks(answer, key):
            file.write(chunk)
        file.flush()
        self._whole[key] = file
        return file

    def _content(self, answer: requests.Response, key: str) -> bytes:
        return b"".join(self._chunks(answer, key))

    def _chunks(self, answer: requests.Response, key: str) -> Iterator[bytes]:
        import requests

        try:
            yield from answer.iter_content(CHUNK)
        except requests.RequestException as error:
            raise Unavailable(
                "store-unavailable",
                f"{self.endpoint} broke off in the middle of '{self._bare(key)}'.",
                hint="Running again may help.",
            ) from error

    def _read_only(self, key: str) -> NoReturn:
        raise InvalidCall(
            "bad-location",
            f"'{self._bare(key)}' can only be read.",
            hint="Write to a disk, to an object store or to HDFS.",
        )

    def write(self, key: str, data: bytes, *, create_only: bool = False) -> None:  # noqa: ARG002
        """Refused: a web server takes no files."""
        self._read_only(key)

    def writer(self, key: str) -> ObjectWriter:
        """Refused."""
        self._read_only(key)

    def delete(self, keys: Iterable[str]) -> None:
        """Refused."""
        for key in keys:
            self._read_only(key)

    def move(self, source: str, target: str) -> None:  # noqa: ARG002
        """Refused."""
        self._read_only(target)

    def prune(self, prefix: str) -> None:
        """Refused."""
        self._read_only(prefix)


class WebExplorer(Explorer):
    """A web server answers or not; what it holds, it does not say."""

    def check(self) -> str:
        """Asks the connection's address."""
        assert isinstance(self.connection, HttpConnection)
        if self.connection.url is None:
            raise InvalidCall(
                "cannot-browse", "The connection names no address to ask.", hint="Set its `url`."
            )
        store = WebFiles(self.connection.url, self.connection, self.base)
        answer = store._ask(store.path)
        answer.close()
        if answer.status_code in (401, 403):
            store._refused(answer, store.path)
        return f"{store.endpoint} answers with HTTP {answer.status_code}."

    def browse(self, path: str = "", limit: int = 1000) -> list[Found]:  # noqa: ARG002
        """Refused."""
        raise InvalidCall("cannot-browse", "A web server does not say which files it has.")
