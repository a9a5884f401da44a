"""Iceberg tables and their catalogs, through pyiceberg: no JVM, and credentials for each lake.

Specification: iceberg.apache.org/spec.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.core import ColumnType, DataRefused, EngineFailed, InvalidCall, Schema, Value
from headrace.storage.connections import LakeConnection, S3Connection
from headrace.storage.datasource import arrow_type, spark_type
from headrace.storage.objects import ObjectStore, open_store

from .failures import in_our_words

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.catalog import Catalog
    from pyiceberg.schema import Schema as IcebergSchema
    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot

__all__ = [
    "BATCH",
    "IcebergPlace",
    "arrow_with_ids",
    "find_iceberg",
    "fresh_schema",
    "lineage",
    "schema_of_iceberg",
    "snapshot_at",
    "warehouse_uri",
]

BATCH = "headrace.batch"
"""The key under which a snapshot's summary tells the batch that made it."""


def warehouse_uri(store: ObjectStore) -> str:
    """The lake's location as its metadata spell it."""
    path = store.path.rstrip("/")
    if any(letter in path for letter in "*?[]{}%#"):
        raise InvalidCall(
            "bad-location", f"'{path}' cannot hold a lake.", hint="Its name has none of * ? [ ] { } % and #."
        )
    return f"file://{path}" if store.is_local else store.location(path).rstrip("/")


@dataclass(frozen=True)
class IcebergPlace:
    """One lake: its catalog, and where its tables' files are."""

    name: str
    connection: LakeConnection
    credentials: Value | None
    base: Path

    @classmethod
    def of(cls, name: str, connect: Callable[[str], Value], base: Path) -> IcebergPlace:
        """The lake behind a connection's name."""
        connection = connect(name)
        if not isinstance(connection, LakeConnection):
            raise InvalidCall("wrong-connection", f"The connection '{name}' is not a lake.")
        return cls(name, connection, connect(connection.store) if connection.store else None, base)

    @property
    def store(self) -> ObjectStore:
        """Of the lake's location."""
        return open_store(self.connection.location, self.credentials, self.base)

    @property
    def root(self) -> str:
        """The key prefix of the lake."""
        path = self.store.path.rstrip("/")
        return f"{path}/" if path else ""

    def folder(self, layer: str, table: str) -> str:
        """The key prefix of a table."""
        return f"{self.root}{layer}/{table}/"

    def uri(self, layer: str, table: str) -> str:
        """A table's location as its metadata spell it."""
        return f"{warehouse_uri(self.store)}/{layer}/{table}"

    @contextlib.contextmanager
    def catalog(self) -> Iterator[Catalog]:
        """The catalog, open. Errors inside come out in our words."""
        try:
            from pyiceberg.catalog import load_catalog
        except ImportError as error:
            raise EngineFailed(
                "library-not-installed",
                "Iceberg tables need the package pyiceberg.",
                hint="Install it with: pip install 'headrace[iceberg]'",
            ) from error
        with in_our_words(self.name):
            catalog = load_catalog(self.name, **self._settings())
            try:
                yield catalog
            finally:
                catalog.close()

    def _settings(self) -> dict[str, str]:
        store, connection = self.store, self.connection
        given = {"warehouse": warehouse_uri(store), **_files(self.credentials)}
        place = connection.catalog or ("" if not store.is_local else f"{store.path.rstrip('/')}/catalog.db")
        if place.startswith(("http://", "https://")):
            return given | _rest(connection, place)
        if place:
            path = self.base / place.removeprefix("sqlite:///")
            path.parent.mkdir(parents=True, exist_ok=True)
            return given | {"type": "sql", "uri": f"sqlite:///{path}"}
        raise InvalidCall(
            "lake-needs-catalog",
            f"The Iceberg lake '{self.name}' does not say where its catalog is.",
            hint="Set `catalog` to a REST catalog's address or to a SQLite file, such as lakes/sales.db.",
        )


def _rest(connection: LakeConnection, uri: str) -> dict[str, str]:
    given = {"type": "rest", "uri": uri}
    if connection.warehouse:
        given["warehouse"] = connection.warehouse
    if connection.client_secret is not None:
        secret = connection.client_secret.reveal()
        given["credential"] = f"{connection.client_id}:{secret}" if connection.client_id else secret
        given["oauth2-server-uri"] = connection.token_url or f"{uri.rstrip('/')}/v1/oauth/tokens"
    if connection.token is not None:
        given["token"] = connection.token.reveal()
    return given


