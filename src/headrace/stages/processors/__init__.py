"""Stages that turn frames into frames; ``processors.Filter`` is the class of ``processor.filter``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .aggregate import Aggregate as Aggregate
    from .convert_types import ConvertTypes as ConvertTypes
    from .deduplicate import Deduplicate as Deduplicate
    from .expect import Expect as Expect
    from .fill_missing import FillMissing as FillMissing
    from .filter import Filter as Filter
    from .join import Join as Join
    from .keep_fields import KeepFields as KeepFields
    from .pyspark import PySpark as PySpark
    from .remove_fields import RemoveFields as RemoveFields
    from .rename_fields import RenameFields as RenameFields
    from .repartition import Repartition as Repartition
    from .sample import Sample as Sample
    from .sort import Sort as Sort
    from .split_rows import SplitRows as SplitRows
    from .sql import Sql as Sql
    from .sql_expression import SqlExpressions as SqlExpressions
    from .union import Union as Union

_HOMES = {
    "Aggregate": "aggregate",
    "ConvertTypes": "convert_types",
    "Deduplicate": "deduplicate",
    "Expect": "expect",
    "FillMissing": "fill_missing",
    "Filter": "filter",
    "Join": "join",
    "KeepFields": "keep_fields",
    "PySpark": "pyspark",
    "RemoveFields": "remove_fields",
    "RenameFields": "rename_fields",
    "Repartition": "repartition",
    "Sample": "sample",
    "Sort": "sort",
    "SplitRows": "split_rows",
    "Sql": "sql",
    "SqlExpressions": "sql_expression",
    "Union": "union",
}

__all__ = [*_HOMES]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

    def __dir__() -> list[str]:
        return [*__all__]
