"""Tables made where they are missing, and columns added where that is wanted."""

from __future__ import annotations

import hashlib

from headrace.core import DataRefused, did_you_mean

from .dialect import DbColumn, Dialect
from .names import TableName, quoted
from .session import Session
from .wanted import Wanted

__all__ = ["index_name", "matched", "prepare_table"]


def prepare_table(session: Session, dialect: Dialect, wanted: Wanted) -> tuple[DbColumn, ...]:
    """Makes what is missing, and gives the columns of the table as they are then.

    Raises ``DataRefused`` (``unknown-table``, ``column-not-in-table``).
    """
    found = dialect.existing(session, wanted.name)
    if found is None:
        if wanted.existed or not wanted.create:
            raise DataRefused(
                "unknown-table",
                f"There is no table '{wanted.name}'" + (" any more." if wanted.existed else "."),
                hint="It was there when the run began."
                if wanted.existed
                else "Set `create: true` to make it.",
            )
        for statement in creation(dialect, wanted):
            session.run(statement)
    else:
        matched(found, wanted)
        for name, kind in wanted.columns:
            if not _alike(found, name):
                native = wanted.column_types.get(name) or dialect.native(kind)
                session.run(
                    f"ALTER TABLE {dialect.qualified(wanted.name)} ADD COLUMN {quoted(name)} {native}"
                )
    made = dialect.existing(session, wanted.name)
    assert made is not None
    return made


def matched(found: tuple[DbColumn, ...], wanted: Wanted) -> None:
    """Raises ``DataRefused`` (``column-not-in-table``) where the table has no place for what comes in."""
    needed = [*(name for name, _ in wanted.history), *wanted.keys]
    needed += [] if wanted.add_columns or wanted.mode == "delete" else [name for name, _ in wanted.columns]
    missing = next((name for name in needed if not _alike(found, name)), None)
    if missing is not None:
        raise DataRefused(
            "column-not-in-table",
            f"The table '{wanted.name}' has no column '{missing}'.",
            hint=did_you_mean(missing, [each.name for each in found])
            or "Set `add_columns: true`, or remove it with processor.remove_fields.",
        )


def _alike(found: tuple[DbColumn, ...], name: str) -> DbColumn | None:
    """The column of that name: as it is spelled, or else spelled in other cases."""
    alike = [each for each in found if each.name.casefold() == name.casefold()]
    return next((each for each in alike if each.name == name), alike[0] if alike else None)


def creation(dialect: Dialect, wanted: Wanted) -> list[str]:
    """The statements that make schema, table, keys, indexes and comments."""
    table = dialect.qualified(wanted.name)
    keys = wanted.identifying
    columns = []
    for name, kind in (*wanted.columns, *wanted.history):
        native = wanted.column_types.get(name) or dialect.native_key(kind, key=name in keys)
        columns.append(f"{quoted(name)} {native}{' NOT NULL' if name in keys else ''}")
    if keys:
        columns.append(f"PRIMARY KEY ({', '.join(map(quoted, keys))})")
    schema = dialect.create_schema(wanted.schema) if wanted.schema else None
    made = [schema] if schema else []
    made.append(f"CREATE TABLE {table} ({', '.join(columns)})")
    for each in wanted.indexes:
        name = quoted(index_name(wanted.name, each, dialect.name_length))
        made.append(dialect.create_index(name, wanted.name, ", ".join(map(quoted, each))))
    return made + dialect.comments(table, wanted.comment, dict(wanted.column_comments))


def index_name(table: TableName, columns: tuple[str, ...], longest: int) -> str:
    """Readable, and different for different columns however long the names are."""
    digest = hashlib.sha256(repr((table, columns)).encode()).hexdigest()[:8]
    plain = "_".join((table.name, *columns)).replace(".", "_")
    return f"ix_{plain.encode()[: longest - 12].decode(errors='ignore')}_{digest}"
