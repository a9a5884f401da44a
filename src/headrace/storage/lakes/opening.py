"""From a name to its lake, and looking around in one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headrace.core import InvalidCall, Value
from headrace.storage.connections import Explorer, Found, LakeConnection

from .delta_lake import DeltaLake
from .iceberg_lake import IcebergLake
from .lake import Lake, TableName

__all__ = ["LakeExplorer", "open_lake"]


def open_lake(name: str, connect: Callable[[str], Value], base: Path) -> Lake:
    """The lake behind a connection's name. Raises ``InvalidCall`` (``wrong-connection``)."""
    connection = connect(name)
    if not isinstance(connection, LakeConnection):
        kind = getattr(connection, "kind", type(connection).__name__)
        raise InvalidCall(
            "wrong-connection",
            f"'{name}' is a connection of kind '{kind}', not a lake.",
            hint="`headrace lake list` shows the lakes there are; `headrace lake create` makes one.",
        )
    made: type[Lake] = IcebergLake if connection.format == "iceberg" else DeltaLake
    return made(name, connection, connect, base)


class LakeExplorer(Explorer):
    """Layers, then tables, then columns."""

    def _lake(self) -> Lake:
        assert isinstance(self.connection, LakeConnection)
        given = self.connection
        if given.store is not None:
            raise InvalidCall(
                "cannot-browse",
                "This lake lies behind another connection, which is not at hand here.",
                hint="`headrace lake tables NAME` shows what is in it.",
            )
        return open_lake("lake", lambda _: given, self.base)

    def check(self) -> str:
        """Lists the tables."""
        count = len(self._lake().tables())
        return f"The lake has {count} {'table' if count == 1 else 'tables'}."

    def browse(self, path: str = "", limit: int = 1000) -> list[Found]:
        """``layer``, ``layer/table``."""
        lake = self._lake()
        parts = [part for part in path.replace(".", "/").split("/") if part]
        if len(parts) == 2:
            columns = lake.describe(TableName("lake", parts[0], parts[1]))["columns"]
            return [Found(each["name"], "column", each["type"]) for each in columns][:limit]
        tables = lake.tables(parts[0] if parts else None)
        if parts:
            return [Found(each.table, "table", inside=True) for each in tables][:limit]
        layers = {*lake.connection.layers, *(each.layer for each in tables)}
        return [Found(each, "layer", inside=True) for each in sorted(layers)][:limit]
