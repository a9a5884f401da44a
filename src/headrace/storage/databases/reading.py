"""What an origin reads: tables, tables by pattern, or a query, as a frame that computes nothing yet."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from headrace.core import (
    ColumnType,
    DataRefused,
    Frame,
    InputVersion,
    Json,
    Run,
    Schema,
    Slice,
    Value,
    did_you_mean,
)
from headrace.storage.counting import Counter
from headrace.storage.datasource import frame_of, session_zone

from .dialect import DbColumn, Dialect, dialect_of
from .growth import Growth, bounds_of
from .names import TableName, quoted
from .parameters import bound
from .ranges import Ranges, ranges_of
from .scan import Piece, TableScan, in_parts
from .session import Session, opened

__all__ = ["Relation", "TableReading"]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a query as a ``FROM`` takes it; ``name`` is empty for a query."""

    sql: str
    name: str
    columns: tuple[DbColumn, ...]

    def column(self, name: str) -> DbColumn:
        """A column by its name; raises ``DataRefused`` (``unknown-column``)."""
        exact = next((each for each in self.columns if each.name == name), None)
        found = exact or next(
            (each for each in self.columns if each.name.casefold() == name.casefold()), None
        )
        if found is None:
            what = f"The table '{self.name}'" if self.name else "The query"
            raise DataRefused(
                "unknown-column",
                f"{what} has no column '{name}'.",
                hint=did_you_mean(name, [each.name for each in self.columns]),
            )
        return found


