"""What a user's PySpark code needs of an engine, read from its syntax, never by running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["code_needs"]

MODULES = {"pyspark.ml": "spark_ml", "pyspark.mllib": "spark_ml", "py4j": "jvm"}
ATTRIBUTES = {
    "_jdf": "jvm",
    "_jsc": "jvm",
    "_jsparkSession": "jvm",
    "_jvm": "jvm",
    "foreachBatch": "foreach_batch",
    "input_file_name": "file_metadata",
    "observe": "observe",
    "orc": "orc",
    "parallelize": "rdd",
    "rdd": "rdd",
    "readStream": "streaming_sinks",
    "sparkContext": "rdd",
    "writeStream": "streaming_sinks",
    "xml": "xml",
}
FORMATS = {"orc": "orc", "xml": "xml"}


def code_needs(code: str) -> frozenset[str]:
    """Capabilities, as the engines name them, that ``code`` mentions; none for code that does not parse."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    return frozenset(need for node in ast.walk(tree) for need in _needs_of(node))


def _needs_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from _of_modules(each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from _of_modules([node.module, *(f"{node.module}.{each.name}" for each in node.names)])
        yield from (ATTRIBUTES[each.name] for each in node.names if each.name in ATTRIBUTES)
    elif isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES and _is_read(node):
        yield ATTRIBUTES[node.attr]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        names = [each.value for each in node.args if isinstance(each, ast.Constant)]
        yield from (FORMATS[name] for name in names if isinstance(name, str) and name in FORMATS)


def _of_modules(names: Iterator[str] | list[str]) -> Iterator[str]:
    for name in names:
        for module, need in MODULES.items():
            if name == module or name.startswith(f"{module}."):
                yield need


def _is_read(node: ast.Attribute) -> bool:
    """A column may have such a name, too: ``frame.xml`` is one, ``frame.write.xml`` is not."""
    return node.attr not in FORMATS or not isinstance(node.value, ast.Name)
