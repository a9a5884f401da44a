"""What goes into a transaction of an Iceberg table: columns, partitions, data files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from headrace.core import Schema
from headrace.storage.datasource import arrow_type

from .files import DataFile, TableFiles

if TYPE_CHECKING:
    from pyiceberg.schema import Schema as IcebergSchema
    from pyiceberg.table import Transaction

__all__ = ["data_files", "evolve", "partitioned"]

THREADS = 8
FOOTER = 64 << 10
"""Bytes at a file's end that mostly hold its whole footer."""


def evolve(transaction: Transaction, added: Schema) -> IcebergSchema:
    """The table's schema in a transaction, with columns added that it does not have."""
    import pyarrow as pa

    known = transaction.table_metadata.schema()
    there = {each.name.casefold() for each in known.fields}
    missing = [each for each in added if each.name.casefold() not in there]
    if missing:
        with transaction.update_schema() as change:
            change.union_by_name(pa.schema([(each.name, arrow_type(each.type)) for each in missing]))
    return transaction.table_metadata.schema()


def partitioned(schema: IcebergSchema, columns: Sequence[str]) -> Any:
    """A new table's partitioning: by the columns' values."""
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.transforms import IdentityTransform

    return PartitionSpec(
        *(
            PartitionField(schema.find_field(name).field_id, 1000 + index, IdentityTransform(), name)
            for index, name in enumerate(columns)
        )
    )


def data_files(target: TableFiles, files: Sequence[DataFile], transaction: Transaction) -> list[Any]:
    """Files as a manifest names them, with the statistics of their own ends."""
    import pyarrow.parquet as pq
    from pyiceberg.io.pyarrow import (
        compute_statistics_plan,
        data_file_statistics_from_parquet_metadata,
        parquet_path_to_id_mapping,
    )
    from pyiceberg.manifest import DataFile as IcebergFile
    from pyiceberg.manifest import DataFileContent, FileFormat

    metadata = transaction.table_metadata
    plan = compute_statistics_plan(metadata.schema(), metadata.properties)
    mapping = parquet_path_to_id_mapping(metadata.schema())

    def of(file: DataFile) -> Any:
        key = target.folder + file.name
        end = target.store.read(key, max(0, file.size - FOOTER), file.size)
        length = int.from_bytes(end[-8:-4], "little") + 8
        if length > len(end):
            end = target.store.read(key, file.size - length, file.size)
        footer = pq.read_metadata(io.BytesIO(b"PAR1" + end[-length:]))
        statistics = data_file_statistics_from_parquet_metadata(footer, plan, mapping)
        return IcebergFile.from_args(
            content=DataFileContent.DATA,
            file_path=f"{metadata.location}/data/{file.name}",
            file_format=FileFormat.PARQUET,
            partition=statistics.partition(metadata.spec(), metadata.schema()),
            file_size_in_bytes=file.size,
            sort_order_id=None,
            spec_id=metadata.default_spec_id,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(of, files))
