"""From a location to the store that holds it."""

from __future__ import annotations

from pathlib import Path

from headrace.core import InvalidCall, Value
from headrace.storage.connections import (
    AzureConnection,
    Connection,
    GcsConnection,
    HdfsConnection,
    HttpConnection,
    S3Connection,
)

from .azure import Container
from .bucket import Bucket
from .google import GoogleBucket
from .hdfs import HadoopFiles
from .local import LocalFiles
from .network import NetworkStore
from .store import ObjectStore
from .web import WebFiles

__all__ = ["open_store", "store_at"]


REMOTE: tuple[tuple[type[NetworkStore], type[Connection]], ...] = (
    (Bucket, S3Connection),
    (Container, AzureConnection),
    (GoogleBucket, GcsConnection),
    (HadoopFiles, HdfsConnection),
    (WebFiles, HttpConnection),
)
"""Stores across a network, and the connections that they take."""


def open_store(location: str, connection: Value | None, base: Path) -> ObjectStore:
    """The store of a local path (relative to ``base``) or a URL, by its scheme.

    Its ``path`` is the location's key or pattern. Opens nothing yet. Raises ``InvalidCall``
    (``unknown-scheme``, ``wrong-connection``, ``bad-location``).
    """
    scheme, separator, _ = location.partition("://")
    if not separator or scheme == "file":
        if connection is not None:
            raise InvalidCall(
                "wrong-connection",
                f"'{location}' is on the local disk, which takes no connection.",
                hint="Remove `connection`, or write s3://bucket/key.",
            )
        return LocalFiles(location, base)
    for store, model in REMOTE:
        if scheme in store.schemes:
            return _opened(store, model, location, connection, base)
    schemes = ", ".join(f"{each}://" for store, _ in REMOTE for each in store.schemes)
    raise InvalidCall(
        "unknown-scheme",
        f"No store reads '{scheme}://' locations.",
        hint=f"There are local paths, file://, {schemes}.",
    )


def _opened(
    store: type[NetworkStore], model: type[Connection], location: str, connection: Value | None, base: Path
) -> ObjectStore:
    if connection is not None and not isinstance(connection, model):
        wanted = model.model_fields["kind"].default
        kind = getattr(connection, "kind", type(connection).__name__)
        raise InvalidCall(
            "wrong-connection", f"'{location}' needs a connection of kind '{wanted}', not '{kind}'."
        )
    return store(location, connection, base)  # type: ignore[arg-type]


def store_at(connection: Connection, path: str, base: Path) -> NetworkStore:
    """The store of ``bucket/key`` in a connection."""
    store = next(store for store, model in REMOTE if isinstance(connection, model))
    return store(store.at(path), connection, base)  # type: ignore[arg-type]
