"""A hash of a row that depends on its values alone: not on order, partitions, engine or integer width.

Splits, folds and samples follow it. It is the first eight bytes, big-endian, of SHA-256 over::

    "headrace-row/1|" seed NUL  value*        columns in the order of their names (code points)

Each value is one tag byte and a payload; numbers in payloads are little-endian.

====================================  ===  ==========================================================
null                                  n    nothing
boolean                               b    one byte, 0 or 1
integers of any width                 i    int64
float, double                         d    IEEE double; ``-0.0`` as ``0.0``, one NaN (``7ff8…``)
decimals of any precision             D    int256: the value times 10³⁸, so that 5 and 5.00 are alike
date, timestamp with or without zone  t    int64: µs since 1970 in UTC; a date is its midnight
time, day-time interval               u    int64: µs
string                                s    int64 length in bytes, UTF-8
binary                                x    int64 length in bytes, bytes
array                                 l    int64 number of items, their encodings
struct                                f    encodings of its fields, in the order of their names
map                                   m    int64 number of entries, each as a struct key, value; sorted
====================================  ===  ==========================================================

Every encoding says where it ends, so two different rows never share one text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa

    from headrace.core import Frame

__all__ = ["hash_threshold", "row_hashes", "with_row_hash"]

PREFIX = b"headrace-row/1|"
ROWS_AT_ONCE = 16_384
TICKS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def row_hashes(
    batch: pa.RecordBatch | pa.Table, columns: Sequence[str] | None = None, seed: int | str = 0
) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """One ``uint64`` per row over ``columns`` (``None``: all), in whichever order they are named."""
    import numpy as np

    names = sorted(batch.schema.names if columns is None else columns)
    chosen = batch.select(names)
    chunks = chosen.to_batches(max_chunksize=ROWS_AT_ONCE) if hasattr(chosen, "to_batches") else [chosen]
    found = [_hashes(chunk.columns, chunk.num_rows, seed) for chunk in chunks]
    return np.concatenate(found) if found else np.empty(0, np.uint64)


def hash_threshold(fraction: float) -> int:
    """A row is in the first ``fraction`` when ``row_hashes(…) >> 1``, or the frame column, is below this."""
    return round(fraction * 2**63)


def with_row_hash(frame: Frame, columns: Sequence[str] | None, seed: int | str, name: str) -> Frame:
    """``frame`` with the column ``name`` (bigint): ``row_hashes(…) >> 1``, between 0 and 2⁶³ - 1."""
    from pyspark.sql import functions as f

    names = sorted(frame.columns if columns is None else columns)
    quoted = [f.col(f"`{each.replace('`', '``')}`") for each in names]
    hashed = f.arrow_udf(_hasher(seed), "bigint")(*quoted)
    return frame.withColumn(name, hashed)


def _hasher(seed: int | str) -> Any:
    def row_hash(*arrays: pa.Array) -> pa.Array:
        import numpy as np
        import pyarrow as pa

        hashes = _hashes(arrays, len(arrays[0]), seed)
        return pa.array((hashes >> np.uint64(1)).astype(np.int64))

    # Spark reads the annotations of an Arrow function as its calling convention.
    import pyarrow

    row_hash.__annotations__ = {"arrays": pyarrow.Array, "return": pyarrow.Array}
    return row_hash


def _hashes(arrays: Sequence[pa.Array], rows: int, seed: int | str) -> np.ndarray[Any, np.dtype[np.uint64]]:
    from hashlib import sha256

    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    head = pa.scalar(PREFIX + str(seed).encode() + b"\0", pa.large_binary())
    if not arrays or not rows:
        digest = sha256(head.as_py()).digest()[:8]
        return np.frombuffer(digest * rows, ">u8").astype(np.uint64)
    texts = pc.binary_join_element_wise(head, *map(_encoded, arrays), pa.scalar(b"", pa.large_binary()))
    ends = np.frombuffer(texts.buffers()[1], np.int64, rows + 1, texts.offset * 8).tolist()
    data = texts.buffers()[2].to_pybytes()
    starts = iter(ends)
    start = next(starts)
    digests = bytearray()
    for end in starts:
        digests += sha256(data[start:end]).digest()[:8]
        start = end
    return np.frombuffer(digests, ">u8").astype(np.uint64)


def _encoded(array: pa.Array) -> pa.LargeBinaryArray:
    """The canonical encoding of each value; no nulls are left."""
    import pyarrow as pa
    import pyarrow.types as t

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    kind = array.type
    if t.is_dictionary(kind):
        array, kind = array.dictionary_decode(), kind.value_type
    if t.is_null(kind):
        return pa.array([b"n"] * len(array), pa.large_binary())
    if _is_text(kind):
        return _text(array, b"x" if _is_bytes(kind) else b"s")
    if t.is_nested(kind):
        return _nested(array)
    return _fixed(array)


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(
        t.is_binary(kind) or t.is_large_binary(kind) or t.is_fixed_size_binary(kind) or t.is_binary_view(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind)) or _is_bytes(kind)


def _text(array: pa.Array, tag: bytes) -> pa.LargeBinaryArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    raw = (
        array.cast(pa.large_string()).cast(pa.large_binary())
        if tag == b"s"
        else array.cast(pa.large_binary())
    )
    lengths = _tagged(tag, pc.binary_length(raw).cast(pa.int64()))
    return _joined(lengths, raw)


def _joined(*parts: pa.Array) -> pa.LargeBinaryArray:
    """Parts put together; a null in any of them makes the value null, which is ``n``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pa.scalar(b"", pa.large_binary())
    return pc.fill_null(pc.binary_join_element_wise(*parts, nothing), pa.scalar(b"n", pa.large_binary()))


