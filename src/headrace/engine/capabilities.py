"""What each engine cannot do, as data: asked when a document is compiled, never found out by a stack trace.

A stage names what it needs beyond plain frames and SQL. The kinds are honest words: ``notimpl``, we could and
have not; ``notyet``, the engine's makers must; ``never``, it makes no sense there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["CAPABILITIES", "ENGINES", "GAPS", "Gap", "gap"]

ENGINES = ("embedded", "spark")

CAPABILITIES: Mapping[str, str] = {
    "avro_write": "writing Avro natively",
    "cache": "keeping a frame with cache() or persist()",
    "collations": "comparing text by a collation",
    "csv_modes": "going on after a ragged CSV row in the engine's own reader",
    "file_metadata": "_metadata and input_file_name()",
    "foreach_batch": "foreachBatch",
    "iceberg": "reading and writing Iceberg natively",
    "jvm": "Java classes behind the session",
    "observe": "DataFrame.observe",
    "orc": "ORC",
    "overflow_checks": "an error where integers or decimals overflow",
    "rdd": "RDDs and the SparkContext",
    "spark_ml": "pyspark.ml",
    "spark_packages": "packages for Spark",
    "stores_per_connection": "native readers with credentials of their own for each connection",
    "streaming_sinks": "Structured Streaming",
    "xml": "XML",
}
"""Every name that a stage's ``needs`` may hold."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that an engine cannot do, and why."""

    kind: Literal["notimpl", "notyet", "never"]
    reason: str


GAPS: Mapping[str, Mapping[str, Gap]] = {
    "embedded": {
        "avro_write": Gap("notyet", "Sail reads Avro and does not write it"),
        "cache": Gap("notyet", "Sail accepts cache() and persist() and does nothing"),
        "collations": Gap("notyet", "Sail has no collations"),
        "csv_modes": Gap("notyet", "Sail's CSV reader ends the query at a ragged row, whatever the mode"),
        "file_metadata": Gap("notyet", "Sail does not tell which file a row came from"),
        "foreach_batch": Gap("notyet", "Sail has no foreachBatch"),
        "jvm": Gap("never", "Sail has no JVM"),
        "observe": Gap("notyet", "Sail has no observe"),
        "orc": Gap("notyet", "Sail has no ORC reader or writer"),
        "overflow_checks": Gap("notyet", "Sail lets sums and products of integers wrap around"),
        "rdd": Gap("never", "Spark Connect has no RDDs"),
        "spark_ml": Gap("never", "pyspark.ml runs inside a JVM, and Sail has none"),
        "spark_packages": Gap("never", "packages for Spark are Java archives, and Sail has no JVM"),
        "stores_per_connection": Gap("notyet", "Sail takes one set of store credentials per process"),
        "streaming_sinks": Gap("notyet", "Sail has no Structured Streaming sinks"),
        "xml": Gap("notyet", "Sail has no XML reader or writer"),
    },
    "spark": {
        "iceberg": Gap("notyet", "there is no Iceberg runtime for Spark 4.2"),
    },
    "spark connect": {
        "jvm": Gap("never", "a Spark Connect client has no JVM beside it"),
        "rdd": Gap("never", "Spark Connect has no RDDs"),
        "spark_packages": Gap("never", "a Spark Connect server has the packages it was started with"),
    },
}
"""Gaps by engine; ``spark connect`` adds to ``spark`` where the master is ``sc://``."""


def gap(engine: str, capability: str) -> Gap | None:
    """Why ``engine`` cannot do ``capability``; ``None``: it can."""
    if capability not in CAPABILITIES:
        return Gap("notimpl", f"this version of Headrace knows no capability '{capability}'")
    if engine == "spark connect":
        return GAPS[engine].get(capability) or GAPS["spark"].get(capability)
    return GAPS.get(engine, {}).get(capability)
