"""The S3 server as a page of the documentation meets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from headrace.app.local_s3 import LocalS3


@dataclass(frozen=True)
class S3Store:
    server: LocalS3

    def environment(self) -> dict[str, str]:
        """What a page that needs this server finds in its environment."""
        return {
            "S3_ENDPOINT": self.server.endpoint,
            "S3_KEY": self.server.access_key_id,
            "S3_SECRET": self.server.secret_access_key.reveal(),
        }


@pytest.fixture
def s3_store(s3_server: LocalS3) -> S3Store:
    """The server that other tests use, too, with the bucket ``raw``."""
    return S3Store(s3_server)
