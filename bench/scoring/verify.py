"""Rows and the sum of predictions in Parquet, as JSON. Usage: verify.py FILE-OR-FOLDER."""

from __future__ import annotations

import json
import sys

import pyarrow.compute as pc
import pyarrow.dataset as ds

predictions = ds.dataset(sys.argv[1], format="parquet").to_table(["prediction"])["prediction"]
print(json.dumps({"rows": len(predictions), "total": pc.sum(predictions).as_py()}))
