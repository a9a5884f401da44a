"""What a project knows about the systems it talks to: one frozen value per kind of connection.

Credentials belong to a connection, never to the process: two connections of one kind with different
endpoints and keys work in one pipeline.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, field_validator

from headrace.core import Field, InvalidCall, Secret, Value, did_you_mean

__all__ = ["S3Connection", "connection_model"]


class S3Connection(Value):
    """Amazon S3, or a server that speaks its protocol."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

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

    @field_validator("secret_access_key", "session_token", mode="before")
    @classmethod
    def _hide(cls, value: object) -> object:
        """A plain text becomes a secret at once, so that it never prints."""
        return Secret("", value) if isinstance(value, str) else value


_MODELS: dict[str, type[Value]] = {"s3": S3Connection}


def connection_model(kind: str) -> type[Value]:
    """The value that such a connection is read into; raises ``InvalidCall`` for an unknown kind."""
    if kind not in _MODELS:
        raise InvalidCall(
            "unknown-connection-kind",
            f"No kind of connection is called '{kind}'.",
            hint=did_you_mean(kind, _MODELS),
        )
    return _MODELS[kind]
