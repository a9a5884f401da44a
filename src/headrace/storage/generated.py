"""Rows made up from a seed: the same ones on every engine, however they are cut into partitions.

Value ``n`` of a column is a function of the seed, the column's name and ``n`` alone: word ``n`` of a Philox
counter generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) with a key of its own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.core import ColumnType, Schema, Value
from headrace.storage.counting import Counter
from headrace.storage.datasource import arrow_type, normal_type

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Generated", "GeneratedColumn", "generated_schema"]

BLOCK = 65_536
"""Rows in a batch; batches begin at its multiples."""
WHOLE = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
LETTERS = b"abcdefghijklmnopqrstuvwxyz"
MOST_LETTERS = 13
"""As many as one word of 64 bits can tell apart."""
RANDOM = frozenset({*WHOLE, "float", "double", "boolean", "string", "binary", "date", "timestamp"})
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class GeneratedColumn(Value):
    """How the values of one column are made up."""

    type: str = "bigint"
    """A column type: whole numbers, `double`, `decimal(10,2)`, `boolean`, `string`, `date`, `timestamp` …"""
    sequence: bool = False
    """The row's number instead of a random value: `min`, `min + step` …"""
    step: float = 1
    """Between two values of a sequence; of dates in days, of timestamps in seconds."""
    min: int | float | str | None = None
    """The smallest value; for dates and timestamps as text."""
    max: int | float | str | None = None
    """The largest value."""
    length: int = 8
    """Of random text, in letters, up to 13."""
    choices: tuple[Any, ...] = ()
    """One of these, each as likely as the others."""
    nulls: float = 0.0
    """Which part of the values is null, 0 to 1."""

    @classmethod
    def of(cls, given: object) -> GeneratedColumn:
        """From ``sequence``, from a type, or from a mapping. Raises ``ValueError`` and ``InvalidCall``."""
        if isinstance(given, str):
            given = {"sequence": True} if given == "sequence" else {"type": given}
        made = cls.model_validate(given)
        made = made.model_copy(update={"type": normal_type(made.type)})
        made._check()
        return made

    def _check(self) -> None:
        base = self.type.partition("(")[0]
        if self.choices:
            self._chosen()
        elif base not in RANDOM | {"decimal", "timestamp_ntz"}:
            raise ValueError(f"values of type {self.type} are not made up; give `choices`")
        if self.sequence and base in ("boolean", "string", "binary"):
            raise ValueError(f"a sequence of {base} values has no meaning")
        if not 0 <= self.nulls <= 1 or not 1 <= self.length <= MOST_LETTERS:
            raise ValueError(f"`nulls` is between 0 and 1, `length` between 1 and {MOST_LETTERS}")
        if not self.choices and base not in ("boolean", "string", "binary"):
            low, high = self.bounds()
            if low > high:
                raise ValueError("`min` is larger than `max`")

    def _chosen(self) -> pa.Array:
        import pyarrow as pa

        try:
            return pa.array([_parsed(each, self.type) for each in self.choices], arrow_type(self.type))
        except (pa.ArrowException, ValueError, TypeError) as error:
            raise ValueError(f"`choices` do not fit {self.type}: {error}") from None

    def bounds(self) -> tuple[Any, Any]:
        """The smallest and the largest value, in the unit that is drawn: dates in days, timestamps in µs.

        A bound that is not given is the usual one, moved along where the other is given beyond it.
        """
        base = self.type.partition("(")[0]
        low, high = DEFAULTS.get(base, (0, 1_000_000))
        scale = int(self.type[8:-1].split(",")[1]) if base == "decimal" else 0
        if base == "decimal":
            high = 1000 * 10**scale
        span = high - low
        if self.min is not None:
            low = _unit(self.min, base, scale)
            high = max(high, low + span) if low > high else high
        if self.max is not None:
            high = _unit(self.max, base, scale)
            low = high - span if self.min is None and high < low else low
        if base in WHOLE or base == "decimal":
            digits = None if base in WHOLE else int(self.type[8:-1].split(",")[0])
            most = 10**digits - 1 if digits else 2 ** (WHOLE[base] - 1) - 1
            return max(low, -most - (digits is None)), min(high, most)
        return low, high

    def values(self, seed: int, name: str, first: int, rows: int, zone: str) -> pa.Array:
        """Rows ``first`` to ``first + rows`` of the column; ``first`` is a multiple of the block."""
        import numpy as np
        import pyarrow as pa

        words = _words(f"{seed}/{name}", first, rows)
        kind = arrow_type(self.type, zone)
        if self.choices:
            made = self._chosen().cast(kind).take(pa.array(_scaled(words, 0, len(self.choices) - 1)))
        else:
            made = self._drawn(words, np.arange(first, first + rows), kind)
        if self.nulls:
            here = _fraction(_words(f"{seed}/{name}/nulls", first, rows)) >= self.nulls
            made = pa.compute.if_else(pa.array(here), made, pa.scalar(None, kind))
        return made

    def _drawn(self, words: np.ndarray, numbers: np.ndarray, kind: pa.DataType) -> pa.Array:
        import numpy as np
        import pyarrow as pa

        base = self.type.partition("(")[0]
        if base == "boolean":
            return pa.array(words >> np.uint64(63) == 1)
        if base == "string":
            return _text(words, self.length)
        if base == "binary":
            return pa.array([each.tobytes() for each in words], pa.binary())
        low, high = self.bounds()
        if base in ("float", "double"):
            drawn = low + (numbers * self.step if self.sequence else _fraction(words) * (high - low))
            return pa.array(drawn, kind)
        unit = 1_000_000 if base.startswith("timestamp") else 1
        step = self.step * unit * (10 ** int(self.type[8:-1].split(",")[1]) if base == "decimal" else 1)
        whole = low + (numbers * step).astype(np.int64) if self.sequence else _scaled(words, low, high)
        if base == "decimal":
            return _decimals(whole, kind)
        if base in WHOLE:
            return pa.array(whole, kind)
        return pa.array(whole.astype(np.int32) if base == "date" else whole).cast(kind)


