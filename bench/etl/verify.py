"""What an output of the ETL amounts to, as JSON: rows, a checksum over every column, and the sum of totals.

Usage: verify.py OUTPUT, which is a Parquet file or a folder of such.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

output = Path(sys.argv[1])
files = f"{output}/**/*.parquet" if output.is_dir() else str(output)
rows, checksum, total = duckdb.sql(
    f"""
    select count(*),
           bit_xor(hash(
               order_id::bigint, customer::bigint, product, region, round(price * 100)::bigint,
               quantity::bigint, day::date, round(discount::double * 100)::bigint, channel, orders::bigint)),
           sum(total)
    from read_parquet('{files}')
    """
).fetchall()[0]
print(json.dumps({"rows": rows, "checksum": str(checksum), "total": total}))
