"""A store of every kind, empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.sites import Site

    from headrace.storage.objects import ObjectStore


@pytest.fixture
def store(site: Site) -> tuple[ObjectStore, str]:
    """A store and the key of an empty folder in it."""
    return site.open()