def _files(credentials: Value | None) -> dict[str, str]:
    """The connection in the words of pyiceberg's file access."""
    if credentials is None:
        return {}
    if not isinstance(credentials, S3Connection):
        raise InvalidCall(
            "wrong-connection",
            "Iceberg lakes lie on this machine or on S3.",
            hint="Use a connection of kind s3, or --format delta.",
        )
    given = {
        "s3.region": credentials.region,
        "s3.force-virtual-addressing": str(not credentials.path_style).lower(),
        "s3.connect-timeout": str(credentials.connect_timeout_seconds),
        "s3.request-timeout": str(credentials.timeout_seconds),
    }
    if credentials.endpoint:
        given["s3.endpoint"] = credentials.endpoint
    if credentials.access_key_id and credentials.secret_access_key:
        given["s3.access-key-id"] = credentials.access_key_id
        given["s3.secret-access-key"] = credentials.secret_access_key.reveal()
    if credentials.session_token:
        given["s3.session-token"] = credentials.session_token.reveal()
    if credentials.anonymous:
        given["s3.anonymous"] = "true"
    return given


def find_iceberg(catalog: Catalog, layer: str, table: str) -> Table | None:
    """The table, or ``None`` where there is none yet."""
    from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError

    try:
        return catalog.load_table((layer, table))
    except (NoSuchTableError, NoSuchNamespaceError):
        return None


def schema_of_iceberg(schema: IcebergSchema) -> Schema:
    """The table's columns in Spark's words."""
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    arrow = schema_to_pyarrow(schema)
    return Schema(tuple(ColumnType(each.name, spark_type(each.type), each.nullable) for each in arrow))


def fresh_schema(schema: Schema, comments: Mapping[str, str]) -> IcebergSchema:
    """A new table's schema, its fields numbered as the catalog will number them."""
    import pyarrow as pa
    from pyiceberg.io.pyarrow import _pyarrow_to_schema_without_ids
    from pyiceberg.schema import assign_fresh_schema_ids

    told = {name.casefold(): text for name, text in comments.items()}
    fields = []
    for column in schema:
        text = told.get(column.name.casefold())
        fields.append(
            pa.field(column.name, arrow_type(column.type), metadata={"doc": text} if text else None)
        )
    return assign_fresh_schema_ids(_pyarrow_to_schema_without_ids(pa.schema(fields)))


def arrow_with_ids(schema: IcebergSchema, names: tuple[str, ...]) -> pa.Schema:
    """What files are written with: the columns of these names, their fields' numbers in the metadata."""
    import pyarrow as pa
    from pyiceberg.io.pyarrow import schema_to_pyarrow

    arrow = schema_to_pyarrow(schema)
    return pa.schema([_plain(arrow.field(name)) for name in names])


def _plain(field: pa.Field) -> pa.Field:
    """The same field in the types that engines exchange: 32-bit offsets, numbers kept."""
    import pyarrow as pa
    import pyarrow.types as pt

    kind = field.type
    if pt.is_large_string(kind):
        kind = pa.string()
    elif pt.is_large_binary(kind):
        kind = pa.binary()
    elif pt.is_large_list(kind) or pt.is_list(kind):
        kind = pa.list_(_plain(kind.value_field))
    elif pt.is_map(kind):
        kind = pa.map_(_plain(kind.key_field), _plain(kind.item_field))
    elif pt.is_struct(kind):
        kind = pa.struct([_plain(kind.field(index)) for index in range(kind.num_fields)])
    return pa.field(field.name, kind, field.nullable, field.metadata)


def lineage(table: Table) -> list[Snapshot]:
    """The snapshots that have led to the table as it is now, the latest first."""
    from pyiceberg.table.snapshots import ancestors_of

    return list(ancestors_of(table.current_snapshot(), table.metadata))


def snapshot_at(table: Table, version: int | None, at: str | None, where: str) -> Snapshot | None:
    """The snapshot of an identifier or a time; ``None``: the table has none yet."""
    found = lineage(table)
    if version is not None:
        found = [each for each in table.metadata.snapshots if each.snapshot_id == version]
    elif at is not None:
        moment = dt.datetime.fromisoformat(at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        found = [each for each in found if each.timestamp_ms <= moment.timestamp() * 1000]
    elif not found:
        return None
    if not found:
        raise DataRefused(
            "no-such-table-version",
            f"'{where}' has no version {version if version is not None else at}.",
            hint="`headrace lake history` lists the versions that are there.",
        )
    return found[0]