@dataclass(frozen=True)
class TableReading:
    """The reading half of ``origin.table``."""

    dialect: Dialect
    tables: tuple[str, ...] = ()
    query: str | None = None
    columns: tuple[str, ...] = ()
    filter: str | None = None
    table_column: str | None = None
    split_by: str | None = None
    partitions: int | None = None
    growth: Growth | None = None

    @classmethod
    def of(cls, connection: Value, folder: Path, parameters: Mapping[str, Any], **given: Any) -> TableReading:
        """With ``:name`` in ``query`` and ``filter`` filled in."""
        dialect = dialect_of(connection, folder)
        for each in ("query", "filter"):
            given[each] = bound(given[each], dialect, parameters) if given[each] else None
        return cls(dialect, **given)

    def relations(self, session: Session) -> list[Relation]:
        """What is there now. Raises ``DataRefused`` (``unknown-table``) when nothing is."""
        if self.query is not None:
            sql = f"({self.query}) AS q"
            return [Relation(sql, "", self.dialect.described(session, sql))]
        found = []
        for name in self._names(session):
            sql = self.dialect.qualified(name)
            found.append(Relation(sql, str(name), self.dialect.described(session, sql)))
        return found

    def _names(self, session: Session) -> list[TableName]:
        wanted = [TableName.parse(each) for each in self.tables]
        if not any(_is_pattern(each) for each in wanted):
            return wanted
        known = self.dialect.tables(session)
        found = [name for name in known if any(self._matches(name, each) for each in wanted)]
        if not found:
            raise DataRefused(
                "unknown-table",
                f"No table matches {', '.join(map(repr, self.tables))}.",
                hint="`headrace connections browse` lists them.",
            )
        return found

    def _matches(self, name: TableName, pattern: TableName) -> bool:
        if name.name.startswith("_headrace_"):
            return False
        schema = pattern.schema or self.dialect.default_schema or name.schema or ""
        return fnmatchcase(name.name, pattern.name) and fnmatchcase(name.schema or "", schema)

    def schema(self, relations: Sequence[Relation]) -> Schema:
        """The chosen columns of all tables, by name. Raises ``DataRefused`` (``types-differ``)."""
        found: dict[str, ColumnType] = {}
        for relation in relations:
            chosen = map(relation.column, self.columns) if self.columns else relation.columns
            for column in chosen:
                known = found.setdefault(column.name, ColumnType(column.name, column.type))
                if known.type != column.type:
                    raise DataRefused(
                        "types-differ",
                        f"Column '{column.name}' is {known.type} and, in '{relation.name}', {column.type}.",
                        hint="Read them with a stage each, or with a `query` that casts.",
                    )
        if self.table_column:
            found[self.table_column] = ColumnType(self.table_column, "string")
        if len({name.casefold() for name in found}) < len(found) or not found:
            raise DataRefused(
                "duplicate-column",
                "Two columns have the same name (upper and lower case do not count).",
                hint="Choose with `columns`, or rename one in a `query`.",
            )
        return Schema(tuple(found.values()))

    def version(self) -> str:
        """Changes when the columns do; no row is read."""
        with opened(self.dialect) as session:
            relations = self.relations(session)
        text = repr([(each.name, each.columns) for each in relations])
        return hashlib.sha256(text.encode()).hexdigest()

    def since(self, offset: Json) -> Slice | None:
        """What has grown since ``offset``; ``None`` where everything is read each time."""
        if self.growth is None:
            return None
        with opened(self.dialect) as session:
            return self.growth.since(offset, self.dialect, session, self.relations(session), self._where())

    def _where(self) -> list[str]:
        return [f"({self.filter})"] if self.filter else []

    def read(self, run: Run) -> Frame:
        """The rows, lazily; nothing but schemas and sizes is asked for now."""
        with opened(self.dialect) as session:
            relations = self.relations(session)
            schema = self.schema(relations)
            if run.columns is not None:
                used = {name.casefold() for name in run.columns}
                kept = tuple(column for column in schema if column.name.casefold() in used)
                schema = Schema(kept or schema.columns[:1])
            if run.purpose == "analyse":
                return run.session.createDataFrame([], schema.ddl())
            pieces = [piece for each in relations for piece in self._pieces(session, each, schema, run)]
        if run.purpose == "run":
            run.used(*(InputVersion(each.name or "query", None) for each in relations))
        if not pieces:
            run.counted(rows_out=0)
            return run.session.createDataFrame([], schema.ddl())
        embedded = run.engine == "embedded"
        scan = TableScan(
            self.dialect,
            schema,
            in_parts(pieces) if embedded else tuple(pieces),
            session_zone(run.session, run.engine),
            Counter.at(run.scratch / f"read-{os.urandom(4).hex()}"),
            limit=run.limit,
            in_process=embedded,
            stage=run.stage,
        )
        run.watch(scan.counter.value, direction="out")
        return frame_of(run.session, scan)

    def _pieces(self, session: Session, relation: Relation, schema: Schema, run: Run) -> list[Piece]:
        """A statement for each range of keys; for a preview one, with its limit."""
        bounds = bounds_of(run.slice, self.growth, relation, self.dialect)
        if bounds is None:
            return []
        where = [*self._where(), *bounds]
        names = {column.name for column in relation.columns}
        chosen = tuple(relation.column(column.name) for column in schema if column.name in names)
        chosen = chosen or relation.columns[:1]
        constants = ((self.table_column, relation.name),) if self.table_column else ()
        values = ", ".join(f"{self.dialect.value(each)} AS {quoted(each.name)}" for each in chosen)
        base = Piece(f"SELECT {values} FROM {relation.sql}", chosen, constants)
        if run.limit is not None:
            return [replace(base, statement=f"{_filtered(base.statement, where)} LIMIT {run.limit}")]
        batches = self.dialect.expected_batches(session, _filtered(base.statement, where))
        ranges = ranges_of(
            session, self.dialect, relation, where, Ranges(self.split_by, self.partitions, batches)
        )
        share = -(-batches // len(ranges))
        return [
            replace(base, statement=_filtered(base.statement, [*where, *each]), batches=share)
            for each in ranges
        ]


def _filtered(statement: str, where: Sequence[str]) -> str:
    return f"{statement} WHERE {' AND '.join(where)}" if where else statement


def _is_pattern(name: TableName) -> bool:
    return any(letter in (name.schema or "") + name.name for letter in "*?[")
