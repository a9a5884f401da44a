"""What all connections over HTTP have in common: TLS, proxy, patience."""

from __future__ import annotations

from typing import ClassVar

from headrace.core import Field, Secret

from .connection import Connection

__all__ = ["NetworkConnection"]


class NetworkConnection(Connection):
    """A system that answers over HTTP."""

    secrets: ClassVar[tuple[str, ...]] = ("proxy",)

    allow_http: bool = Field(default=False, description="Allow an endpoint without TLS.")
    ca_file: str | None = Field(
        default=None,
        description="Certificates (PEM) to trust beside the system's; a path in the project.",
        examples=["certificates/company.pem"],
    )
    proxy: Secret | None = Field(
        default=None,
        description="Address of a proxy, with user and password if it asks for them. Without it, "
        "`HTTPS_PROXY` and its kin.",
    )
    timeout_seconds: float = Field(default=30.0, gt=0, description="How long one request may take.")
    connect_timeout_seconds: float = Field(default=5.0, gt=0, description="How long connecting may take.")
    retries: int = Field(
        default=3, ge=0, description="How often a request that went wrong is sent again, with growing pauses."
    )
    retry_seconds: float = Field(
        default=60.0, gt=0, description="After how long a request is not sent again, however often it was."
    )
