"""One hash per row, the same in Arrow, in Python and on every engine."""

from __future__ import annotations

import datetime as dt
import hashlib
import struct
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from headrace.core import DataRefused
from headrace.frames.row_hash import hash_threshold, row_hashes, with_row_hash

GOLDEN = [2536261441957814076, 2345360552822764152, 8276942372715026243]
PARIS = dt.timezone(dt.timedelta(hours=2))


def one(value: Any, kind: pa.DataType, seed: int | str = 0) -> int:
    return int(row_hashes(pa.table({"x": pa.array([value], kind)}), seed=seed)[0])


def sha(*parts: bytes, seed: str = "0") -> int:
    text = b"headrace-row/1|" + seed.encode() + b"\0" + b"".join(parts)
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


def test_the_hash_follows_its_published_encoding() -> None:
    assert one(5, pa.int32()) == sha(b"i" + struct.pack("<q", 5))
    assert one(None, pa.string()) == sha(b"n")
    assert one(1.5, pa.float64()) == sha(b"d" + struct.pack("<d", 1.5))
    assert one("né", pa.string()) == sha(b"s" + struct.pack("<q", 3) + "né".encode())
    assert one(b"\0", pa.binary()) == sha(b"x" + struct.pack("<q", 1) + b"\0")
    assert one(True, pa.bool_()) == sha(b"b\x01")
    assert one(Decimal("-1.5"), pa.decimal128(10, 2)) == sha(
        b"D" + (-15 * 10**37).to_bytes(32, "little", signed=True)
    )
    assert one(dt.date(1970, 1, 2), pa.date32()) == sha(b"t" + struct.pack("<q", 86_400_000_000))
    item = b"i" + struct.pack("<q", 7)
    assert one([7, None], pa.list_(pa.int16())) == sha(b"l" + struct.pack("<q", 2) + item + b"n")
    assert one({"b": 7, "a": None}, pa.struct([("b", pa.int8()), ("a", pa.int8())])) == sha(b"fn" + item)


def test_golden_values_never_change() -> None:
    table = pa.table({"id": [1, 2, None], "name": ["a", "ß", ""], "x": [0.1, float("nan"), -0.0]})
    assert row_hashes(table, seed=42).tolist() == GOLDEN


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (pa.array([5], pa.int8()), pa.array([5], pa.int64())),
        (pa.array([5], pa.uint32()), pa.array([5], pa.int64())),
        (pa.array([0.5], pa.float32()), pa.array([0.5], pa.float64())),
        (pa.array([-0.0]), pa.array([0.0])),
        (pa.array([float("nan")]), pa.array([np.float64(-np.nan)])),
        (pa.array([Decimal("5")], pa.decimal128(3, 0)), pa.array([Decimal("5.00")], pa.decimal128(38, 10))),
        (pa.array(["a"], pa.large_string()), pa.array(["a"]).dictionary_encode()),
        (
            pa.array([dt.datetime(2024, 1, 1, 2, tzinfo=PARIS)], pa.timestamp("us", "Europe/Paris")),
            pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("ms")),
        ),
        (pa.array([-1], pa.timestamp("ns")), pa.array([-1], pa.timestamp("us"))),
        (pa.array([dt.date(2024, 1, 1)]), pa.array([dt.datetime(2024, 1, 1)])),
        (
            pa.array([[("a", 1), ("b", 2)]], pa.map_(pa.string(), pa.int32())),
            pa.array([[("b", 2), ("a", 1)]], pa.map_(pa.string(), pa.int64())),
        ),
        (pa.array([None], pa.null()), pa.array([None], pa.int32())),
        (pa.array([[1, 2]], pa.list_(pa.int32(), 2)), pa.array([[1, 2]], pa.large_list(pa.int64()))),
    ],
)
def test_equal_values_of_different_types_have_one_hash(left: pa.Array, right: pa.Array) -> None:
    assert row_hashes(pa.table({"x": left})).tolist() == row_hashes(pa.table({"x": right})).tolist()


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": "x", "b": None}, {"a": None, "b": "x"}],
        [{"a": "x", "b": ""}, {"a": "", "b": "x"}, {"a": "", "b": None}],
        [{"a": ["x", "y"]}, {"a": ["xy"]}, {"a": []}, {"a": None}, {"a": [None]}],
        [{"a": {"p": None}}, {"a": None}],
        [{"a": 0}, {"a": None}, {"a": -1}],
    ],
)
def test_different_rows_have_different_hashes(rows: list[dict[str, Any]]) -> None:
    assert len(set(row_hashes(pa.Table.from_pylist(rows)).tolist())) == len(rows)


