"""One schema for many files: what a bounded sample of them suggests.

The first ``sample_mb`` of each of up to ``sample_files`` files (the first, the last and some between) are
looked at. In CSV a column is ``bigint`` when every value is an integer of 64 bits, else ``double``,
``boolean`` (true, false), ``date`` (2024-01-31), ``timestamp`` (ISO 8601; without an offset it is UTC), else
``string``; integers and decimals together are ``double``, dates and timestamps ``timestamp``, anything else
``string``. Columns are taken by name; one that a file lacks is null there. Both engines get the result as
the schema, and infer nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from headrace.core import ColumnType, DataRefused, Schema
from headrace.storage.objects import ObjectStore

from .rows import Format, Split

__all__ = ["infer_schema", "merged", "refuse_new", "sampled"]


def sampled(splits: Sequence[Split], count: int) -> list[Split]:
    """Up to ``count`` of them, evenly spread, the first and the last included."""
    if len(splits) <= count:
        return list(splits)
    places = sorted({round(index * (len(splits) - 1) / max(1, count - 1)) for index in range(count)})
    return [splits[place] for place in places]


def infer_schema(
    store: ObjectStore, form: Format, splits: Sequence[Split], *, files: int, megabytes: float
) -> Schema:
    """The schema of all; raises ``DataRefused`` (``empty-file``) when no file says anything."""
    told = splits if form.fixed else tuple(filter(_has_bytes, splits))
    chosen = sampled(told, files)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda each: form.sample(store, each, int(megabytes * (1 << 20))), chosen))
    schemas = [schema for schema in found if schema is not None]
    if not schemas:
        where = splits[0].location if splits else "the location"
        raise DataRefused(
            "empty-file",
            f"'{where}' is empty, so it tells no columns.",
            hint="Declare a `schema` to read it as no rows.",
        )
    united = _united(schemas)
    if not len(united):
        raise DataRefused(
            "unreadable-file",
            f"'{chosen[0].location}' tells no columns.",
            hint="Is it another format, or packed? Check `format`, or declare a `schema`.",
        )
    return united


def merged(declared: Schema, found: Schema) -> Schema:
    """The declared columns, and behind them those that files have besides."""
    more = (column for column in found if declared.get(column.name) is None)
    return Schema((*declared, *more))


def refuse_new(
    store: ObjectStore, form: Format, splits: Sequence[Split], known: Schema, megabytes: float
) -> None:
    """Raises ``DataRefused`` (``new-column``) where a file has a column that the schema does not."""
    with ThreadPoolExecutor(8) as pool:
        limit = int(megabytes * (1 << 20))
        found = pool.map(lambda each: (each, form.sample(store, each, limit)), filter(_has_bytes, splits))
        for split, schema in found:
            for column in schema or ():
                if known.get(column.name) is None:
                    raise DataRefused(
                        "new-column",
                        f"'{split.location}' has a column '{column.name}', which the schema does not.",
                        hint="Declare it in `schema`, or set `new_columns` to add or ignore.",
                    )


def _has_bytes(split: Split) -> bool:
    return split.size > 0


def _united(schemas: Iterable[Schema]) -> Schema:
    types: dict[str, tuple[str, str]] = {}
    for schema in schemas:
        for column in schema:
            name, known = types.get(column.name.casefold(), (column.name, "void"))
            types[column.name.casefold()] = (name, _wider(known, column.type))
    return Schema(
        tuple(ColumnType(name, "string" if kind == "void" else kind) for name, kind in types.values())
    )


def _wider(one: str, other: str) -> str:
    if one == other or other == "void":
        return one
    if one == "void":
        return other
    pair = {one, other}
    for wide, narrow in (
        ("double", {"double", "bigint", "float", "int"}),
        ("timestamp", {"timestamp", "date"}),
    ):
        if pair <= narrow:
            return "bigint" if pair == {"bigint", "int"} else wide
    return "string"
