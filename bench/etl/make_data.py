"""Makes the ETL's input: a CSV of orders, seeded. Usage: make_data.py ROWS FILE."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
from pyarrow import csv

rows, target = int(sys.argv[1]), sys.argv[2]
BLOCK = 1_000_000
REGIONS = np.array(["north", "south", "east", "west", "center"])
random = np.random.default_rng(7)


def block(start: int, count: int) -> pa.Table:
    """Orders ``start`` to ``start + count``."""
    cents = random.integers(100, 100_000, count)
    days = random.integers(0, 365, count).astype("timedelta64[D]") + np.datetime64("2025-01-01")
    return pa.table(
        {
            "order_id": np.arange(start, start + count),
            "customer": random.integers(1, 200_000, count),
            "product": np.char.add("p", random.integers(1, 500, count).astype(str)),
            "region": REGIONS[random.integers(0, len(REGIONS), count)],
            "amount": cents / 100,
            "quantity": random.integers(1, 10, count),
            "day": days,
            "discount": np.round(random.random(count) * 0.3, 2),
            "channel": np.where(random.random(count) < 0.5, "web", "shop"),
            "note": np.char.add("note ", random.integers(0, 10_000, count).astype(str)),
        }
    )


writer = None
for start in range(0, rows, BLOCK):
    part = block(start, min(BLOCK, rows - start))
    writer = writer or csv.CSVWriter(target, part.schema)
    writer.write_table(part)
if writer is not None:
    writer.close()