def test_columns_are_taken_by_name_and_order_chunks_and_slices_do_not_matter() -> None:
    table = pa.table(
        {
            "n": list(range(40_000)),
            "s": [str(i) if i % 3 else None for i in range(40_000)],
            "l": [[i, None] if i % 5 else None for i in range(40_000)],
            "f": [{"p": i, "q": [str(i)]} if i % 7 else None for i in range(40_000)],
            "m": pa.array([[(str(i), i)] for i in range(40_000)], pa.map_(pa.string(), pa.int64())),
            "z": pa.array([[i, i + 1] for i in range(40_000)], pa.list_(pa.int64(), 2)),
        }
    )
    whole = row_hashes(table)
    assert len(set(whole.tolist())) == 40_000
    assert (row_hashes(table.select(["z", "m", "f", "l", "s", "n"])) == whole).all()
    assert (row_hashes(table.slice(17_001, 500)) == whole[17_001:17_501]).all()
    assert (row_hashes(table.combine_chunks().to_batches()[0].slice(333, 50)) == whole[333:383]).all()
    assert (row_hashes(table, ["n"]) == row_hashes(table.select(["n"]))).all()
    assert not (row_hashes(table, seed=1) == whole).any()


def test_no_rows_have_no_hashes() -> None:
    table = pa.table({"a": pa.array([], pa.int64()), "l": pa.array([], pa.list_(pa.string()))})
    assert row_hashes(table).tolist() == []
    assert row_hashes(pa.table({"l": pa.array([[]], pa.list_(pa.int8()))})).shape == (1,)


def test_a_threshold_takes_its_fraction() -> None:
    hashes = row_hashes(pa.table({"n": list(range(20_000))}), seed=7) >> np.uint64(1)
    assert abs((hashes < hash_threshold(0.2)).mean() - 0.2) < 0.01
    assert (hashes < hash_threshold(1.0)).all()
    assert not (hashes < hash_threshold(0.0)).any()


def test_a_type_without_a_canonical_form_is_refused() -> None:
    table = pa.table({"x": pa.array([(1, 2, 3)], pa.month_day_nano_interval())})
    with pytest.raises(DataRefused) as caught:
        row_hashes(table)
    assert caught.value.code == "unhashable-column"


def test_a_frame_column_is_the_same_hash(any_engine: Any) -> None:
    frame = any_engine.session.sql(
        "select id, cast(id as int) `an int`, cast(id as double) / 3 d, cast(id as float) / 7 f, "
        "cast(id as decimal(12,3)) `de.c`, if(id % 3 = 0, null, concat('ü', id)) s, id % 2 = 0 b, "
        "timestamp'2024-01-01 10:00:00' + make_interval(0,0,0,0,0,0,id) t, "
        "date_add(date'1969-12-01', cast(id as int)) a, array(id, null) l, map(concat('k', id), id) m, "
        "named_struct('y', id, 'x', 'u') st, cast('q' as binary) x "
        "from range(0, 200, 1, 3)"
    )
    hashed = with_row_hash(frame, None, 42, "h h").toArrow()
    expected = row_hashes(hashed.drop_columns(["h h"]), seed=42) >> np.uint64(1)
    assert hashed["h h"].to_pylist() == expected.tolist()
    keys = with_row_hash(frame, ["s", "de.c"], "x", "h").toArrow()
    assert keys["h"].to_pylist() == (row_hashes(keys, ["de.c", "s"], "x") >> np.uint64(1)).tolist()
