"""What each engine cannot do, as data: asked when a document is compiled, never found out by a stack trace.

Everything that is not listed works. The kinds are honest words: ``notimpl``, we could and have not;
``notyet``, the engine's makers must; ``never``, it makes no sense there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["ENGINES", "GAPS", "Gap", "gap"]

ENGINES = ("embedded", "spark")


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that an engine cannot do, and why."""

    kind: Literal["notimpl", "notyet", "never"]
    reason: str


GAPS: Mapping[str, Mapping[str, Gap]] = {
    "embedded": {
        "spark_ml": Gap("never", "pyspark.ml runs inside a JVM, and Sail has none"),
        "rdd": Gap("never", "Spark Connect has no RDDs"),
        "streaming_sinks": Gap("notyet", "Sail has no Structured Streaming sinks"),
        "avro_write": Gap("notyet", "Sail reads Avro and does not write it"),
        "orc": Gap("notyet", "Sail has no ORC reader or writer"),
        "xml": Gap("notyet", "Sail has no XML reader or writer"),
        "spark_packages": Gap("never", "packages for Spark are Java archives, and Sail has no JVM"),
    },
    "spark": {},
}


def gap(engine: str, capability: str) -> Gap | None:
    """Why ``engine`` cannot do ``capability``; ``None``: it can."""
    return GAPS.get(engine, {}).get(capability)
