"""CSV in a bucket to Parquet in a bucket, with dlt. Usage: on_dlt.py SOURCE-BUCKET PATTERN TARGET."""

from __future__ import annotations

import os
import sys

import dlt
from dlt.common.configuration.specs import AwsCredentials
from dlt.destinations import filesystem as bucket
from dlt.sources.filesystem import filesystem, read_csv_duckdb

source, pattern, target = sys.argv[1:]
store = AwsCredentials(
    aws_access_key_id=os.environ["STORE_KEY"],
    aws_secret_access_key=os.environ["STORE_SECRET"],
    endpoint_url=os.environ["STORE_ENDPOINT"],
    region_name="us-east-1",
)
files = filesystem(bucket_url=source, file_glob=pattern, credentials=store)
rows = files | read_csv_duckdb(use_pyarrow=True, chunk_size=100_000)
pipeline = dlt.pipeline(
    "moving",
    destination=bucket(bucket_url=target, credentials=store),
    dataset_name="moved",
    pipelines_dir="dlt",
)
pipeline.run(rows.with_name("orders"), loader_file_format="parquet", write_disposition="replace")
