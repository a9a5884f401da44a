"""Makes a narrow CSV file of readings, seeded. Usage: make_data.py ROWS FILE."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
from pyarrow import csv

rows, target = int(sys.argv[1]), sys.argv[2]
BLOCK = 1_000_000
random = np.random.default_rng(11)


def block(start: int, count: int) -> pa.Table:
    """Readings ``start`` to ``start + count``."""
    return pa.table(
        {
            "reading": np.arange(start, start + count),
            "sensor": random.integers(1, 5000, count),
            "value": random.integers(0, 100_000, count) / 100,
            "state": np.where(random.random(count) < 0.9, "ok", "bad"),
        }
    )


writer = None
for start in range(0, rows, BLOCK):
    part = block(start, min(BLOCK, rows - start))
    writer = writer or csv.CSVWriter(target, part.schema)
    writer.write_table(part)
if writer is not None:
    writer.close()
