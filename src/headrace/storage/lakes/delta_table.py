"""A Delta table as its log tells it, through delta-rs: no JVM, and credentials for each table.

Protocol: github.com/delta-io/delta/blob/master/PROTOCOL.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headrace.core import ColumnType, DataRefused, Schema
from headrace.storage.datasource import arrow_type, spark_type

from .failures import in_our_words, need_delta
from .files import DataFile
from .places import Place

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable
    from deltalake.transaction import AddAction

__all__ = [
    "IDENTITY",
    "add_actions",
    "committed_as",
    "delta_schema",
    "find_delta",
    "open_delta",
    "properties_of_commit",
    "schema_of_delta",
    "version_of",
]

IDENTITY = "headrace.batch"
"""The key under which a commit tells the batch that made it."""
RETRIES = 20


def open_delta(place: Place, version: int | None = None, at: str | None = None) -> DeltaTable:
    """The table, at a version or a time: ``DataRefused`` (``table-missing``, ``no-such-table-version``)."""
    need_delta()
    from deltalake import DeltaTable

    with in_our_words(place.location):
        table = DeltaTable(place.uri, storage_options=dict(place.options))
    if version is not None and version > table.version():
        raise DataRefused(
            "no-such-table-version",
            f"'{place.location}' has no version {version}: the latest is {table.version()}.",
        )
    if version is None and at is None:
        return table
    try:
        table.load_as_version(version if version is not None else _moment(at or ""))
    except Exception as error:
        told = f"version {version}" if version is not None else f"version as old as {at}"
        raise DataRefused(
            "no-such-table-version",
            f"'{place.location}' has no {told} any more.",
            hint="`headrace lake history` lists the versions that are there.",
        ) from error
    return table


def find_delta(place: Place) -> DeltaTable | None:
    """The table, or ``None`` where there is none yet."""
    need_delta()
    from deltalake import DeltaTable

    with in_our_words(place.location):
        there = DeltaTable.is_deltatable(place.uri, storage_options=dict(place.options))
        return DeltaTable(place.uri, storage_options=dict(place.options)) if there else None


def _moment(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def schema_of_delta(table: DeltaTable) -> Schema:
    """The table's columns; one that we cannot read raises ``InvalidCall`` (``unknown-type``)."""
    import pyarrow as pa

    arrow = pa.schema(table.schema().to_arrow())
    return Schema(tuple(ColumnType(each.name, spark_type(each.type), each.nullable) for each in arrow))


def delta_schema(schema: Schema, comments: Mapping[str, str]) -> Any:
    """Our schema in delta-rs's words, with comments on columns."""
    import pyarrow as pa
    from deltalake import Field as DeltaField
    from deltalake import Schema as DeltaSchema

    plain = DeltaSchema.from_arrow(pa.schema([(each.name, arrow_type(each.type)) for each in schema]))
    told = {name.casefold(): text for name, text in comments.items()}
    return DeltaSchema(
        [
            DeltaField(each.name, each.type, nullable=each.nullable, metadata=_comment(told, each.name))
            for each in plain.fields
        ]
    )


def _comment(told: Mapping[str, str], name: str) -> dict[str, str] | None:
    text = told.get(name.casefold())
    return {"comment": text} if text else None


def add_actions(files: Sequence[DataFile]) -> list[AddAction]:
    """Files as the log names them."""
    import json

    from deltalake.transaction import AddAction

    now = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
    return [
        AddAction(each.name, each.size, each.values, now, True, json.dumps(each.statistics)) for each in files
    ]


def version_of(run: str, batch: str, stage: str) -> tuple[str, int]:
    """The application and the version of a batch's transaction action.

    Batches that are numbered count up within one application, so that a stream leaves one entry in the log.
    """
    application = f"headrace/{run}/{stage}"
    return (application, int(batch) + 1) if batch.isdigit() else (f"{application}/{batch}", 1)


def properties_of_commit(identity: str, application: str, version: int) -> CommitProperties:
    """What a commit of ours carries."""
    from deltalake import CommitProperties, Transaction

    return CommitProperties(
        custom_metadata={IDENTITY: identity},
        max_commit_retries=RETRIES,
        app_transactions=[Transaction(application, version)],
    )


def committed_as(table: DeltaTable, identity: str) -> int | None:
    """The version that a batch's commit has become, the latest if there were several."""
    return next((each["version"] for each in table.history() if each.get(IDENTITY) == identity), None)
