"""The network between a client and a server, as bad as a test wants it: a TCP proxy on this machine."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

Act = Literal["reset", "cut", "swallow"]
Way = Literal["up", "down"]
WAYS: tuple[Way, Way] = ("up", "down")
BLOCK = 16 << 10


@dataclass
class Fault:
    """What happens to a connection once ``after`` bytes have gone ``way``, or when ``seen`` has gone up.

    With ``seen`` and ``down`` the request arrives, and its answer is what gets lost.
    """

    act: Act
    after: int = 0
    way: Way = "up"
    seen: str = ""
    """A pattern."""
    times: int = 1
    """How many connections meet it; the ones after them are well."""

    def fits(self, request: bytes) -> bool:
        return re.search(self.seen.encode(), request) is not None


@dataclass
class _Link:
    """One connection and its two ends."""

    client: socket.socket
    server: socket.socket
    passed: dict[Way, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    request: bytes = b""
    """The last block that went up."""
    struck: bool = False

    def end(self, act: Act) -> None:
        """``swallow`` leaves both ends waiting; ``reset`` tells the client so, ``cut`` just ends."""
        with contextlib.suppress(OSError):
            if act == "reset":
                self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.client.shutdown(socket.SHUT_RD)  # whoever waits for it lets go, and closing is at once
                self.client.close()
                self.server.shutdown(socket.SHUT_RDWR)
            elif act == "cut":
                for each in (self.client, self.server):
                    with contextlib.suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)


@dataclass
class Wire:
    """Listens on ``port`` and passes on to ``target``."""

    target: int
    delay: float = 0.0
    """Seconds that each block waits."""
    rate: float | None = None
    """Bytes a second of each connection; ``None``: as fast as it goes."""
    faults: list[Fault] = field(default_factory=list)
    met: list[Act] = field(default_factory=list)
    """Faults that have happened."""
    port: int = 0
    context: ssl.SSLContext | None = None
    """Takes TLS off, where the server speaks none."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: list[socket.socket] = field(default_factory=list)

    def fault(self, act: Act, **more: Any) -> None:
        self.faults.append(Fault(act, **more))

    def heal(self) -> None:
        with self._lock:
            self.faults.clear()

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        try:
            if self.context is not None:
                client = self.context.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            client.close()
            return
        with self._lock:
            self._open += [client, server]
        link = _Link(client, server)
        for way in WAYS:
            threading.Thread(target=self._pump, args=(way, link), daemon=True).start()

    def _pump(self, way: Way, link: _Link) -> None:
        source, sink = (link.client, link.server) if way == "up" else (link.server, link.client)
        with contextlib.suppress(OSError):
            while block := source.recv(BLOCK):
                if way == "up":
                    link.request = block
                act = self._struck(way, link, link.passed[way] + len(block))
                if act is not None:
                    link.struck = True
                    link.end(act)
                    return
                if self.delay:
                    time.sleep(self.delay)
                if self.rate:
                    time.sleep(len(block) / self.rate)
                sink.sendall(block)
                link.passed[way] += len(block)
        if not link.struck:
            link.end("cut")

    def _struck(self, way: Way, link: _Link, total: int) -> Act | None:
        with self._lock:
            for each in self.faults:
                if each.way == way and total > each.after and each.times > 0 and each.fits(link.request):
                    each.times -= 1
                    self.met.append(each.act)
                    return each.act
        return None

    def close(self) -> None:
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()


@pytest.fixture
def wire_to() -> Iterator[Callable[..., Wire]]:
    """Puts a wire before a server's port."""
    made: list[tuple[Wire, socket.socket]] = []

    def connect(port: int, context: ssl.SSLContext | None = None) -> Wire:
        listener = socket.create_server(("127.0.0.1", 0))
        wire = Wire(port, port=listener.getsockname()[1], context=context)
        threading.Thread(target=wire.serve, args=(listener,), daemon=True).start()
        made.append((wire, listener))
        return wire

    yield connect
    for wire, listener in made:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        wire.close()
