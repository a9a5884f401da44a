"""Azure Blob Storage as its vendor's own emulator has it: Azurite, from npm."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from headrace.core import Secret
from headrace.storage.connections import AzureConnection
from headrace.storage.objects import create_bucket

from .starting import answers, free_port, installing, missing, serving

VERSION = "3.35.0"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""What every copy of the emulator is opened with; its documentation prints it."""


@dataclass(frozen=True)
class Azurite:
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def connection(self) -> AzureConnection:
        return AzureConnection(
            account=ACCOUNT, account_key=Secret("azurite", KEY), endpoint=self.endpoint, allow_http=True
        )

    def signature(self) -> Secret:
        """A signature for the whole account, good for an hour, as its owner would make one.

        The text to sign is that of "Create an account SAS", version 2020-12-06.
        """
        end = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        fields = {"sp": "rwdlac", "ss": "b", "srt": "sco", "st": "", "se": end}
        fields |= {"sip": "", "spr": "https,http", "sv": "2020-12-06", "ses": ""}
        text = "".join(f"{each}\n" for each in (ACCOUNT, *fields.values()))
        digest = hmac.digest(base64.b64decode(KEY), text.encode(), "sha256")
        given = {name: value for name, value in fields.items() if value}
        return Secret("azurite", urlencode({**given, "sig": base64.b64encode(digest).decode()}))

    def environment(self) -> dict[str, str]:
        """What a page that needs this server finds in its environment."""
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": KEY,
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
        }


def program() -> Path:
    if shutil.which("npm") is None:
        missing("npm is not installed, which brings the Azure emulator")
    with installing(f"azurite-{VERSION}") as folder:
        found = folder / "node_modules" / ".bin" / "azurite-blob"
        if not found.exists():
            command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
            done = subprocess.run([*command, f"azurite@{VERSION}"], capture_output=True, text=True)
            if done.returncode != 0:
                missing(f"npm could not install the Azure emulator: {done.stderr[-300:]}")
        return found


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """The emulator for the whole process, with the container ``raw``."""
    found, folder, port = program(), tmp_path_factory.mktemp("azurite"), free_port()
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    quiet = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    with serving([str(found), *where, *quiet], folder, lambda: answers(port)):
        server = Azurite(port)
        create_bucket("raw", server.connection())
        yield server