def _tagged(tag: bytes, array: pa.Array) -> pa.LargeBinaryArray:
    """A tag byte and the raw bytes of each fixed-width value; nulls stay null."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(array):
        return pa.array([], pa.large_binary())
    width = array.type.byte_width
    raw = np.frombuffer(array.buffers()[1], np.uint8, len(array) * width, array.offset * width)
    text = np.empty((len(array), width + 1), np.uint8)
    text[:, 0] = tag[0]
    text[:, 1:] = raw.reshape(len(array), width)
    ends = np.arange(0, (len(array) + 1) * (width + 1), width + 1, dtype=np.int64)
    whole = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(array), [None, pa.py_buffer(ends), pa.py_buffer(text)]
    )
    return (
        pc.if_else(array.is_valid(), whole, pa.scalar(None, pa.large_binary())) if array.null_count else whole
    )


def _fixed(array: pa.Array) -> pa.LargeBinaryArray:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    kind = array.type
    if t.is_boolean(kind):
        tag, plain = b"b", array.cast(pa.uint8())
    elif t.is_integer(kind):
        tag, plain = b"i", array.cast(pa.int64(), safe=False)
    elif t.is_floating(kind):
        tag, plain = b"d", _canonical_double(array.cast(pa.float64()))
    elif t.is_decimal(kind):
        tag, plain = b"D", array.cast(pa.decimal256(76, 38))
    elif t.is_date(kind) or t.is_timestamp(kind):
        tag, plain = b"t", _microseconds(array)
    elif t.is_time(kind) or t.is_duration(kind):
        tag, plain = b"u", _microseconds(array)
    else:
        raise _unhashable(kind)
    return pc.fill_null(_tagged(tag, plain), pa.scalar(b"n", pa.large_binary()))


def _unhashable(kind: pa.DataType) -> DataRefused:
    return DataRefused(
        "unhashable-column",
        f"A column of type {kind} cannot take part in a row's hash.",
        hint="Name the key columns that the split or sample should follow, or convert the column.",
    )


def _canonical_double(array: pa.Array) -> pa.Array:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    # 0.0 + -0.0 is 0.0, which takes the sign from zeros and changes nothing else.
    plain = pc.add(array, 0.0)
    return pc.if_else(pc.is_nan(plain), pa.scalar(np.nan, pa.float64()), plain)


def _microseconds(array: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    if t.is_date32(array.type):
        return pc.multiply(array.cast(pa.int32()).cast(pa.int64()), 86_400_000_000)
    if t.is_date64(array.type):
        return pc.multiply(array.cast(pa.int64()), 1_000)
    whole = array.cast(pa.int32()).cast(pa.int64()) if t.is_time32(array.type) else array.cast(pa.int64())
    if array.type.unit != "ns":
        return pc.multiply(whole, TICKS[array.type.unit])
    floored = pc.fill_null(whole, 0).to_numpy(zero_copy_only=False) // 1_000
    return pc.if_else(array.is_valid(), pa.array(floored, pa.int64()), pa.scalar(None, pa.int64()))


def _nested(array: pa.Array) -> pa.LargeBinaryArray:
    import pyarrow as pa
    import pyarrow.types as t

    kind = array.type
    if t.is_struct(kind):
        fields = sorted(range(kind.num_fields), key=lambda index: kind.field(index).name)
        tag = pa.array([b"f"] * len(array), pa.large_binary())
        return _where_valid(array, _joined(tag, *(_encoded(array.field(index)) for index in fields)))
    if t.is_map(kind):
        items = _encoded(pa.StructArray.from_arrays([array.keys, array.items], names=["key", "value"]))
        return _lists(array, b"m", items, ordered=False)
    if not (t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind)):
        raise _unhashable(kind)
    return _lists(array, b"l", _encoded(array.values), ordered=True)


def _where_valid(array: pa.Array, encoded: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(array.is_valid(), encoded, pa.scalar(b"n", pa.large_binary()))


def _lists(array: pa.Array, tag: bytes, items: pa.LargeBinaryArray, *, ordered: bool) -> pa.LargeBinaryArray:
    import numpy as np
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_fixed_size_list(array.type):
        size = array.type.list_size
        ends = np.arange(array.offset, array.offset + len(array) + 1) * size
    else:
        ends = array.offsets.to_numpy()
    lengths = _tagged(tag, pa.array(np.diff(ends).astype(np.int64)))
    values = items.to_pylist()
    bodies = [values[start:end] for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    joined = [b"".join(each if ordered else sorted(each)) for each in bodies]
    return _where_valid(array, _joined(lengths, pa.array(joined, pa.large_binary())))
