"""Web servers that hold files."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field, Secret

from .network import NetworkConnection

__all__ = ["HttpConnection"]


class HttpConnection(NetworkConnection):
    """A web server that files are read from."""

    secrets: ClassVar[tuple[str, ...]] = ("proxy", "password", "token")
    explorer: ClassVar[str | None] = "headrace.storage.objects:WebExplorer"

    kind: Literal["http"] = "http"
    url: str | None = Field(
        default=None,
        description="An address that answers with these credentials: what `connections test` asks.",
        examples=["https://data.example.com/"],
    )
    user: str | None = Field(default=None, description="A user's name, for basic authentication.")
    password: Secret | None = Field(default=None, description="The user's password.")
    token: Secret | None = Field(default=None, description="A bearer token, instead of user and password.")
