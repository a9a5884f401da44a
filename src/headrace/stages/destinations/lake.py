"""Write a table of a lake."""

from __future__ import annotations

from headrace.core import Field, Frame, Run, Staged
from headrace.storage.lakes import TableDestination, TableName, open_lake


class Lake(TableDestination):
    """Write a table of a lake by its name, whatever format the lake keeps; it is made where there is none."""

    table: str = Field(
        description="The lake (a connection), the layer and the table.", examples=["sales.refined.orders"]
    )

    def write(self, frame: Frame, run: Run) -> Staged:
        """Writes files that the table does not name yet; ``publish`` is one commit."""
        name = TableName.parse(self.table)
        return open_lake(name.lake, run.connection, run.folder).stage(self.writing(), frame, run, name)
