"""The engine by itself: reads one small CSV file after the other and writes each as Parquet."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(folder: Path, target: Path) -> None:
    """Prints the seconds of each file as JSON."""
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer("127.0.0.1", 0)
    server.start()
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").getOrCreate()
    seconds = []
    for file in sorted(folder.glob("*.csv")):
        began = time.perf_counter()
        frame = session.read.schema("id bigint, v string").option("header", True).csv(str(file))
        frame.write.mode("append").parquet(str(target))
        seconds.append(time.perf_counter() - began)
    sys.stdout.write(json.dumps(seconds) + "\n")
    session.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
