"""A web server of the standard library: it serves whole files only, and can ask for a password."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class Handler(SimpleHTTPRequestHandler):
    """Paths below ``/locked/`` want the user ``ada`` with the password ``word``."""

    def do_GET(self) -> None:
        wanted = base64.b64encode(b"ada:word").decode()
        if self.path.startswith("/locked/") and self.headers.get("Authorization") != f"Basic {wanted}":
            self.send_error(401)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        return


class Web:
    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}/"

    def environment(self) -> dict[str, str]:
        """What a page that needs this server finds in its environment."""
        (self.folder / "orders.csv").write_text("id,amount\n1,12.5\n2,7.25\n")
        return {"WEB_URL": self.url}


@pytest.fixture
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Web(folder, server.server_address[1])
        server.shutdown()
        thread.join()
