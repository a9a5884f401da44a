"""Amazon S3 and servers that speak its protocol."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field, Secret

from .connection import Connection

__all__ = ["S3Connection"]


class S3Connection(Connection):
    """Amazon S3, or a server that speaks its protocol."""

    secrets: ClassVar[tuple[str, ...]] = ("secret_access_key", "session_token")

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
        "identity, container, instance.",
    )
    secret_access_key: Secret | None = Field(default=None, description="The key's secret.")
    session_token: Secret | None = Field(default=None, description="For temporary credentials.")
    anonymous: bool = Field(default=False, description="Send requests unsigned, for public buckets.")
    allow_http: bool = Field(default=False, description="Allow an endpoint without TLS.")
    path_style: bool = Field(
        default=True, description="Put the bucket into the path (`host/bucket/key`), not into the host name."
    )
    timeout_seconds: float = Field(default=30.0, gt=0, description="How long one request may take.")
    connect_timeout_seconds: float = Field(default=5.0, gt=0, description="How long connecting may take.")
    retries: int = Field(default=3, ge=0, description="How often a request that went wrong is sent again.")
