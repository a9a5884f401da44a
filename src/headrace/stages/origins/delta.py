"""Read a Delta table."""

from __future__ import annotations

from headrace.core import Connection, Field, Frame, Json, Location, Run, Slice
from headrace.storage.lakes import DeltaReading, TableOrigin, place_of


class Delta(TableOrigin):
    """Read a Delta Lake table: as it is, as it was, or what is new in it."""

    path: Location = Field(
        description="The table's folder.", examples=["lake/orders", "s3://lake/curated/orders"]
    )
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the default chain (`AWS_*`)."
    )

    def _reading(self, run: Run) -> DeltaReading:
        place = place_of(self.path, run.connection(self.connection) if self.connection else None, run.folder)
        return DeltaReading.of(place, self.look())

    def read(self, run: Run) -> Frame:
        """The rows of one version, or what happened between two."""
        return self._reading(run).frame(run)

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """With `read: new`, the versions behind the offset's."""
        return self._reading(run).next_slice(offset) if self.read_mode == "new" else None

    def input_version(self, run: Run) -> str | None:
        """The table's version and this configuration."""
        return f"{self.model_dump_json()} {self._reading(run).latest()}"
