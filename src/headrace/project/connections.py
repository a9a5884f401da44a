"""``connections.yaml``: named, typed connections; what they refer to is looked up at the last moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from headrace.core import InvalidCall, InvalidDocument, Issue, Json, Secret, Value, did_you_mean

from .documents import read_bytes
from .model_issues import add_model_issues
from .nodes import STAGE_NAME
from .problems import Problems, show
from .references import Unresolved, has_reference, references, resolved
from .secrets import Secrets
from .settings import merged
from .yaml_text import read_tree

__all__ = ["Connections", "read_connections"]

KIND = "kind"


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of a project as they are written, secrets unresolved."""

    tables: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    layers: tuple[Problems, ...] = ()
    """The files they come from, for the place of a problem; the environment's file comes first."""

    def open(self, name: str, secrets: Secrets) -> Value:
        """The connection of that name with everything filled in.

        Raises ``InvalidCall`` (``unknown-connection``) when there is none, and ``InvalidDocument`` with every
        variable and secret that is missing.
        """
        if name not in self.tables:
            hint = did_you_mean(name, self.tables)
            hint = hint or "Write it into connections.yaml: 'NAME: {kind: s3, …}'."
            raise InvalidCall("unknown-connection", f"No connection {show(name)}.", hint=hint)
        table = self.tables[name]
        missing: list[Unresolved] = []

        def look_up(space: str, key: str) -> str | Secret | None:
            return secrets.variables.get(key) if space == "env" else secrets.find(key)

        plain = resolved(dict(table), look_up, missing)
        if missing:
            raise InvalidDocument(self._issue(name, each, secrets) for each in missing)
        return self._value(name, plain)

    def place(self, name: str) -> tuple[str | None, int | None]:
        """File and line of a connection, where its last word is."""
        layer = layer_of(self.layers, (name,)) if self.layers else None
        return (layer.file, layer.line(name)) if layer else (None, None)

    def _value(self, name: str, plain: dict[str, Any]) -> Value:
        from headrace.storage.connections import connection_model

        model = connection_model(plain[KIND])
        try:
            return model(**plain)
        except ValidationError as error:
            revealed = _revealed(plain, error)
        try:
            return model(**revealed)
        except ValidationError as error:
            layer = Problems(self.layers[0].file, self.layers[0].lines)
            add_model_issues(error, model, (name,), lambda _path: layer)
            raise InvalidDocument(layer.in_order()) from None

    def _issue(self, name: str, missing: Unresolved, secrets: Secrets) -> Issue:
        layer = layer_of(self.layers, (name, *missing.path))
        place = {"file": layer.file, "line": layer.line(name, *missing.path)}
        spot = ".".join((name, *missing.path))
        if missing.space == "secret":
            return secrets.unresolved(missing.name).at(field=spot, **place)
        message = f"The environment variable '{missing.name}' is not set."
        return Issue("unset-environment-variable", message).at(field=spot, **place)


def _revealed(plain: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """Secrets in the open where a field takes plain text only: the key's name from a vault, say."""
    refused = {detail["loc"][0] for detail in error.errors() if isinstance(detail["input"], Secret)}
    return {key: value.reveal() if key in refused else value for key, value in plain.items()}


def layer_of(layers: tuple[Problems, ...], path: tuple[str, ...]) -> Problems:
    """The file that has the last word on a path."""
    for end in range(len(path), 0, -1):
        for layer in layers:
            if path[:end] in layer.lines:
                return layer
    return layers[-1]


def read_connections(folder: Path, environment: str | None, problems: list[Issue]) -> Connections:
    """The connections of a folder, the environment's file over the base; what is wrong joins ``problems``."""
    names = ["connections.yaml"]
    if environment is not None:
        names.insert(0, f"connections.{environment}.yaml")
    found = [_read(folder / name) for name in names if (folder / name).exists()]
    tables: dict[str, Any] = {}
    for _, table in reversed(found):
        for name, plain in table.items():
            tables[name] = _overlaid(tables.get(name), plain)
    layers = tuple(layer for layer, _ in found)
    sound = {name: plain for name, plain in tables.items() if _check(name, plain, layers)}
    problems.extend(issue for layer in layers for issue in layer.in_order())
    return Connections(sound, layers)


def _read(path: Path) -> tuple[Problems, dict[str, Any]]:
    problems = Problems(str(path))
    tree = read_tree(read_bytes(path), problems)
    if tree is None or tree.value is None:
        return problems, {}
    problems.lines = tree.lines
    if not isinstance(tree.value, dict):
        problems.add("not-a-mapping", "The file has to map names to connections.", line=1)
        return problems, {}
    return problems, tree.value


def _overlaid(base: Any, over: Any) -> Any:
    """A connection of the same kind is changed key by key; one of another kind replaces it."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return merged(base, over) if over.get(KIND, base.get(KIND)) == base.get(KIND) else over


def _check(name: str, plain: Any, layers: tuple[Problems, ...]) -> bool:
    from headrace.storage.connections import connection_model

    problems = layer_of(layers, (name,))
    before = sum(len(layer.found) for layer in layers)
    if not STAGE_NAME.fullmatch(name):
        message, hint = f"{show(name)} cannot name a connection.", "Use letters, digits, '_' and '-'."
        problems.add("invalid-name", message, name, hint=hint)
    if not isinstance(plain, dict):
        problems.wrong_type(f"The connection {show(name)}", plain, "a mapping", name)
    elif not isinstance(plain.get(KIND), str):
        hint = "Write 'kind: s3', say."
        problems.add("missing-key", f"The connection {show(name)} does not say its kind.", name, hint=hint)
    else:
        _check_references(name, plain, layers)
        try:
            _check_fields(name, plain, connection_model(plain[KIND]), layers)
        except InvalidCall as error:
            layer_of(layers, (name, KIND)).add(error.code, error.message, name, KIND, hint=error.hint)
    return sum(len(layer.found) for layer in layers) == before


def _check_references(name: str, plain: dict[str, Any], layers: tuple[Problems, ...]) -> None:
    for path, space, key in references(plain):
        if space not in ("env", "secret") or not key:
            message = (
                f"{show('${' + space + (':' + key if key else '') + '}')} means nothing in a connection."
            )
            hint = "Use '${env:NAME}' or '${secret:NAME}'."
            layer_of(layers, (name, *path)).add("unknown-reference", message, name, *path, hint=hint)


def _check_fields(name: str, plain: dict[str, Any], model: type[Value], layers: tuple[Problems, ...]) -> None:
    try:
        model(**plain)
    except ValidationError as error:
        add_model_issues(error, model, (name,), lambda path: layer_of(layers, path), has_reference)
