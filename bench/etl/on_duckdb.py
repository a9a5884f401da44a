"""The same ETL by hand in DuckDB. Usage: on_duckdb.py INPUT OUTPUT."""

from __future__ import annotations

import sys

import duckdb

duckdb.sql(
    f"""
    copy (
        with big as (
            select order_id, customer, product, region, amount as price, quantity::int as quantity, day,
                   discount::float as discount, channel
            from read_csv('{sys.argv[1]}') where amount > 50
        ), totals as (
            select product, sum(price * quantity) as total, count(*) as orders from big group by product
        )
        select * from big join totals using (product)
    ) to '{sys.argv[2]}' (format parquet)
    """
)
