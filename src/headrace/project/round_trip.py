"""The round-trip YAML of ruamel, with our reader's idea of what a plain scalar means."""

from __future__ import annotations

from typing import Any

from .scalars import NotANumber, plain_value

__all__ = ["round_trip"]

TAG = "tag:yaml.org,2002:"
TAGS: dict[type, str] = {str: "str", bool: "bool", int: "int", float: "float", type(None): "null"}


class WrittenFloat(float):
    """A number as the document writes it, ``1e3`` say; ruamel's own loses digits of long ones."""

    text: str


def round_trip() -> Any:
    """A new one. What it writes plain is what our reader reads as the same value; the rest gets quotes."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import RoundTripConstructor
    from ruamel.yaml.nodes import ScalarNode
    from ruamel.yaml.representer import RoundTripRepresenter
    from ruamel.yaml.resolver import VersionedResolver
    from ruamel.yaml.tag import Tag

    class CoreResolver(VersionedResolver):  # type: ignore[misc, unused-ignore]
        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if kind is not ScalarNode:
                return super().resolve(kind, value, implicit)
            return Tag(suffix=TAG + (_plain_tag(str(value)) if implicit[0] else "str"))

    class Constructor(RoundTripConstructor):  # type: ignore[misc, unused-ignore]
        pass

    class Representer(RoundTripRepresenter):  # type: ignore[misc, unused-ignore]
        pass

    Constructor.add_constructor(TAG + "float", _float)
    Representer.add_representer(WrittenFloat, _written)
    yaml = YAML(typ="rt")
    yaml.Constructor = Constructor
    yaml.Representer = Representer
    yaml.Resolver = CoreResolver
    yaml.composer.warn_double_anchors = False
    yaml.allow_unicode = True
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _float(_constructor: Any, node: Any) -> WrittenFloat:
    value = WrittenFloat(node.value)
    value.text = node.value
    return value


def _written(representer: Any, value: WrittenFloat) -> Any:
    return representer.represent_scalar(TAG + "float", value.text)


def _plain_tag(text: str) -> str:
    if text == "<<":
        return "merge"
    try:
        return TAGS[type(plain_value(text))]
    except NotANumber:
        return "float"
