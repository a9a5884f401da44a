"""Azure Blob Storage and Data Lake Storage."""

from __future__ import annotations

from typing import ClassVar, Literal

from headrace.core import Field, Secret

from .network import NetworkConnection

__all__ = ["AzureConnection"]


class AzureConnection(NetworkConnection):
    """Azure Blob Storage, Data Lake Storage (Gen2) included."""

    secrets: ClassVar[tuple[str, ...]] = ("proxy", "account_key", "sas_token", "client_secret", "token")
    explorer: ClassVar[str | None] = "headrace.storage.objects:StoreExplorer"

    kind: Literal["azure"] = "azure"
    account: str | None = Field(
        default=None,
        description="The storage account's name. Without it, the one in the location "
        "(`abfss://container@account.dfs.core.windows.net/`), else `AZURE_STORAGE_ACCOUNT_NAME`.",
        examples=["houses"],
    )
    endpoint: str | None = Field(
        default=None,
        description="Address of the blob service. Without it, `https://<account>.blob.core.windows.net`.",
        examples=["https://houses.blob.core.chinacloudapi.cn"],
    )
    account_key: Secret | None = Field(
        default=None,
        description="The account's key. Without any credentials, the default chain applies: `AZURE_*` "
        "variables, workload identity, managed identity; with `AZURE_USE_AZURE_CLI=true`, the Azure CLI's.",
    )
    sas_token: Secret | None = Field(default=None, description="A shared access signature, instead of a key.")
    tenant_id: str | None = Field(default=None, description="The directory of a service principal.")
    client_id: str | None = Field(
        default=None,
        description="A service principal's name; without a secret, that of a managed identity.",
    )
    client_secret: Secret | None = Field(default=None, description="The service principal's secret.")
    token: Secret | None = Field(default=None, description="A bearer token, for as long as it lasts.")
    anonymous: bool = Field(default=False, description="Send requests unsigned, for public containers.")
