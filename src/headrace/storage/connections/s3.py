"""Amazon S3 and servers that speak its protocol."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field, Secret

from .network import NetworkConnection

__all__ = ["S3Connection"]


class S3Connection(NetworkConnection):
    """Amazon S3, or a server that speaks its protocol."""

    secrets: ClassVar[tuple[str, ...]] = ("proxy", "secret_access_key", "session_token")
    explorer: ClassVar[str | None] = "headrace.storage.objects:StoreExplorer"

    kind: Literal["s3"] = "s3"
    endpoint: str | None = Field(
        default=None,
        description="Address of the server. Without it, Amazon's own in `region`.",
        examples=["https://minio.example.com:9000"],
    )
    region: str = Field(default="us-east-1", description="The region that requests are signed for.")
    access_key_id: str | None = Field(
        default=None,
        description="The key's name. Without a key, the default chain applies: `AWS_*` variables, web "
        "identity, container, instance; with `headrace[aws]` installed, Amazon's own chain, profiles and "
        "single sign-on included.",
    )
    secret_access_key: Secret | None = Field(default=None, description="The key's secret.")
    session_token: Secret | None = Field(default=None, description="For temporary credentials.")
    profile: str | None = Field(
        default=None,
        description="A profile of `~/.aws/config` and `~/.aws/credentials`, instead of a key. Needs "
        "`headrace[aws]`.",
        examples=["analytics"],
    )
    anonymous: bool = Field(default=False, description="Send requests unsigned, for public buckets.")
    path_style: bool = Field(
        default=True, description="Put the bucket into the path (`host/bucket/key`), not into the host name."
    )
