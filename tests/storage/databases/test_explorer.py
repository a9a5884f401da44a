"""Looking around in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from headrace.core import DataRefused
from headrace.storage.connections import explore

if TYPE_CHECKING:
    from .conftest import Database


def test_a_database_shows_schemas_tables_and_columns(database: Database) -> None:
    frame = database.frame("SELECT 1 id, 'a' name, CAST(1 AS DECIMAL(10,2)) price")
    database.write(frame, "orders", primary_key=["id"])
    explorer = explore(database.connection, database.folder)
    assert database.dialect.title in explorer.check()
    (schema,) = [each for each in explorer.browse() if each.kind == "schema"]
    assert schema.inside
    assert "orders" in [each.name for each in explorer.browse(schema.name)]
    for path in (f"{schema.name}.orders", f"{schema.name}/orders"):
        columns = explorer.browse(path)
        assert [(each.name, each.kind) for each in columns] == [
            (n, "column") for n in ("id", "name", "price")
        ]
        assert "key" in columns[0].detail
        assert "decimal(10,2)" in columns[2].detail
    with pytest.raises(DataRefused, match="no table 'nowhere'"):
        explorer.browse("nowhere")
