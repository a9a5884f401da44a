"""What a project knows about the systems it talks to: a file per kind of connection, its name is the kind."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .connection import Connection, Explorer, Found, explore
from .kinds import connection_kinds, connection_model
from .network import NetworkConnection

if TYPE_CHECKING:
    from .azure import AzureConnection as AzureConnection
    from .duckdb import DuckdbConnection as DuckdbConnection
    from .gcs import GcsConnection as GcsConnection
    from .hdfs import HdfsConnection as HdfsConnection
    from .http import HttpConnection as HttpConnection
    from .kafka import KafkaConnection as KafkaConnection
    from .lake import LakeConnection as LakeConnection
    from .postgresql import PostgresqlConnection as PostgresqlConnection
    from .s3 import S3Connection as S3Connection
    from .sqlite import SqliteConnection as SqliteConnection

_HOMES = {
    "AzureConnection": "azure",
    "GcsConnection": "gcs",
    "KafkaConnection": "kafka",
    "HdfsConnection": "hdfs",
    "HttpConnection": "http",
    "DuckdbConnection": "duckdb",
    "PostgresqlConnection": "postgresql",
    "LakeConnection": "lake",
    "S3Connection": "s3",
    "SqliteConnection": "sqlite",
}

__all__ = [
    "Connection",
    "Explorer",
    "Found",
    "NetworkConnection",
    "connection_kinds",
    "connection_model",
    "explore",
    *_HOMES,
]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

    def __dir__() -> list[str]:
        return [*__all__]