DEFAULTS: Mapping[str, tuple[Any, Any]] = {
    "tinyint": (-128, 127),
    "float": (0.0, 1.0),
    "double": (0.0, 1.0),
    "date": (19_723, 20_088),  # 2024
    "timestamp": (19_723 * 86_400_000_000, 20_089 * 86_400_000_000 - 1),
    "timestamp_ntz": (19_723 * 86_400_000_000, 20_089 * 86_400_000_000 - 1),
}


def _unit(given: Any, base: str, scale: int) -> Any:
    if base == "date":
        return (dt.date.fromisoformat(str(given)) - EPOCH.date()).days
    if base.startswith("timestamp"):
        moment = dt.datetime.fromisoformat(str(given))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return (aware - EPOCH) // dt.timedelta(microseconds=1)
    if base == "decimal":
        return round(float(given) * 10**scale)
    return float(given) if base in ("float", "double") else int(given)


def _parsed(given: Any, kind: str) -> Any:
    if kind == "date":
        return dt.date.fromisoformat(str(given))
    if kind.startswith("timestamp"):
        return dt.datetime.fromisoformat(str(given))
    return given


def _words(stream: str, first: int, rows: int) -> np.ndarray:
    """Words ``first`` to ``first + rows`` of a stream of random 64-bit words."""
    import numpy as np

    key = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:16], "big")
    return np.random.Philox(key=key, counter=first // 4).random_raw(rows)


def _fraction(words: np.ndarray) -> np.ndarray:
    """At least 0 and less than 1, 53 bits of it."""
    import numpy as np

    made: np.ndarray = (words >> np.uint64(11)) * 2.0**-53
    return made


def _scaled(words: np.ndarray, low: int, high: int) -> np.ndarray:
    """Whole numbers from ``low`` to ``high``, both included."""
    import numpy as np

    made: np.ndarray = low + np.floor(_fraction(words) * (high - low + 1)).astype(np.int64)
    return made


def _text(words: np.ndarray, length: int) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    letters = np.frombuffer(LETTERS, np.uint8)
    made = np.empty((len(words), length), np.uint8)
    for at in range(length):
        made[:, at] = letters[(words % np.uint64(26)).astype(np.int64)]
        words = words // np.uint64(26)
    ends = np.arange(0, (len(words) + 1) * length, length, dtype=np.int32)
    buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(made.tobytes())]
    return pa.Array.from_buffers(pa.string(), len(words), buffers)


def _decimals(whole: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Unscaled values as decimals: 128 bits, the lower half first."""
    import numpy as np
    import pyarrow as pa

    halves = np.stack([whole, whole >> 63], axis=1)
    return pa.Array.from_buffers(kind, len(whole), [None, pa.py_buffer(halves.astype("<i8").tobytes())])


def generated_schema(columns: Mapping[str, GeneratedColumn]) -> Schema:
    """The columns' names and types."""
    return Schema(tuple(ColumnType(name, each.type) for name, each in columns.items()))


@dataclass(frozen=True)
class Generated:
    """Rows ``first`` to ``last`` (exclusive) as a source; see :class:`headrace.storage.datasource.Source`."""

    columns: Mapping[str, GeneratedColumn]
    seed: int
    first: int
    last: int
    cuts: int
    zone: str
    counter: Counter

    @property
    def schema(self) -> Schema:
        """All columns."""
        return generated_schema(self.columns)

    @property
    def partitions(self) -> range:
        """Whole blocks, spread over as many partitions as there may be."""
        blocks = -(-self.last // BLOCK) - self.first // BLOCK
        return range(max(1, min(self.cuts, blocks)))

    def read(self, partition: int) -> Iterator[pa.RecordBatch]:
        """The blocks of one partition, one after the other."""
        begin, end = self.first // BLOCK, -(-self.last // BLOCK)
        with self.counter.tally(partition) as tally:
            for block in range(begin + partition, end, len(self.partitions)):
                yield tally.counted(self._block(block))

    def _block(self, block: int) -> pa.RecordBatch:
        import pyarrow as pa

        at = block * BLOCK
        start, end = max(self.first - at, 0), min(self.last - at, BLOCK)
        made = {
            name: each.values(self.seed, name, at, end, self.zone)[start:]
            for name, each in self.columns.items()
        }
        return pa.RecordBatch.from_pydict(made)
