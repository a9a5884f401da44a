"""Writing a file to HDFS: beside its place, under a hidden name, and then renamed.

A file under construction is visible in HDFS. A rename is not: the name node does it at once, and for one of
many that want the same name.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import ssl
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from .retrying import again
from .session import http_failure
from .store import ObjectWriter

if TYPE_CHECKING:
    from .hdfs import HadoopFiles

__all__ = ["Upload"]


class Upload(ObjectWriter):
    """Streams to a data node, beside the file's place; nobody is shown it before it is renamed."""

    def __init__(self, store: HadoopFiles, key: str, *, create_only: bool = False) -> None:
        self._store = store
        self._key = key
        self._only = create_only
        self._draft = _beside(key)
        self._tried = False
        self._stream = self._opened()

    def _opened(self) -> http.client.HTTPConnection:
        """The name node says where; the data node takes chunks until they end."""
        answer = self._store.ask("PUT", self._draft, "CREATE", overwrite="true", noredirect="true")
        if not answer.ok:
            self._store.refused(answer, self._key)
        where = urlsplit(answer.json()["Location"])
        seconds = self._store.patience[1]
        try:
            stream = _connection(where.scheme, where.netloc, seconds, self._store.roots)
            path = quote(where.path, safe="/%")  # the name node leaves letters beyond ASCII as they are
            stream.putrequest("PUT", f"{path}?{where.query}")
            for name, value in self._store.headers().items():
                stream.putheader(name, value)
            stream.putheader("Transfer-Encoding", "chunked")
            stream.endheaders()
        except OSError as error:
            self._store.away(self._key, error)
        return stream

    def write(self, data: bytes) -> int:
        """Appends."""
        kept = bytes(data)
        if kept:
            try:
                self._stream.send(b"%x\r\n" % len(kept) + kept + b"\r\n")
            except OSError as error:
                self._store.away(self._key, error)
        self.size += len(kept)
        return len(kept)

    def close(self) -> None:
        """Ends the stream, waits until the data node has everything, renames."""
        if self.closed:
            return
        self.closed = True
        try:
            self._stream.send(b"0\r\n\r\n")
            answer = self._stream.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._store.away(self._key, error)
        finally:
            self._stream.close()
        if answer.status != 201:
            raise http_failure(
                answer.status, self._store.location(self._key), self._store.endpoint, self._store.words
            )
        again(self._rename, self._store.connection)

    def _rename(self) -> None:
        """The draft's name is ours alone: once it is gone, a rename whose answer was lost has worked."""
        if self._tried and self._store.stat(self._draft) is None:
            return
        self._tried = True
        self._store.rename(self._draft, self._key, only=self._only)

    def abort(self) -> None:
        """Ends the stream and removes what has arrived."""
        self.closed = True
        with contextlib.suppress(Exception):
            self._stream.close()
        with contextlib.suppress(Exception):
            self._store.delete([self._draft])


def _connection(scheme: str, netloc: str, seconds: float, roots: bytes | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(netloc, timeout=seconds)
    context = ssl.create_default_context()
    if roots is not None:
        context.load_verify_locations(cadata=roots.decode())
    return http.client.HTTPSConnection(netloc, timeout=seconds, context=context)


def _beside(key: str) -> str:
    """A hidden name in the same folder."""
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}.{name}.{os.getpid()}-{os.urandom(4).hex()}"
