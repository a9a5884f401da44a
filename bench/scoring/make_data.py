"""Makes rows to learn from and to score, seeded, as Parquet. Usage: make_data.py ROWS FILE."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

rows, target = int(sys.argv[1]), sys.argv[2]
BLOCK = 1_000_000
KINDS = np.array(["house", "flat", "cabin", "boat"])
random = np.random.default_rng(23)


def block(count: int) -> pa.Table:
    """Eight numbers, a category, and a label that follows from some of them."""
    numbers = {f"x{number}": random.random(count) for number in range(8)}
    kind = random.integers(0, len(KINDS), count)
    label = (
        3 * numbers["x0"] + np.sin(6 * numbers["x1"]) * numbers["x2"] + kind + random.normal(0, 0.1, count)
    )
    return pa.table(numbers | {"kind": KINDS[kind], "label": label})


writer = None
for start in range(0, rows, BLOCK):
    part = block(min(BLOCK, rows - start))
    writer = writer or pq.ParquetWriter(target, part.schema)
    writer.write_table(part, row_group_size=250_000)
if writer is not None:
    writer.close()
