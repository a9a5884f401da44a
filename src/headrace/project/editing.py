"""A document being edited: what is not touched keeps its comments, its order and its quotes."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headrace.core import InvalidCall, InvalidDocument, Json, did_you_mean

from .documents import read_bytes
from .dump import styled
from .nodes import STAGE_NAME, read_lane
from .problems import Problems, show
from .round_trip import round_trip
from .yaml_text import read_tree

__all__ = ["Document"]

LIST_BELOW_KEY = re.compile(
    r"^( *)[^\s#-][^\n]*:[ ]*(?:#[^\n]*)?\n(?:[ ]*(?:#[^\n]*)?\n)*( *)- ", re.MULTILINE
)


class Document:
    """YAML text as a tree that can be changed and written again.

    >>> document = Document("stages: {load: {type: origin.files}}  # the raw rows")
    >>> document.set(("stages", "load", "path"), "data/*.csv")
    >>> document.text()
    'stages: {load: {type: origin.files, path: data/*.csv}} # the raw rows'
    """

    def __init__(self, text: str | bytes, file: str | None = None) -> None:
        """Raises ``InvalidDocument`` for text that is not YAML or no mapping; its meaning is not checked."""
        problems = Problems(file)
        tree = read_tree(text, problems)
        if tree is not None and not isinstance(tree.value, dict):
            problems.add("not-a-mapping", "The document is not a mapping of keys to values.", line=1)
        if problems.found or tree is None:
            if not problems.found:
                problems.add("empty-document", "The document is empty.")
            raise InvalidDocument(problems.in_order())
        self.file = file
        self._text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        self._yaml = round_trip()
        self._tree = self._yaml.load(self._text.replace("\r\n", "\n"))
        self._changed = False

    @classmethod
    def load(cls, path: Path) -> Document:
        """The document in a file."""
        return cls(read_bytes(path), str(path))

    def text(self) -> str:
        """The document as it is now: to the letter as it was when nothing has been changed."""
        if not self._changed:
            return self._text
        below = LIST_BELOW_KEY.search(self._text)
        offset = max(0, len(below.group(2)) - len(below.group(1))) if below else 2
        self._yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
        target = io.StringIO()
        self._yaml.dump(self._tree, target)
        text = target.getvalue()
        return text.replace("\n", "\r\n") if "\r\n" in self._text else text

    def get(self, path: Sequence[str]) -> Json:
        """The value at a path of keys and list positions. Raises ``InvalidCall`` when there is none."""
        here = self._tree
        for depth, part in enumerate(path):
            here = here[self._step(here, part, path[:depth])]
        return _plain(here)

    def set(self, path: Sequence[str], value: Json) -> None:
        """Puts a value at a path; mappings on the way are made, and a list takes a position or its end."""
        here = self._tree
        for depth, part in enumerate(path[:-1]):
            if isinstance(here, dict) and self._key(here, part) is None:
                here[part] = styled({})
                here[part].fa.set_block_style()
            here = here[self._step(here, part, path[:depth])]
        last = path[-1]
        if isinstance(here, list) and last == str(len(here)):
            here.append(styled(value))
        elif isinstance(here, dict):
            here[self._key(here, last) or last] = styled(value, 2 * len(path))
        else:
            here[self._step(here, last, path[:-1])] = styled(value)
        self._changed = True

    def remove(self, path: Sequence[str]) -> None:
        """Takes away what is at a path. Raises ``InvalidCall`` when there is nothing."""
        here = self._tree
        for depth, part in enumerate(path[:-1]):
            here = here[self._step(here, part, path[:depth])]
        del here[self._step(here, path[-1], path[:-1])]
        self._changed = True

    def add_stage(self, name: str, stage: Mapping[str, Json]) -> None:
        """A new stage at the end of ``stages``."""
        self._check_free(name)
        stages = self._tree.get("stages")
        if not isinstance(stages, dict):
            self._tree["stages"] = stages = styled({})
            stages.fa.set_block_style()
        stages[name] = styled(dict(stage), 4 + len(name))
        stages[name].fa.set_block_style()
        self._changed = True

    def remove_stage(self, name: str) -> None:
        """Takes a stage away, and from every ``from`` that reads it."""
        self.remove(("stages", name))
        for stage in self._stages().values():
            if isinstance(stage, dict) and "from" in stage:
                left = _without(stage["from"], name)
                if left is None:
                    del stage["from"]
                else:
                    stage["from"] = left

    def rename_stage(self, old: str, new: str) -> None:
        """Gives a stage another name, in its place; every ``from`` and the layout follow."""
        stages = self._stages()
        self._step(stages, old, ("stages",))
        if old == new:
            return
        self._check_free(new)
        _rename_key(stages, old, new)
        for stage in stages.values():
            if isinstance(stage, dict) and "from" in stage:
                stage["from"] = _renamed(stage["from"], old, new)
        layout = self._tree.get("layout")
        if isinstance(layout, dict):
            _rename_in_layout(layout, old, new)
        self._changed = True

    def _stages(self) -> Any:
        stages = self._tree.get("stages")
        return stages if isinstance(stages, dict) else {}

    def _check_free(self, name: str) -> None:
        if not STAGE_NAME.fullmatch(name):
            hint = "Use letters, digits, '_' and '-'."
            raise InvalidCall("invalid-name", f"{show(name)} cannot name a stage.", hint=hint)
        if name in self._stages():
            raise InvalidCall("stage-exists", f"There is a stage {show(name)} already.")

    def _step(self, here: Any, part: str, before: Sequence[str]) -> Any:
        key = self._key(here, part)
        if key is None:
            place = ".".join((*before, part))
            known = [str(each) for each in here] if isinstance(here, dict) else ()
            hint = did_you_mean(part, known)
            raise InvalidCall("no-such-place", f"The document has nothing at {show(place)}.", hint=hint)
        return key

    @staticmethod
    def _key(here: Any, part: str) -> Any:
        """The key or position that ``part`` names: keys such as ``1`` or ``null`` are not text to ruamel."""
        if isinstance(here, list):
            return int(part) if part.isdecimal() and int(part) < len(here) else None
        if not isinstance(here, dict):
            return None
        return part if part in here else next((each for each in here if str(each) == part), None)


def _plain(value: Any) -> Json:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return bool(value) if type(value).__name__ == "ScalarBoolean" else value


def _rename_key(mapping: Any, old: str, new: str) -> None:
    position = list(mapping).index(old)
    comment = mapping.ca.items.pop(old, None)
    value = mapping.pop(old)
    mapping.insert(position, new, value)
    if comment is not None:
        mapping.ca.items[new] = comment


def _renamed(source: Any, old: str, new: str) -> Any:
    """``from`` with one stage called otherwise, changed in place where it is a list or a mapping."""
    if isinstance(source, str):
        lane = read_lane(source)
        if lane is None or lane.stage != old:
            return source
        return type(source)(f"{new}.{lane.output}" if lane.output else new)
    for key in range(len(source)) if isinstance(source, list) else source:
        if isinstance(source[key], str):
            source[key] = _renamed(source[key], old, new)
    return source


def _without(source: Any, name: str) -> Any:
    """``from`` with nothing of one stage in it; ``None`` when nothing is left."""
    if isinstance(source, str):
        lane = read_lane(source)
        return None if lane is not None and lane.stage == name else source
    keys = list(range(len(source))) if isinstance(source, list) else list(source)
    for key in reversed(keys):
        if isinstance(source[key], str) and _without(source[key], name) is None:
            del source[key]
    return source if len(source) else None


def _rename_in_layout(here: Any, old: str, new: str) -> None:
    """Keys and list items that are the stage's name: positions by stage, groups of stages."""
    if isinstance(here, dict):
        for key in list(here):
            _rename_in_layout(here[key], old, new)
        if old in here and new not in here:
            _rename_key(here, old, new)
    elif isinstance(here, list):
        for index, each in enumerate(here):
            if each == old:
                here[index] = new
            else:
                _rename_in_layout(each, old, new)
