"""Tables that grow: by a column whose values only go up, each run reads on where the last one stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, InputVersion, Json, Slice

from .dialect import DbColumn, Dialect
from .names import quoted
from .ranges import MOMENTS, WHOLE
from .session import Session

if TYPE_CHECKING:
    from .reading import Relation

__all__ = ["Growth", "bounds_of"]


@dataclass(frozen=True, slots=True)
class Growth:
    """By which column; how far behind the newest a batch stops; how many rows it has at most, about."""

    column: str
    lag: float = 0.0
    max_rows: int | None = None

    def since(
        self,
        offset: Json,
        dialect: Dialect,
        session: Session,
        relations: Sequence[Relation],
        where: list[str],
    ) -> Slice:
        """The next values of every table: greater than the last one read, up to what is old enough."""
        known: dict[str, str] = (offset or {}).get("after", {})
        items: dict[str, Json] = {}
        following = dict(known)
        more = False
        for relation in relations:
            column = self.column_of(relation)
            after = known.get(relation.name)
            new = [
                *where,
                *([f"{quoted(column.name)} > {dialect.from_text(after, column)}"] if after else []),
            ]
            upto, left = self._upto(dialect, session, relation, column, new)
            if upto is not None:
                items[relation.name] = [after, upto]
                following[relation.name] = upto
            more |= left
        inputs = [
            InputVersion(name or "query", version=f"{self.column} <= {upto}")
            for name, (_, upto) in items.items()
        ]
        return Slice({"column": self.column, "after": following}, items, tuple(inputs), more)

    def column_of(self, relation: Relation) -> DbColumn:
        """The growing column; raises ``DataRefused`` (``column-not-ordered``) when it has no order."""
        column = relation.column(self.column)
        if column.type in (*WHOLE, *MOMENTS) or column.type.startswith("decimal"):
            return column
        raise DataRefused(
            "column-not-ordered",
            f"Column '{column.name}' is {column.type}; a table grows by whole numbers, dates or moments.",
            hint="Name another column in `grows_by`.",
        )

    def _upto(
        self, dialect: Dialect, session: Session, relation: Relation, column: DbColumn, where: list[str]
    ) -> tuple[str | None, bool]:
        """The greatest value of the next batch as a text, and whether there is more behind it."""
        name = quoted(column.name)
        limit = dialect.newest(name, column, self.lag, relation.sql)
        old_enough = [*where, *([f"{name} <= {limit}"] if limit else []), f"{name} IS NOT NULL"]
        rows = f"FROM {relation.sql} WHERE {' AND '.join(old_enough)}"
        newest = session.rows(f"SELECT {dialect.as_text(f'MAX({name})')} {rows}")[0][0]
        if newest is None or self.max_rows is None:
            return newest, False
        first = f"SELECT {name} {rows} ORDER BY {name} LIMIT {self.max_rows}"
        upto = session.rows(f"SELECT {dialect.as_text(f'MAX({name})')} FROM ({first}) AS q")[0][0]
        return upto, upto != newest


def bounds_of(
    part: Slice | None, growth: Growth | None, relation: Relation, dialect: Dialect
) -> list[str] | None:
    """The conditions of a slice on one table; ``None``: nothing of it is in the slice."""
    if part is None or growth is None:
        return []
    found: Any = (part.items or {}).get(relation.name)
    if found is None:
        return None
    after, upto = found
    column = growth.column_of(relation)
    name = quoted(column.name)
    upper = f"{name} <= {dialect.from_text(upto, column)}"
    return [f"{name} > {dialect.from_text(after, column)}", upper] if after is not None else [upper]
