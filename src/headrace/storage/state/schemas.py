"""Schemas seen before, so that ``explain`` need not start an engine to know a file's columns."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, insert, select, update

from headrace.core import ColumnType, Schema

from .database import Scope
from .tables import SCHEMAS

__all__ = ["Schemas"]

KEPT = 5000
"""Entries kept; the oldest go first."""


class Schemas:
    """A cache: losing it costs time, never truth."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, key: str) -> Schema | None:
        """The schema stored under a key, if any."""
        query = select(SCHEMAS.c.columns).where(self._scope.of(SCHEMAS, key=key))
        with self._scope.database.read() as connection:
            columns = connection.execute(query).scalar()
        return Schema(tuple(ColumnType(**each) for each in columns)) if columns is not None else None

    def put(self, key: str, schema: Schema) -> None:
        """Stores a schema under a key, over what was there."""
        values = {"columns": schema.to_json(), "stored": dt.datetime.now(dt.UTC)}
        with self._scope.database.write() as connection:
            changed = connection.execute(
                update(SCHEMAS).where(self._scope.of(SCHEMAS, key=key)).values(**values)
            )
            if changed.rowcount:
                return
            connection.execute(insert(SCHEMAS).values(**self._scope.key, key=key, **values))
            newest = (
                select(SCHEMAS.c.key)
                .where(self._scope.of(SCHEMAS))
                .order_by(SCHEMAS.c.stored.desc())
                .limit(KEPT)
            )
            connection.execute(delete(SCHEMAS).where(self._scope.of(SCHEMAS), SCHEMAS.c.key.not_in(newest)))
