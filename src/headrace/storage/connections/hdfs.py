"""Hadoop's file system."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field, Secret

from .network import NetworkConnection

__all__ = ["HdfsConnection"]


class HdfsConnection(NetworkConnection):
    """Hadoop's file system, through WebHDFS: no Java needed."""

    secrets: ClassVar[tuple[str, ...]] = ("proxy", "delegation_token", "password")
    explorer: ClassVar[str | None] = "headrace.storage.objects:StoreExplorer"

    kind: Literal["hdfs"] = "hdfs"
    endpoint: str | None = Field(
        default=None,
        description="The name node's HTTP address, or that of a gateway such as Knox or HttpFS. Without it, "
        "the location's host at port 9870.",
        examples=["https://namenode.example.com:9871"],
    )
    user: str | None = Field(
        default=None, description="Who acts, where Hadoop believes a name (`simple` authentication)."
    )
    password: Secret | None = Field(
        default=None, description="With a gateway: the user's password, for basic authentication."
    )
    delegation_token: Secret | None = Field(default=None, description="A token that Hadoop has given out.")
