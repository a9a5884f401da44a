"""Hadoop's file system through WebHDFS.

Its protocol: hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html. Plain HTTP, so that
neither Java nor Hadoop's native library is needed.
"""

from __future__ import annotations

import base64
import datetime as dt
import weakref
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from urllib.parse import quote

from headrace.core import InvalidCall, Unavailable
from headrace.storage.connections import HdfsConnection, NetworkConnection

from .failures import Words, is_distrust, untrusted
from .hdfs_upload import Upload
from .network import NetworkStore
from .retrying import again
from .session import AGAIN, http_failure, open_session
from .store import ObjectInfo, ObjectWriter

if TYPE_CHECKING:
    import requests

__all__ = ["HadoopFiles"]

PORT = 9870
"""Where a name node listens for HTTP, unless it is told otherwise."""
API = "/webhdfs/v1/"


class HadoopFiles(NetworkStore):
    """Keys are paths without the first slash; locations are ``hdfs://namenode/path``."""

    schemes: ClassVar[tuple[str, ...]] = ("hdfs", "webhdfs", "swebhdfs")
    words: ClassVar[Words] = Words(bucket="host", keys="user, password or delegation_token")
    opened: ClassVar[tuple[str, ...]] = ("_session",)
    has_buckets: ClassVar[bool] = False
    connection: HdfsConnection | None

    def __init__(self, location: str, connection: HdfsConnection | None, base: Path) -> None:
        given = connection.endpoint if connection else None
        scheme, _, rest = location.partition("://")
        if given and rest.startswith("/"):  # hdfs:///path: the connection knows the host
            host = given.partition("://")[2].partition("/")[0]
            location = f"{scheme}://{host}{rest}"
        super().__init__(location, connection, base)
        self._endpoint = given.rstrip("/") if given else _address(scheme, self.authority)
        secret = connection is not None and (connection.password or connection.delegation_token)
        if self._endpoint.startswith("http://") and connection and secret and not connection.allow_http:
            raise InvalidCall(
                "http-not-allowed",
                f"{self._endpoint} is not encrypted.",
                hint="Set allow_http: true on the connection if that is meant.",
            )

    @classmethod
    def at(cls, path: str) -> str:
        """The location of a path in a connection, which knows the host."""
        return f"hdfs:///{path}"

    @property
    def endpoint(self) -> str:
        """The name node's HTTP address."""
        return self._endpoint

    @cached_property
    def _session(self) -> requests.Session:
        session = open_session(self.connection, self.roots)
        weakref.finalize(self, session.close)
        session.headers.update(self.headers())
        return session

    @property
    def patience(self) -> tuple[float, float]:
        """Seconds to connect, and to wait for each answer."""
        given = self.connection or NetworkConnection()
        return given.connect_timeout_seconds, given.timeout_seconds

    def url(self, key: str) -> str:
        """Where the API has a path."""
        return f"{self.endpoint}{API}{quote(key)}"

    def parameters(self, operation: str, **more: Any) -> dict[str, str]:
        """The operation, what it takes, and who asks."""
        given = self.connection
        asked = {"op": operation, **{name: str(value) for name, value in more.items()}}
        if given is not None and given.delegation_token is not None:
            asked["delegation"] = given.delegation_token.reveal()
        elif given is not None and given.user is not None and given.password is None:
            asked["user.name"] = given.user
        return asked

    def headers(self) -> dict[str, str]:
        """Who asks, where a password says so."""
        given = self.connection
        if given is None or given.user is None or given.password is None:
            return {}
        plain = f"{given.user}:{given.password.reveal()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(plain).decode()}"}

    def ask(self, method: str, key: str, operation: str, **more: Any) -> requests.Response:
        """One operation's answer, asked for again unless it is a rename, which works once only."""

        def once() -> requests.Response:
            return self._ask(method, key, self.parameters(operation, **more))

        return once() if operation == "RENAME" else again(once, self.connection)

    def _ask(self, method: str, key: str, parameters: dict[str, str]) -> requests.Response:
        import requests

        try:
            answer = self._session.request(method, self.url(key), params=parameters, timeout=self.patience)
        except requests.RequestException as error:
            self.away(key, error)
        if answer.status_code in AGAIN:
            self.refused(answer, key)
        return answer

    def away(self, key: str, error: BaseException) -> NoReturn:
        """Raises ``Unavailable``; the library's own text may hold a token, and stays out of it."""
        if is_distrust(error):
            raise untrusted(self.endpoint) from error
        raise Unavailable(
            "store-unavailable",
            f"{self.endpoint} did not answer for '{self.location(key)}'.",
            hint="Are its nodes up, and is the endpoint right? Running again may help.",
        ) from error

    def refused(self, answer: requests.Response, key: str) -> NoReturn:
        """Raises what an answer that is none means."""
        code = 503 if "StandbyException" in answer.text or "SafeMode" in answer.text else answer.status_code
        raise http_failure(code, self.location(key), self.endpoint, self.words)

    def _done(self, method: str, key: str, operation: str, **more: Any) -> bool:
        """An operation that answers whether it did anything."""
        answer = self.ask(method, key, operation, **more)
        if answer.status_code == 404:
            return False
        if not answer.ok:
            self.refused(answer, key)
        return bool(answer.json()["boolean"])

    def _status(self, key: str) -> dict[str, Any] | None:
        answer = self.ask("GET", key, "GETFILESTATUS")
        if answer.status_code == 404:
            return None
        if not answer.ok:
            self.refused(answer, key)
        status: dict[str, Any] = answer.json()["FileStatus"]
        return status

    def _listed(self, folder: str) -> list[dict[str, Any]]:
        answer = self.ask("GET", folder, "LISTSTATUS")
        if answer.status_code == 404:
            return []
        if not answer.ok:
            self.refused(answer, folder)
        found: list[dict[str, Any]] = answer.json()["FileStatuses"]["FileStatus"]
        return sorted(found, key=lambda each: str(each["pathSuffix"]))

    def _info(self, key: str, status: dict[str, Any]) -> ObjectInfo:
        modified = dt.datetime.fromtimestamp(status["modificationTime"] / 1000, dt.UTC)
        version = f"{status['length']}-{status['modificationTime']}-{status['fileId']}"
        return ObjectInfo(key, self.location(key), status["length"], modified, None, version)

    def walk(self, prefix: str) -> Iterator[ObjectInfo]:
        """Depth first; one request per folder. A missing folder holds nothing."""
        folder = prefix.rstrip("/")
        for status in self._listed(folder):
            key = f"{folder}/{status['pathSuffix']}".strip("/") if status["pathSuffix"] else folder
            if status["type"] == "DIRECTORY":
                yield from self.walk(key)
            else:
                yield self._info(key, status)

    def entries(self, prefix: str) -> tuple[list[str], list[ObjectInfo]]:
        """One request."""
        listed = self._listed(prefix)
        folders = [f"{each['pathSuffix']}/" for each in listed if each["type"] == "DIRECTORY"]
        files = [each for each in listed if each["type"] == "FILE" and each["pathSuffix"]]
        return folders, [self._info(f"{prefix}/{each['pathSuffix']}".strip("/"), each) for each in files]

    def stat(self, key: str) -> ObjectInfo | None:
        """``None`` for folders, too."""
        status = self._status(key)
        return None if status is None or status["type"] == "DIRECTORY" else self._info(key, status)

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """One read, from the data node that the name node points to."""
        if end is not None and end <= start:
            return b""
        span = {"offset": start} if end is None else {"offset": start, "length": end - start}
        answer = self.ask("GET", key, "OPEN", **span)
        if answer.status_code == 403 and "out of the range" in answer.text:
            return b""
        if not answer.ok:
            self.refused(answer, key)
        content: bytes = answer.content
        return content

    def write(self, key: str, data: bytes, *, create_only: bool = False) -> None:
        """Beside its place, then renamed: onto what is there, or only where there is nothing."""

        def upload() -> None:
            made = Upload(self, key, create_only=create_only)
            try:
                made.write(data)
                made.close()
            except BaseException:
                made.abort()
                raise

        again(upload, self.connection)

    def writer(self, key: str) -> ObjectWriter:
        """A stream to a data node, renamed when closed."""
        return Upload(self, key)

    def delete(self, keys: Iterable[str]) -> None:
        """Files only; folders that become empty stay."""
        for key in keys:
            self._done("DELETE", key, "DELETE", recursive="false")

    def move(self, source: str, target: str) -> None:
        """A rename: instant, and whole."""

        def rename() -> None:
            if self.stat(source) is not None or self.stat(target) is None:
                self.rename(source, target)

        again(rename, self.connection)

    def rename(self, source: str, target: str, *, only: bool = False) -> None:
        """Raises ``FileExistsError`` with ``only`` when the target is there, race-free."""
        self._done("PUT", target.rpartition("/")[0], "MKDIRS")
        destination = f"/{target}"
        if only:
            if not self._done("PUT", source, "RENAME", destination=destination):
                raise FileExistsError(self.location(target))
            return
        answer = self.ask("PUT", source, "RENAME", destination=destination, renameoptions="OVERWRITE")
        if not answer.ok:
            self.refused(answer, source)

    def prune(self, prefix: str) -> None:
        """One request."""
        if prefix.strip("/"):
            self._done("DELETE", prefix.rstrip("/"), "DELETE", recursive="true")


def _address(scheme: str, authority: str) -> str:
    """The HTTP address of a name node: its host at the usual port, unless the scheme means HTTP itself."""
    if scheme == "hdfs":
        return f"http://{authority.partition(':')[0]}:{PORT}"
    host = authority if ":" in authority else f"{authority}:{PORT}"
    return f"{'https' if scheme == 'swebhdfs' else 'http'}://{host}"
