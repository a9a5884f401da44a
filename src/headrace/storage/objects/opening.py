"""From a location to the store that holds it."""

from __future__ import annotations

from pathlib import Path

from headrace.core import InvalidCall, Value
from headrace.storage.connections import S3Connection

from .bucket import Bucket
from .local import LocalFiles
from .store import ObjectStore

__all__ = ["open_store"]


def open_store(location: str, connection: Value | None, base: Path) -> ObjectStore:
    """The store of a local path (relative to ``base``), ``file://``, ``s3://`` or ``s3a://`` location.

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
    if scheme in ("s3", "s3a"):
        if connection is not None and not isinstance(connection, S3Connection):
            kind = getattr(connection, "kind", type(connection).__name__)
            raise InvalidCall(
                "wrong-connection", f"'{location}' needs a connection of kind 's3', not '{kind}'."
            )
        return Bucket(location, connection)
    raise InvalidCall(
        "unknown-scheme",
        f"No store reads '{scheme}://' locations.",
        hint="There are local paths, file://, s3:// and s3a://.",
    )
