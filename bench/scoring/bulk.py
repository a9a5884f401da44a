"""The same scoring by hand: all rows in memory, one call of the model. Usage: bulk.py STORE INPUT OUTPUT.

Prints as JSON how long ``predict`` took, by itself.
"""

from __future__ import annotations

import json
import sys
import time

import mlflow
import pyarrow as pa
import pyarrow.parquet as pq

mlflow.set_tracking_uri(f"sqlite:///{sys.argv[1]}")
model = mlflow.sklearn.load_model("models:/scored/1")
table = pq.read_table(sys.argv[2])
rows = table.drop_columns(["label"]).to_pandas()
began = time.perf_counter()
predicted = model.predict(rows)
seconds = time.perf_counter() - began
pq.write_table(table.append_column("prediction", pa.array(predicted)), sys.argv[3])
print(json.dumps({"seconds": seconds}))
