"""CSV in a bucket to Parquet in a bucket, by hand with Polars. Usage: on_polars.py SOURCE TARGET."""

from __future__ import annotations

import os
import sys

import polars as pl

source, target = sys.argv[1:]
store = {
    "aws_access_key_id": os.environ["STORE_KEY"],
    "aws_secret_access_key": os.environ["STORE_SECRET"],
    "aws_endpoint_url": os.environ["STORE_ENDPOINT"],
    "aws_region": "us-east-1",
    "aws_allow_http": "true",
}
rows = pl.scan_csv(source, storage_options=store, try_parse_dates=True)
rows.sink_parquet(f"{target}/all.parquet", storage_options=store, compression="snappy")
