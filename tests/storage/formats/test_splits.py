"""Files are cut where their format allows it, and each row is in one piece; a missing library has words."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from headrace.core import InvalidCall
from headrace.storage.formats import ReadStyle, WriteStyle, file_kind
from headrace.storage.formats.encoders import HashedFile
from headrace.storage.formats.kinds.avro import Avro
from headrace.storage.formats.rows import Split, stop_at
from headrace.storage.objects import open_store

ROWS = 60_000


def written(folder: Path, name: str) -> Path:
    """A file of several blocks, stripes or row groups, or of many lines."""
    table = pa.table({"id": range(ROWS), "text": [os.urandom(12).hex() for _ in range(ROWS)]})
    kind = file_kind(name)
    path = folder / f"a{kind.endings[0]}"
    style = WriteStyle(format=name, compression="none", file_mb=0.2)
    encoder = kind.encoder(
        HashedFile(open_store(str(path), None, folder).writer(str(path))), table.schema, style
    )
    for batch in table.to_batches(max_chunksize=ROWS // 6):
        encoder.add(batch)
        encoder.flush()
    encoder.close()
    return path


@pytest.mark.parametrize("name", ["avro", "csv", "json", "orc", "parquet", "tsv"])
def test_every_row_is_in_one_piece(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name)
    store = open_store(str(path), None, tmp_path)
    reader = file_kind(name).reader(ReadStyle(), None)
    size = path.stat().st_size
    whole = Split(str(path), "a", 0, size, size, step=1 << 16)
    schema = reader.sample(store, whole, 1 << 20)
    assert schema is not None
    end = reader.measured(store, whole).end
    targets = [size * part // 7 for part in range(1, 7)]
    edges = [0, *reader.edges(store, replace(whole, end=end), targets), end]
    assert edges == sorted(edges)
    assert len(set(edges)) > 3
    found: list[int] = []
    for first, last in pairwise(edges):
        if last > first:
            piece = replace(whole, start=first, end=last)
            for table in reader.tables(store, piece, schema, "UTC", stop_at):
                found += table["id"].to_pylist()
    assert found == list(range(ROWS))


def test_a_format_whose_library_is_missing_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Avro, "library", "a_module_that_nobody_has")
    with pytest.raises(InvalidCall) as caught:
        file_kind("avro")
    assert caught.value.code == "library-not-installed"
    assert "pip install 'headrace[formats]'" in str(caught.value)
