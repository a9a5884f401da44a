"""Read tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

from headrace.core import Connection, Field, Frame, Hint, Issue, Json, NewColumn, Origin, Run, Slice, Stage
from headrace.storage.databases import Growth, TableReading

Sql = Annotated[str, Hint("code", language="sql")]


class Table(Origin):
    """Read tables of a database, or the rows of a query."""

    reads_columns: ClassVar[bool] = True

    connection: Connection = Field(description="The database.", examples=["warehouse"])
    table: str | tuple[str, ...] = Field(
        default=(),
        description="A table, a pattern with `*`, `?` and `[…]` that means several, or a list. A name with "
        "dots stands in double quotes.",
        examples=["orders", "sales.orders_*", 'sales."order.lines"'],
    )
    query: Sql | None = Field(
        default=None,
        description="Instead of a table, a query in the database's own SQL. `:name` is a parameter.",
        examples=["SELECT * FROM orders JOIN customers USING (customer)"],
    )
    columns: tuple[str, ...] = Field(default=(), description="Only these columns, in this order.")
    filter: Sql | None = Field(
        default=None,
        description="Only rows for which this holds, in the database's own SQL. `:name` is a parameter.",
        examples=["amount > :least AND paid"],
    )
    table_column: NewColumn | None = Field(default=None, description="A column with each row's table.")
    split_by: str | None = Field(
        default=None,
        description="A column of whole numbers, dates or moments whose ranges are read side by side; without "
        "it the primary key, where it is one whole number and the rows are many.",
    )
    partitions: int | None = Field(
        default=None,
        ge=1,
        description="How many ranges, each with its own connection; by default one a core.",
    )
    read_mode: Literal["all", "new"] = Field(
        default="all", alias="read", description="`new`: only rows that no run has read yet, by `grows_by`."
    )
    grows_by: str | None = Field(
        default=None,
        description="With `read: new`, a column whose values only go up: a number from a sequence, the "
        "moment of a change.",
    )
    lag: float = Field(
        default=0.0,
        ge=0,
        description="With `read: new`, how far behind a batch stops, so that rows that are committed late "
        "are not passed over: seconds before now, or numbers below the greatest.",
    )
    max_rows: int | None = Field(
        default=None, ge=1, description="With `read: new`, how many rows a batch has at most, about."
    )

    def mistakes(self, sources: Mapping[str, tuple[Stage, str | None]]) -> Iterable[Issue]:
        """Fields that do not go together."""
        if bool(self.table) == (self.query is not None):
            yield Issue("conflicting-fields", "Read a `table` or a `query`, one of them.", field="table")
        if (self.read_mode == "new") != (self.grows_by is not None):
            yield Issue("conflicting-fields", "`read: new` and `grows_by` go together.", field="grows_by")

    def _reading(self, run: Run) -> TableReading:
        growing = self.read_mode == "new" and self.grows_by
        return TableReading.of(
            run.connection(self.connection),
            run.folder,
            run.parameters,
            tables=(self.table,) if isinstance(self.table, str) else self.table,
            query=self.query,
            columns=self.columns,
            filter=self.filter,
            table_column=self.table_column,
            split_by=self.split_by,
            partitions=self.partitions,
            growth=Growth(growing, self.lag, self.max_rows) if growing else None,
        )

    def read(self, run: Run) -> Frame:
        """All rows that match, or those of the slice."""
        return self._reading(run).read(run)

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """With `read: new`, what `grows_by` says has come since."""
        return self._reading(run).since(offset)

    def input_version(self, run: Run) -> str | None:
        """Changes with the columns; no row is read."""
        return self._reading(run).version()
