"""A :class:`Pipeline` → YAML as a person would write it."""

from __future__ import annotations

import io
from typing import Any

from headrace.core import Json, Lane, Node, Parameter, Pipeline

from .round_trip import round_trip

__all__ = ["dump_pipeline", "stage_plain", "styled"]

WIDTH = 100
"""Columns after which a list or a mapping gets a line for each entry."""


def dump_pipeline(pipeline: Pipeline) -> str:
    """The document of a pipeline: reading it gives an equal one, layout included."""
    document: dict[str, Json] = {"headrace": 1, "kind": "pipeline", "name": pipeline.name}
    if pipeline.description:
        document["description"] = pipeline.description
    if pipeline.engine is not None:
        document["engine"] = pipeline.engine
    if pipeline.counts != "stages":
        document["counts"] = pipeline.counts
    if pipeline.mode != "batch":
        document["mode"] = pipeline.mode
    if pipeline.interval is not None:
        whole = pipeline.interval.is_integer()
        document["interval"] = int(pipeline.interval) if whole else pipeline.interval
    if pipeline.parameters:
        document["parameters"] = {
            name: _parameter(parameter) for name, parameter in pipeline.parameters.items()
        }
    document["stages"] = {name: stage_plain(node) for name, node in pipeline.stages.items()}
    if pipeline.layout:
        document["layout"] = dict(pipeline.layout)
    target = io.StringIO()
    round_trip().dump(_laid_out(document), target)
    return target.getvalue()


def stage_plain(node: Node) -> dict[str, Json]:
    """A node as the document has it: ``type`` and ``from`` first, then its own fields."""
    plain: dict[str, Json] = {"type": node.type}
    if node.inputs:
        plain["from"] = _from(node.inputs)
    if node.description:
        plain["description"] = node.description
    plain.update(node.config)
    if node.on_error != "stop":
        plain["on_error"] = node.on_error
    if node.max_errors is not None:
        plain["max_errors"] = node.max_errors
    for key in ("cache", "disabled"):
        if getattr(node, key):
            plain[key] = True
    return plain


def _from(lanes: tuple[Lane, ...]) -> Json:
    if any(lane.port is not None for lane in lanes):
        return {lane.port or str(index): str(lane) for index, lane in enumerate(lanes)}
    return str(lanes[0]) if len(lanes) == 1 else [str(lane) for lane in lanes]


def _parameter(parameter: Parameter) -> dict[str, Json]:
    plain = {"type": parameter.type, **parameter.model_dump(mode="json", exclude_defaults=True)}
    for key in ("minimum", "maximum"):
        bound = plain.get(key)
        if isinstance(bound, float) and bound.is_integer():
            plain[key] = int(bound)
    return plain


def _laid_out(document: dict[str, Json]) -> Any:
    from ruamel.yaml.comments import CommentedMap

    laid = CommentedMap()
    for key, value in document.items():
        if key in ("parameters", "stages"):
            block = CommentedMap((_text(name), styled(each, len(name) + 4)) for name, each in value.items())
            if key == "stages":
                for name in value:
                    block[name].fa.set_block_style()
            laid[key] = block
            laid.yaml_set_comment_before_after_key(key, before="\n")
        else:
            laid[key] = styled(value, len(key) + 2)
    return laid


def styled(value: Json, indent: int = 0) -> Any:
    """The value with short lists and mappings on one line, and text of several lines as a block."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, dict):
        mapping = CommentedMap((_text(key), styled(each, indent + 2)) for key, each in value.items())
        if _fits(value, indent):
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list | tuple):
        sequence = CommentedSeq(styled(each, indent + 2) for each in value)
        if _fits(value, indent):
            sequence.fa.set_flow_style()
        return sequence
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    """A block for several lines of plain text, and escapes for characters that would not survive."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    if text.isprintable():
        return text
    kind = LiteralScalarString if "\n" in text and _can_be_block(text) else DoubleQuotedScalarString
    escaped: str = kind(text)
    return escaped


def _can_be_block(text: str) -> bool:
    """Whether a block scalar gives the text back: printable, no odd line ends, first line not indented."""
    plain = all(each.isprintable() or each == "\n" for each in text)
    return plain and not text[0].isspace() and not text.endswith("\n\n")


def _fits(value: Json, indent: int) -> bool:
    """Whether a list or mapping of plain values is short enough for one line."""
    entries = list(value.items()) if isinstance(value, dict) else [(None, each) for each in value]
    if any(isinstance(each, dict | list | tuple) for _, each in entries):
        return not value
    if any(isinstance(each, str) and "\n" in each for _, each in entries):
        return False
    length = sum(len(str(key or "")) + len(str(each)) + 4 for key, each in entries)
    return indent + length <= WIDTH
