"""A bucket on Amazon S3 or a server that speaks its protocol."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.storage.connections import S3Connection

from .amazon import keys_of
from .failures import Words
from .remote import RemoteStore

if TYPE_CHECKING:
    from obstore.store import S3Store

__all__ = ["Bucket", "service_store"]


class Bucket(RemoteStore):
    """Keys are the keys in the bucket; locations are ``s3://bucket/key``."""

    schemes: ClassVar[tuple[str, ...]] = ("s3", "s3a")
    words: ClassVar[Words] = Words(
        keys="access_key_id, secret_access_key and region",
        variables="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    )
    connection: S3Connection | None

    def __init__(self, location: str, connection: S3Connection | None, base: Path) -> None:
        super().__init__(location, connection, base)
        self.root = f"s3://{self.bucket}/"

    @property
    def endpoint(self) -> str:
        """The connection's, the environment's, or Amazon's own."""
        if self.connection is not None:
            return self.connection.endpoint or f"https://s3.{self.connection.region}.amazonaws.com"
        variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
        return next((os.environ[name] for name in variables if os.environ.get(name)), "Amazon S3")

    def _open(self, options: dict[str, Any]) -> S3Store:
        from obstore.store import S3Store

        given = self.connection
        if given is None:
            options["client_options"]["allow_http"] = _http_allowed()
            return S3Store(self.bucket, credential_provider=keys_of(None), **options)
        host = given.endpoint or (
            f"https://s3.{given.region}.amazonaws.com"
            if given.path_style
            else f"https://{self.bucket}.s3.{given.region}.amazonaws.com"
        )
        return S3Store(
            self.bucket,
            config={
                "endpoint": host,
                "aws_endpoint_url_s3": host,
                "region": given.region,
                "virtual_hosted_style_request": not given.path_style,
                "skip_signature": given.anonymous,
            },
            credential_provider=keys_of(given),
            **options,
        )


def service_store(connection: S3Connection, options: dict[str, Any]) -> S3Store:
    """A store whose paths begin above all buckets: good for signing requests about them."""
    from obstore.store import S3Store

    host = connection.endpoint or f"https://s3.{connection.region}.amazonaws.com"
    return S3Store(
        "any",
        config={
            "endpoint": host,
            "aws_endpoint_url_s3": host,
            "region": connection.region,
            "virtual_hosted_style_request": True,
        },
        credential_provider=keys_of(connection),
        **options,
    )


def _http_allowed() -> bool:
    return os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true", "yes", "on")
