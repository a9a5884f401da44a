"""What engines say when something is wrong, and what it means: pure data, read from top to bottom."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headrace.core import DataRefused, EngineFailed, HeadraceError, InvalidCall, RunFailed

__all__ = ["RULES", "Rule"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern in an engine's words, and ours; the pattern's named groups fill ``message``."""

    pattern: re.Pattern[str]
    kind: type[HeadraceError]
    code: str
    message: str
    hint: str | None = None


def _rule(pattern: str, kind: type[HeadraceError], code: str, message: str, hint: str | None = None) -> Rule:
    return Rule(re.compile(pattern, re.DOTALL), kind, code, message, hint)


_EXPLAIN = "`headrace explain` shows the columns after every stage."
_TRY_CAST = "Convert with processor.convert_types, which can keep or drop such rows, or use try_cast."
_MEMORY = "Raise 'memory' in the [engine] section, read fewer columns, or use the engine 'spark'."
_MERGE_JOIN = (
    "Set SAIL_OPTIMIZER__PREFER_HASH_JOIN=false in the environment: joins then use the disk and take about "
    "twice the time. Or raise 'memory' in the [engine] section."
)

RULES: tuple[Rule, ...] = (
    # Memory
    _rule(
        r"Failed to allocate additional (?P<more>[\d.]+ \w+) for \w*Join\w*.*?pool_size: (?P<size>[^)]+)",
        EngineFailed,
        "out-of-memory",
        "A join needed {more} more than the {size} of memory that the engine may use.",
        _MERGE_JOIN,
    ),
    _rule(
        r"Failed to allocate additional (?P<more>[\d.]+ \w+) for (?P<what>\w+).*?pool_size: (?P<size>[^)]+)",
        EngineFailed,
        "out-of-memory",
        "{what} needed {more} more than the {size} of memory that the engine may use.",
        _MEMORY,
    ),
    _rule(
        r"Resources exhausted|OutOfMemoryError|Java heap space|GC overhead limit|Container killed .*memory",
        EngineFailed,
        "out-of-memory",
        "The engine ran out of memory.",
        _MEMORY,
    ),
    _rule(
        r"No space left on device|DiskBlockObjectWriter.*IOException",
        EngineFailed,
        "disk-full",
        "The disk that the engine spills to is full.",
        "Free space, or point TMPDIR at a larger disk.",
    ),
    # Columns
    _rule(
        r"\[UNRESOLVED_COLUMN[^\]]*\].*?name (?P<name>`.*?`) cannot be resolved"
        r"(?:\. Did you mean one of the following\? \[(?P<known>.*?)\])?",
        DataRefused,
        "unknown-column",
        "There is no column {name}.",
        _EXPLAIN,
    ),
    _rule(
        r"attribute ObjectName\(\[(?P<name>.*?)\]\) is missing from the schema",
        DataRefused,
        "unknown-column",
        "There is no column {name}.",
        _EXPLAIN,
    ),
    _rule(
        r"\[AMBIGUOUS_REFERENCE\] Reference (?P<name>`.*?`) is ambiguous"
        r"|ambiguous attribute: ObjectName\(\[(?P<other>.*?)\]\)",
        DataRefused,
        "ambiguous-column",
        "More than one column is called {name}.",
        "Rename one of them before they meet.",
    ),
    # SQL
    _rule(
        r"\[PARSE_\w+\] Syntax error at or near (?P<found>.*?)\.? ?(?:SQLSTATE|\(line|$)",
        InvalidCall,
        "invalid-sql",
        "The SQL has a mistake at {found}.",
    ),
    _rule(
        r"invalid argument: found (?P<found>end of input|\S+)(?: at \d+:\d+)? expected ",
        InvalidCall,
        "invalid-sql",
        "The SQL has a mistake at '{found}'.",
    ),
    _rule(
        r"\[UNRESOLVED_ROUTINE\] Cannot resolve routine (?P<name>`.*?`)"
        r"|(?:unknown |^)function: (?P<other>\S+)",
        InvalidCall,
        "unknown-function",
        "There is no function {name}.",
        "Functions are Spark SQL's.",
    ),
    _rule(
        r"\[TABLE_OR_VIEW_NOT_FOUND\] (?:The table or view |Table or view not found: )(?P<name>`.*?`|\S+)",
        InvalidCall,
        "unknown-table",
        "There is no table {name}.",
        "In a query, an input goes by the name of its port: of the stage, of its output, or as `from:` says.",
    ),
    _rule(
        r"\[MISSING_(?:GROUP_BY|AGGREGATION)\]|No field named .*Valid fields are .*count\("
        r"|\[INVALID_WHERE_CONDITION\]|does not support logical expression AggregateFunction"
        r"|Aggregate requires at least one grouping or aggregate expression",
        InvalidCall,
        "invalid-sql",
        "An aggregate function stands beside columns that are neither aggregated nor grouped by.",
        "Use processor.aggregate, or GROUP BY in processor.sql.",
    ),
    _rule(
        r"\[DATATYPE_MISMATCH[^\]]*\] (?P<what>.*?)\.*(?:\. |\n|SQLSTATE)",
        DataRefused,
        "type-mismatch",
        "{what}.",
        "Convert with processor.convert_types first.",
    ),
    _rule(
        r"(?P<what>Cannot coerce .*? to valid types)"
        r"|Unsupported (?P<other>(?:TRY_)?CAST from .{1,60} to .{1,40}?)(?:\n|$)",
        DataRefused,
        "type-mismatch",
        "{what}.",
        "Convert with processor.convert_types first.",
    ),
    _rule(
        r"(?:arguments to satisfy a call to|Function) '(?P<name>\w+)'"
        r"(?: function: coercion| failed to match any signature| user-defined coercion failed)",
        DataRefused,
        "type-mismatch",
        "The function '{name}' does not take values of these types.",
        "Convert with processor.convert_types first, or write CAST; `try_add(n, 1L)` adds to a bigint.",
    ),
    _rule(
        r"Regular expression did not compile|PatternSyntaxException|\[INVALID_PARAMETER_VALUE\.PATTERN\]",
        InvalidCall,
        "invalid-pattern",
        "A regular expression has a mistake.",
        "Look for a bracket that is not closed; a character that means itself has a backslash before it.",
    ),
    # Values
    _rule(
        r"\[CAST_(?:INVALID_INPUT|OVERFLOW)\] The value (?P<value>.*?) of the type \"(?P<old>[^\"]*)\" "
        r"cannot be cast to \"(?P<new>[^\"]*)\"",
        DataRefused,
        "cast-failed",
        "The value {value} cannot be converted to {new}.",
        _TRY_CAST,
    ),
    _rule(
        r"(?:Cannot cast string|Can't cast value) (?P<value>.*?) to (?:value of |type )"
        r"(?P<new>\w+(?:\([^)]*\))?)",
        DataRefused,
        "cast-failed",
        "The value {value} cannot be converted to {new}.",
        _TRY_CAST,
    ),
    _rule(
        r"invalid (?P<new>timestamp|date|time|interval): (?P<value>.{1,80})",
        DataRefused,
        "cast-failed",
        "The value '{value}' cannot be converted to {new}.",
        _TRY_CAST,
    ),
    _rule(
        r"typed literal \"(?P<new>\w+)\" is invalid: '(?P<value>.*?)'",
        DataRefused,
        "cast-failed",
        "The value '{value}' cannot be converted to {new}.",
    ),
    _rule(
        r"DateValue \{ |Unable to parse date|\[DATETIME_FIELD_OUT_OF_BOUNDS|Invalid date '",
        DataRefused,
        "cast-failed",
        "A date does not exist.",
        _TRY_CAST,
    ),
    _rule(
        r"element_at: the index is out of bounds",
        DataRefused,
        "index-out-of-range",
        "An index is out of bounds.",
        "Use get(), which gives null.",
    ),
    _rule(
        r"\[(?:DIVIDE|REMAINDER)_BY_ZERO\]|(?:[Dd]ivi(?:sion|de)|[Rr]emainder) by zero",
        DataRefused,
        "division-by-zero",
        "A row divides by zero.",
        "Use try_divide, which gives null, or filter such rows out.",
    ),
    _rule(
        r"\[ARITHMETIC_OVERFLOW\]|\[(?:BINARY_)?ARITHMETIC_OVERFLOW|[Aa]rithmetic overflow"
        r"|\[NUMERIC_VALUE_OUT_OF_RANGE|Int\d+ overflow on|is out of range Int\d+|long overflow"
        r"|too large to store in a Decimal",
        DataRefused,
        "arithmetic-overflow",
        "A result is too large for its type.",
        "Use a wider type, or try_add, try_multiply and the like, which give null.",
    ),
    _rule(
        r"\[INVALID_ARRAY_INDEX[^\]]*\] (?P<what>The index .*? elements?)"
        r"|(?P<other>[Ii]ndex \S+ is out of bounds)",
        DataRefused,
        "index-out-of-range",
        "{what}.",
        "Use get(), which gives null.",
    ),
    _rule(
        r"\[USER_RAISED_EXCEPTION\] (?P<what>.*?)(?: SQLSTATE|\n|$)",
        DataRefused,
        "raised-by-expression",
        "An expression refused a row: {what}",
    ),
    # Files
    _rule(
        r"\[PATH_NOT_FOUND\] Path does not exist: (?P<path>.*?)\.? ?(?:SQLSTATE|\n|$)",
        DataRefused,
        "file-missing",
        "There is no file '{path}'.",
    ),
    _rule(
        r"\[FAILED_READ_FILE[^\]]*\] .*?file (?P<path>\S+?)\.? "
        r"|Parquet error: (?P<other>(?:(?!Traceback)[^\n]){1,120})",
        DataRefused,
        "broken-file",
        "A file cannot be read: {path}.",
        "It may be cut off or of another format.",
    ),
    _rule(
        r"\[PATH_ALREADY_EXISTS\] Path (?P<path>\S+)|path already exists: (?P<other>\S+)",
        DataRefused,
        "destination-exists",
        "There is something at '{path}' already.",
    ),
    _rule(
        r"\[DATA_SOURCE_NOT_FOUND\].*?data source: (?P<name>\S+?)\.? "
        r"|No data source found for: (?P<other>\S+)",
        EngineFailed,
        "unknown-format",
        "The engine has nothing that reads or writes '{name}'.",
        'On Spark, name the package in the [engine.spark] section: packages = ["group:artifact:version"].',
    ),
    # The engine itself
    _rule(
        r"StatusCode\.UNAVAILABLE|Connection refused|Connection reset|Socket closed"
        r"|Answer from Java side is empty|Error while sending or receiving|SparkContext was shut down"
        r"|Cannot call methods on a stopped|Cannot invoke RPC on closed channel",
        EngineFailed,
        "engine-lost",
        "The engine went away while it was working.",
        "It may have been killed for want of memory: see the system's log, and 'memory' in [engine].",
    ),
    _rule(
        r"Python worker (?:exited|failed|crashed)|EOFException",
        RunFailed,
        "python-worker-died",
        "A Python worker ended in the middle of its work.",
        "Native code in a user function may have crashed, or memory ran out.",
    ),
)
