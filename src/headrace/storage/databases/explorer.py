"""Looks around in a database for a person: schemas, their tables, their columns."""

from __future__ import annotations

from headrace.core import DataRefused
from headrace.storage.connections import Explorer, Found

from .dialect import Dialect, dialect_of
from .names import TableName
from .session import Session, opened

__all__ = ["DatabaseExplorer"]


class DatabaseExplorer(Explorer):
    """``schema`` holds tables; ``schema.table``, or ``schema/table``, holds columns."""

    @property
    def dialect(self) -> Dialect:
        """Who speaks the database's language."""
        return dialect_of(self.connection, self.base)

    def check(self) -> str:
        """Connects and asks for the version."""
        dialect = self.dialect
        with opened(dialect) as session:
            (version,) = session.rows(dialect.version)[0]
        return f"{dialect.title} {str(version).split(' ')[0]} answers at {dialect.place}."

    def browse(self, path: str = "", limit: int = 1000) -> list[Found]:
        """Schemas, then tables, then columns in their order. Raises ``DataRefused`` (``unknown-table``)."""
        with opened(self.dialect) as session:
            return self._inside(session, path.strip("/"))[:limit]

    def _inside(self, session: Session, path: str) -> list[Found]:
        tables = self.dialect.tables(session)
        if not path:
            schemas: dict[str, int] = {}
            for each in tables:
                schemas[each.schema or ""] = schemas.get(each.schema or "", 0) + 1
            return [Found(name, "schema", f"{count} tables", inside=True) for name, count in schemas.items()]
        if any(each.schema == path for each in tables):
            return [Found(each.name, "table", inside=True) for each in tables if each.schema == path]
        schema, slash, name = path.partition("/")
        return self._columns(session, TableName(name, schema) if slash else TableName.parse(path))

    def _columns(self, session: Session, table: TableName) -> list[Found]:
        columns = self.dialect.existing(session, table)
        if columns is None:
            raise DataRefused(
                "unknown-table",
                f"There is no schema and no table '{table}'.",
                hint="Browse without a path to see what there is.",
            )
        return [
            Found(each.name, "column", f"{each.native}{', key' if each.key else ''}, read as {each.type}")
            for each in columns
        ]
