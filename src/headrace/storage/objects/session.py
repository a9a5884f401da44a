"""HTTP as a connection wants it: its proxy, its authorities, its patience."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, HeadraceError, Unavailable
from headrace.storage.connections import NetworkConnection

from .failures import Words

if TYPE_CHECKING:
    import requests

__all__ = ["AGAIN", "adapter", "http_failure", "open_session"]

AGAIN = (429, 500, 502, 503, 504)
"""Answers of servers that may do better a moment later."""


def open_session(connection: NetworkConnection | None, roots: bytes | None) -> requests.Session:
    """A session through the connection's proxy that trusts its authorities."""
    import requests

    given = connection or NetworkConnection()
    session = requests.Session()
    if given.proxy is not None:
        session.proxies = {"http": given.proxy.reveal(), "https": given.proxy.reveal()}
    made = adapter(roots)
    session.mount("https://", made)
    session.mount("http://", made)
    return session


def adapter(roots: bytes | None) -> Any:
    """What sends the session's requests."""
    from requests.adapters import HTTPAdapter

    context = ssl.create_default_context() if roots is not None else None
    if context is not None and roots is not None:
        context.load_verify_locations(cadata=roots.decode())

    class Adapter(HTTPAdapter):  # type: ignore[misc]
        """Trusts the connection's authorities, too."""

        def init_poolmanager(self, *given: Any, **options: Any) -> None:
            """With our context."""
            more = {"ssl_context": context} if context is not None else {}
            super().init_poolmanager(*given, **options, **more)

    return Adapter()


def http_failure(code: int, location: str, endpoint: str, words: Words) -> HeadraceError:
    """What an answer that is none means."""
    if code in (401, 403, 407):
        return DataRefused(
            "access-denied",
            f"{endpoint} refuses access to '{location}' with the credentials given.",
            hint=f"Check the connection's {words.keys}, and what they are allowed to do.",
        )
    if code in (404, 410):
        return DataRefused(
            "file-missing", f"There is no object '{location}'.", hint="Was it moved meanwhile?"
        )
    if code in AGAIN:
        return Unavailable(
            "store-unavailable",
            f"{endpoint} cannot answer for '{location}' just now (HTTP {code}).",
            hint="Running again may help.",
        )
    return DataRefused("bad-location", f"{endpoint} does not take '{location}' (HTTP {code}).")
