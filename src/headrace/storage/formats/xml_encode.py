"""Rows as XML elements, column by column on Arrow's kernels; only nested columns go through Python."""

from __future__ import annotations

import base64
import datetime as dt
import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from headrace.core import DataRefused

from .xml_records import NAME

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["HEAD", "TAIL", "xml_rows"]

HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<rows xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    b'xmlns:headrace="https://headrace.dev/xml">\n'
)
TAIL = b"</rows>\n"
ELEMENT = re.compile(r"[^\W\d][\w.-]*")
ILLEGAL = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
MORE = {"\r": "&#13;"}


def xml_rows(table: pa.Table, tag: str) -> bytes:
    """One element for each row, one in it for each value that is not null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts: list[Any] = [pa.scalar(f"<{tag}>")]
    for name, column in zip(table.column_names, table.columns, strict=True):
        begin, end = _tags(name)
        if pa.types.is_nested(column.type):
            texts = pa.chunked_array([pa.array(_elements(begin, end, column), pa.string())])
        else:
            texts = pc.binary_join_element_wise(begin, _texts(column, name), end, pa.scalar(""))
        parts.append(pc.fill_null(texts, ""))
    if not table.num_columns:
        return f"<{tag}></{tag}>\n".encode() * int(table.num_rows)
    joined = pc.binary_join_element_wise(*parts, pa.scalar(f"</{tag}>\n"), pa.scalar(""))
    return b"".join(each.encode() for each in joined.to_pylist())


def _tags(name: str) -> tuple[str, str]:
    """The tags around a value; a name that no element can have stands in an attribute."""
    if ELEMENT.fullmatch(name) and not name.lower().startswith("xml"):
        return f"<{name}>", f"</{name}>"
    return f"<field {NAME}={quoteattr(name)}>", "</field>"


def _texts(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    kind = column.type
    if pt.is_string(kind) or pt.is_large_string(kind):
        return _escaped(column, name)
    if pt.is_timestamp(kind):
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%S" + ("Z" if kind.tz else ""))
    if pt.is_boolean(kind):
        return pc.if_else(column, "true", "false")
    if pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_null(kind):
        return pa.chunked_array([pa.array(map(_text, column.to_pylist()), pa.string())])
    return column.cast(pa.string())


def _escaped(texts: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    if pc.any(pc.match_substring_regex(texts, ILLEGAL)).as_py():
        raise _illegal(name)
    for letter, code in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), *MORE.items()):
        texts = pc.replace_substring(texts, letter, code)
    return texts


def _illegal(name: str) -> DataRefused:
    return DataRefused(
        "value-does-not-fit",
        f"A value of '{name}' has a control character, which XML cannot hold.",
        hint="Remove it in processor.sql_expression, or choose json.",
    )


def _elements(begin: str, end: str, column: pa.ChunkedArray) -> Any:
    for value in column.to_pylist():
        yield None if value is None else _element(begin, end, value, column.type)


def _element(begin: str, end: str, value: Any, kind: pa.DataType) -> str:
    import pyarrow.types as pt

    if pt.is_list(kind) or pt.is_large_list(kind):
        return "".join(_element(begin, end, each, kind.value_type) for each in value)
    if value is None:
        return f'{begin[:-1]} xsi:nil="true">{end}'
    if pt.is_struct(kind):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        inner = "".join(
            _element(*_tags(each.name), value[each.name], each.type)
            for each in fields
            if value[each.name] is not None
        )
        return f"{begin}{inner}{end}"
    if pt.is_map(kind):
        inner = "".join(_element(*_tags(str(key)), each, kind.item_type) for key, each in value)
        return f"{begin}{inner}{end}"
    text = escape(_text(value) or "", MORE)
    if re.search(ILLEGAL, text):
        raise _illegal(begin.strip("<>"))
    return f"{begin}{text}{end}"


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)
