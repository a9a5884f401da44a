"""A connection in the words of the Rust library that delta-rs stands on: credentials for each table."""

from __future__ import annotations

from headrace.core import Value
from headrace.storage.connections import AzureConnection, GcsConnection, NetworkConnection, S3Connection

__all__ = ["storage_options"]


def storage_options(connection: Value | None) -> dict[str, str]:
    """What ``storage_options`` have to say; empty without a connection: the default chain applies."""
    if not isinstance(connection, NetworkConnection):
        return {}
    options = {
        "allow_http": str(connection.allow_http).lower(),
        "timeout": f"{connection.timeout_seconds:g}s",
        "connect_timeout": f"{connection.connect_timeout_seconds:g}s",
        "max_retries": str(connection.retries),
        "retry_timeout": f"{connection.retry_seconds:g}s",
    }
    if connection.proxy is not None:
        options["proxy_url"] = connection.proxy.reveal()
    if isinstance(connection, S3Connection):
        return options | _s3(connection)
    if isinstance(connection, AzureConnection):
        return options | _azure(connection)
    return options | _gcs(connection) if isinstance(connection, GcsConnection) else options


def _s3(connection: S3Connection) -> dict[str, str]:
    options = {
        "aws_region": connection.region,
        "aws_virtual_hosted_style_request": str(not connection.path_style).lower(),
        "aws_skip_signature": str(connection.anonymous).lower(),
    }
    if connection.endpoint:
        options["aws_endpoint_url"] = connection.endpoint
    if connection.access_key_id and connection.secret_access_key:
        options["aws_access_key_id"] = connection.access_key_id
        options["aws_secret_access_key"] = connection.secret_access_key.reveal()
        options["aws_session_token"] = connection.session_token.reveal() if connection.session_token else ""
    return options


def _azure(connection: AzureConnection) -> dict[str, str]:
    secrets = {
        "azure_storage_account_key": connection.account_key,
        "azure_storage_sas_key": connection.sas_token,
        "azure_storage_client_secret": connection.client_secret,
        "azure_storage_token": connection.token,
    }
    plain = {
        "azure_storage_account_name": connection.account,
        "azure_endpoint": connection.endpoint,
        "azure_storage_tenant_id": connection.tenant_id,
        "azure_storage_client_id": connection.client_id,
    }
    options = {name: value for name, value in plain.items() if value}
    options |= {name: secret.reveal() for name, secret in secrets.items() if secret is not None}
    return options | {"azure_skip_signature": str(connection.anonymous).lower()}


def _gcs(connection: GcsConnection) -> dict[str, str]:
    options = {"google_skip_signature": str(connection.anonymous).lower()}
    if connection.service_account_key is not None:
        options["google_service_account_key"] = connection.service_account_key.reveal()
    return options
