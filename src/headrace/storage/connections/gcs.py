"""Google Cloud Storage."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field, Secret

from .network import NetworkConnection

__all__ = ["GcsConnection"]


class GcsConnection(NetworkConnection):
    """Google Cloud Storage. Needs `headrace[gcs]`."""

    secrets: ClassVar[tuple[str, ...]] = ("proxy", "service_account_key", "token")
    explorer: ClassVar[str | None] = "headrace.storage.objects:StoreExplorer"

    kind: Literal["gcs"] = "gcs"
    project: str | None = Field(
        default=None,
        description="Whose buckets are listed. Without it, the credentials' own project.",
        examples=["houses-prod"],
    )
    endpoint: str | None = Field(
        default=None, description="Address of the server. Without it, `https://storage.googleapis.com`."
    )
    service_account_key: Secret | None = Field(
        default=None,
        description="A service account's key, the JSON text of its file. Without credentials, the default "
        "chain applies: `GOOGLE_APPLICATION_CREDENTIALS`, `gcloud`'s login, workload identity, instance.",
    )
    token: Secret | None = Field(default=None, description="A bearer token, for as long as it lasts.")
    anonymous: bool = Field(default=False, description="Send requests unsigned, for public buckets.")
