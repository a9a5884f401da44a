"""The batch ledger: a table of the store itself, with a row for every batch that was published into it.

The row is written in the transaction that makes the batch's rows visible. So a batch that is published again,
by whomever and however its first publication ended, finds its row and does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from .dialect import Dialect
from .names import TableName, text_literal
from .session import Session

__all__ = ["LEDGER", "Ledger"]

LEDGER = "_headrace_batches"


@dataclass(frozen=True)
class Ledger:
    """The ledger of one schema."""

    dialect: Dialect
    schema: str | None

    @property
    def table(self) -> str:
        """The table in SQL."""
        return self.dialect.qualified(TableName(LEDGER, self.schema))

    def create(self, session: Session) -> None:
        """Makes the table where it is missing."""
        text = self.dialect.native_key("string", key=True)
        number, moment = map(self.dialect.native, ("bigint", "timestamp"))
        session.run(
            f"CREATE TABLE IF NOT EXISTS {self.table} (batch {text} NOT NULL PRIMARY KEY, "
            f"target {text} NOT NULL, mode {text} NOT NULL, "
            f"row_count {number} NOT NULL, published {moment} NOT NULL)"
        )

    def find(self, session: Session, batch: str) -> int | None:
        """How many rows a batch had; ``None``: it was not published."""
        if self.dialect.existing(session, TableName(LEDGER, self.schema)) is None:
            return None
        rows = session.rows(f"SELECT row_count FROM {self.table} WHERE batch = {text_literal(batch)}")
        return int(rows[0][0]) if rows else None

    def enter(self, session: Session, batch: str, target: str, mode: str, rows: int) -> None:
        """Notes a batch; a second one of that name is refused by the table's key."""
        values = ", ".join(map(text_literal, (batch, target, mode)))
        session.run(
            f"INSERT INTO {self.table} (batch, target, mode, row_count, published) "
            f"VALUES ({values}, {rows}, CURRENT_TIMESTAMP)"
        )
