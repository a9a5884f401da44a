"""Read a table of a lake."""

from __future__ import annotations

from headrace.core import Field, Frame, Json, Run, Slice
from headrace.storage.lakes import TableName, TableOrigin, open_lake


class Lake(TableOrigin):
    """Read a table of a lake by its name: as it is, as it was, or what is new in it."""

    table: str = Field(
        description="The lake (a connection), the layer and the table.", examples=["sales.refined.orders"]
    )

    def read(self, run: Run) -> Frame:
        """The rows of one version, or what happened between two."""
        name = TableName.parse(self.table)
        return open_lake(name.lake, run.connection, run.folder).read(self.look(), run, name)

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """With `read: new`, what has come since the offset."""
        if self.read_mode != "new":
            return None
        name = TableName.parse(self.table)
        return open_lake(name.lake, run.connection, run.folder).next_slice(self.look(), name, offset, run)

    def input_version(self, run: Run) -> str | None:
        """The table's version and this configuration."""
        name = TableName.parse(self.table)
        latest = open_lake(name.lake, run.connection, run.folder).latest(self.look(), name)
        return f"{self.model_dump_json()} {latest}"
