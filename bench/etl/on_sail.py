"""The same ETL by hand on bare Sail. Usage: on_sail.py INPUT OUTPUT."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("RUST_LOG", "error")
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession
from pyspark.sql import functions as f

server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
_, port = server.listening_address
spark = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()

orders = spark.read.csv(sys.argv[1], header=True, inferSchema=True)
big = (
    orders.drop("note")
    .withColumnRenamed("amount", "price")
    .withColumn("quantity", f.col("quantity").cast("int"))
    .withColumn("discount", f.col("discount").cast("float"))
    .where("price > 50")
)
totals = big.groupBy("product").agg(
    f.expr("sum(price * quantity)").alias("total"), f.count("*").alias("orders")
)
big.join(totals, "product").write.mode("overwrite").parquet(sys.argv[2])
os._exit(0)
