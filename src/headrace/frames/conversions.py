"""One value as another type: the SQL that converts, and the SQL that says what cannot be converted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from headrace.core import Field, Value

from .columns import quoted, text

__all__ = [
    "Conversion",
    "TypeName",
    "converted",
    "message",
    "no_conversion",
    "type_name",
    "unconvertible",
]

ALIASES = {
    "text": "string", "varchar": "string", "str": "string", "bool": "boolean", "long": "bigint",
    "integer": "int", "short": "smallint", "byte": "tinyint", "number": "double", "real": "float",
    "datetime": "timestamp", "numeric": "decimal",
}  # fmt: skip
PLAIN = (
    "string", "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "date", "timestamp",
    "timestamp_ntz", "binary",
)  # fmt: skip
NUMBER_FORMATS = {
    "1,234.56": (",", "."),
    "1.234,56": (".", ","),
    "1 234,56": (" ", ","),
    "1'234.56": ("'", "."),
    "1234,56": ("", ","),
}
UNIX = {"unix_seconds": "seconds", "unix_millis": "millis", "unix_micros": "micros"}
TICKS = {"seconds": 1, "millis": 10**3, "micros": 10**6}
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""Of the years 1 and 9999, counted from 1970."""
WHOLE = ("tinyint", "smallint", "int", "bigint")
NUMBERS = (*WHOLE, "float", "double", "decimal")
MOMENTS = ("timestamp", "timestamp_ntz")
SECONDS = "Convert it to bigint first, and from there with `format: unix_seconds`."
BY_EXPRESSION = "Compute it with processor.sql_expression."
REFUSED: Mapping[tuple[str, ...], Mapping[tuple[str, ...], str]] = {
    ("array", "map", "struct"): {("*",): "Take it apart with processor.sql_expression."},
    WHOLE: {("date", "timestamp_ntz"): "Give a `format`, such as unix_seconds.", ("binary",): BY_EXPRESSION},
    ("float", "double"): {("date", *MOMENTS): SECONDS, ("binary",): BY_EXPRESSION},
    ("decimal",): {("date", "timestamp_ntz"): SECONDS, ("binary", "boolean"): BY_EXPRESSION},
    ("boolean",): {("date", *MOMENTS, "binary"): BY_EXPRESSION, ("decimal",): "Convert it to int first."},
    ("date",): {("boolean", *NUMBERS, "binary"): BY_EXPRESSION},
    MOMENTS: {
        ("boolean", "binary"): BY_EXPRESSION,
        tuple(set(NUMBERS) - {"bigint"}): "Convert it to bigint, which are seconds since 1970.",
    },
    ("binary",): {("boolean", *NUMBERS, "date", *MOMENTS): "Convert it to string first."},
}
"""From → to → what to do instead: what one of the engines cannot do, neither does."""


def type_name(value: str) -> str:
    """A type as Spark spells it; raises ``ValueError`` for one that is none."""
    plain = re.sub(r"\s+", "", value).lower()
    plain = ALIASES.get(plain, plain)
    if plain.startswith("numeric("):
        plain = plain.replace("numeric", "decimal", 1)
    if plain == "decimal":
        return "decimal(10,0)"
    number = re.fullmatch(r"decimal\((\d+)(?:,(\d+))?\)", plain)
    if number:
        return _decimal(int(number.group(1)), int(number.group(2) or 0))
    if plain in PLAIN or plain.startswith(("array<", "map<", "struct<")):
        return plain
    raise ValueError(f"'{value}' is no type; there is {', '.join(PLAIN)}, decimal(precision,scale)")


def _decimal(precision: int, scale: int) -> str:
    if not 1 <= precision <= 38 or scale > precision:
        raise ValueError("a decimal has 1 to 38 digits, and no more behind the point than in all")
    return f"decimal({precision},{scale})"


TypeName = Annotated[str, AfterValidator(type_name)]


class Conversion(Value):
    """What one column becomes."""

    type: TypeName = Field(description="The new type.", examples=["date", "decimal(12,2)", "bigint"])
    format: str | None = Field(
        None,
        description="How the text is written: for dates and timestamps a Spark pattern, or `unix_seconds`, "
        "`unix_millis`, `unix_micros`; for numbers one of `1,234.56`, `1.234,56`, `1 234,56`, `1'234.56`, "
        "`1234,56`. Towards text: how a date is to be written.",
        examples=["dd/MM/yyyy", "yyyy-MM-dd HH:mm", "1.234,56"],
    )

    @property
    def shown(self) -> str:
        """``date (dd/MM/yyyy)``."""
        return f"{self.type} ({self.format})" if self.format else self.type


def no_conversion(old: str, to: Conversion) -> str | None:
    """What to do instead, where values of the type ``old`` do not become ``to``; ``None``: they do."""
    was, new = family(old), family(to.type)
    if to.format is not None or old == to.type:
        return None
    for kinds, refused in REFUSED.items():
        for targets, hint in refused.items() if was in kinds else ():
            if new in targets or "*" in targets:
                return hint
    return None


def family(kind: str) -> str:
    """A type without what stands in its brackets."""
    return re.split(r"[(<]", kind, maxsplit=1)[0]


def converted(name: str, to: Conversion) -> str:
    """SQL for the converted value; null where it cannot be converted."""
    value = quoted(name)
    if to.format is None:
        return f"try_cast({value} AS {to.type})"
    if to.type == "string":
        return f"date_format({value}, {text(to.format)})"
    if to.format in UNIX:
        unit, count = UNIX[to.format], f"try_cast({value} AS bigint)"
        low, high = FIRST_SECOND * TICKS[unit], (LAST_SECOND + 1) * TICKS[unit] - 1
        moment = f"CASE WHEN {count} BETWEEN {low} AND {high} THEN timestamp_{unit}({count}) END"
        return f"CAST({moment} AS {to.type})"
    if to.type in ("date", "timestamp", "timestamp_ntz"):
        return f"CAST(try_to_timestamp(CAST({value} AS string), {text(to.format)}) AS {to.type})"
    thousands, point = NUMBER_FORMATS[to.format]
    plain = f"CAST({value} AS string)"
    if thousands:
        plain = f"replace({plain}, {text(thousands)}, '')"
    return f"try_cast(replace({plain}, {text(point)}, '.') AS {to.type})"


def unconvertible(name: str, to: Conversion) -> str:
    """SQL that is true for a value that cannot be converted; null and blank text are no failures."""
    if to.type in ("string", "binary") and to.format is None:
        return "false"
    value = quoted(name)
    return f"({converted(name, to)} IS NULL AND {value} IS NOT NULL AND trim(CAST({value} AS string)) <> '')"


def message(name: str, to: Conversion) -> str:
    """SQL for the sentence about such a value."""
    value = f"substr(CAST({quoted(name)} AS string), 1, 80)"
    before, after = f"Column '{name}' has '", f"', which is no {to.shown}."
    return f"concat({text(before)}, {value}, {text(after)})"
