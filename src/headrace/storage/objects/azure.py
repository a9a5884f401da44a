"""A container of Azure Blob Storage or Data Lake Storage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.core import InvalidCall
from headrace.storage.connections import AzureConnection

from .failures import Words
from .remote import RemoteStore

if TYPE_CHECKING:
    from obstore.store import AzureStore

__all__ = ["Container"]

ACCOUNT = ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT")


class _StaticKey:
    """A connection's own credential. As a provider, it keeps ``AZURE_*`` variables from mixing in."""

    def __init__(self, connection: AzureConnection) -> None:
        self._connection = connection

    def __call__(self) -> dict[str, Any]:
        given = self._connection
        chosen = {"access_key": given.account_key, "sas_token": given.sas_token, "token": given.token}
        found = next({name: secret.reveal()} for name, secret in chosen.items() if secret is not None)
        return {**found, "expires_at": None}


class Container(RemoteStore):
    """Keys are the blobs' names.

    Locations are ``az://container/key``, ``abfss://container/key`` or, with the account in them,
    ``abfss://container@account.dfs.core.windows.net/key``; ``abfs://`` means the same.
    """

    schemes: ClassVar[tuple[str, ...]] = ("az", "abfss", "abfs")
    words: ClassVar[Words] = Words(
        bucket="container",
        keys="account, account_key or other credentials",
        variables="AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    )
    connection: AzureConnection | None

    def __init__(self, location: str, connection: AzureConnection | None, base: Path) -> None:
        super().__init__(location, connection, base)
        self.bucket, _, host = self.authority.partition("@")
        given = connection.account if connection else None
        named = host.partition(".")[0] or None
        if given and named and given != named:
            raise InvalidCall(
                "wrong-connection",
                f"'{location}' is in the account '{named}', the connection is for '{given}'.",
                hint="Name the connection of that account, or leave the account out of the location.",
            )
        self.account = (
            given or named or next((os.environ[each] for each in ACCOUNT if each in os.environ), "")
        )
        if not self.account:
            raise InvalidCall(
                "bad-location",
                f"'{location}' does not say which storage account it is in.",
                hint="Set `account` on a connection, or AZURE_STORAGE_ACCOUNT_NAME.",
            )

    @property
    def endpoint(self) -> str:
        """The connection's, the environment's, or the account's own."""
        given = self.connection.endpoint if self.connection else os.environ.get("AZURE_STORAGE_ENDPOINT")
        return given or f"https://{self.account}.blob.core.windows.net"

    def _open(self, options: dict[str, Any]) -> AzureStore:
        from obstore.store import AzureStore

        given = self.connection
        if given is None:
            return AzureStore(self.bucket, config={"account_name": self.account}, **options)
        config: dict[str, Any] = {
            "account_name": self.account,
            "endpoint": self.endpoint,
            "skip_signature": given.anonymous,
            "use_emulator": False,
        }
        if given.account_key or given.sas_token or given.token:
            options["credential_provider"] = _StaticKey(given)
        elif given.client_secret:
            config |= {"credential_type": "client_secret", "client_secret": given.client_secret.reveal()}
        config |= {name: value for name in ("tenant_id", "client_id") if (value := getattr(given, name))}
        return AzureStore(self.bucket, config=config, **options)  # type: ignore[arg-type]
