"""Write a Delta table."""

from __future__ import annotations

from headrace.core import Connection, Field, Frame, Location, Run, Staged
from headrace.storage.lakes import TableDestination


class Delta(TableDestination):
    """Write a Delta Lake table in a folder or a bucket; it is made where there is none."""

    path: Location = Field(
        description="The table's folder.", examples=["lake/orders", "s3://lake/curated/orders"]
    )
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the default chain (`AWS_*`)."
    )

    def write(self, frame: Frame, run: Run) -> Staged:
        """Writes files that the table does not name yet; ``publish`` is one commit."""
        return self.writing().stage_delta(frame, run, self.path, self.connection)
