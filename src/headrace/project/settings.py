"""``headrace.toml``: what a project says about itself, with an environment's tables laid over the rest."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from headrace.core import (
    EngineSettings,
    InvalidCall,
    InvalidDocument,
    Json,
    TrackingSettings,
    Value,
    did_you_mean,
)

from .model_issues import add_model_issues
from .problems import Problems, show
from .toml_lines import toml_lines

__all__ = ["SETTINGS_FILE", "SecretSettings", "Settings", "merged", "read_settings", "secret_sources"]

SETTINGS_FILE = "headrace.toml"
SECTIONS = ("project", "engine", "tracking", "parameters", "secrets", "environments")
OVERLAID = ("engine", "tracking", "parameters", "secrets")
"""Sections that an environment may have."""
BUILT_IN = ("environment", "file", "keyring")
Section = TypeVar("Section", bound=Value)


class ProjectSettings(Value):
    """The ``[project]`` section."""

    name: str | None = None
    """The project's name. Without it, its folder's. Runs, offsets and promotions are kept under it."""
    description: str = ""
    """What the project is for."""


class SecretSettings(Value):
    """The ``[secrets]`` section: where secrets are looked for, and what a vault of that name is told."""

    order: tuple[str, ...] = BUILT_IN
    """Where to look, in this order: built-in sources and vaults that extensions bring."""
    options: dict[str, dict[str, Json]] = {}
    """What a vault is told: written as a table of its own, `[secrets.NAME]`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything in ``headrace.toml``, for one environment."""

    name: str | None = None
    engine: EngineSettings = field(default_factory=EngineSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    parameters: Mapping[str, Json] = field(default_factory=dict)
    secrets: SecretSettings = field(default_factory=SecretSettings)


def read_settings(raw: bytes, file: str, environment: str | None = None) -> Settings:
    """The settings for an environment (``None``: the base).

    Raises ``InvalidDocument`` with every problem, those of other environments included, and ``InvalidCall``
    (``unknown-environment``) when there is no such environment.
    """
    problems = Problems(file)
    plain = _parse(raw, problems)
    if plain is not None:
        problems.unknown_keys(plain, SECTIONS, SETTINGS_FILE)
        plain = {key: _table(plain.get(key), (key,), problems) for key in SECTIONS}
        environments = {
            name: _table(table, ("environments", name), problems)
            for name, table in plain["environments"].items()
        }
        _check_environments(environments, problems)
        base = _settings(plain, (), problems)
        if not problems.found:
            if environment is None:
                return base
            return _settings(_overlaid(plain, environments, environment), (), problems)
    raise InvalidDocument(problems.in_order())


def _parse(raw: bytes, problems: Problems) -> dict[str, Any] | None:
    try:
        text = raw.decode("utf-8-sig")
        plain = tomllib.loads(text)
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8 text (byte {error.start})."
        problems.add("document-encoding", message, hint="Save it as UTF-8.")
        return None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        words = str(error).partition(" (at line ")
        line = int(words[2].split(",")[0]) if words[2] else None
        problems.add("toml-syntax", f"This is not TOML: {words[0] or 'too deeply nested'}.", line=line)
        return None
    problems.lines = toml_lines(text)
    return plain


def _table(value: Any, path: tuple[str, ...], problems: Problems) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is not None:
        problems.wrong_type(f"'{path[-1]}'", value, f"a table, [{'.'.join(path)}]", *path)
    return {}


def _check_environments(environments: Mapping[str, dict[str, Any]], problems: Problems) -> None:
    for name, table in environments.items():
        place = ("environments", name)
        problems.unknown_keys(table, OVERLAID, "An environment", *place)
        sections = {key: _table(table.get(key), (*place, key), problems) for key in OVERLAID}
        _settings(sections, place, problems)


def _overlaid(
    plain: dict[str, Any], environments: Mapping[str, dict[str, Any]], environment: str
) -> dict[str, Any]:
    if environment not in environments:
        raise InvalidCall(
            "unknown-environment",
            f"No environment {show(environment)}.",
            where=SETTINGS_FILE,
            hint=did_you_mean(environment, environments)
            or f"Write a table [environments.{environment}.engine], say, in {SETTINGS_FILE}.",
        )
    overlay = environments[environment]
    return {key: merged(plain[key], overlay.get(key, {})) for key in SECTIONS}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``base``, table by table; lists and plain values are replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        result[key] = merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def _settings(plain: Mapping[str, Any], place: tuple[str, ...], problems: Problems) -> Settings:
    engine = _with_flat_spark_settings(plain["engine"])
    project = _read(ProjectSettings, plain.get("project", {}), (*place, "project"), problems)
    return Settings(
        name=project.name,
        engine=_read(EngineSettings, engine, (*place, "engine"), problems),
        tracking=_read(TrackingSettings, _json(plain["tracking"]), (*place, "tracking"), problems),
        parameters=dict(plain["parameters"]),
        secrets=_secrets(plain["secrets"], (*place, "secrets"), problems),
    )


def _read(
    model: type[Section], plain: Mapping[str, Any], place: tuple[str, ...], problems: Problems
) -> Section:
    try:
        return model(**plain)
    except ValidationError as error:
        add_model_issues(error, model, place, lambda _path: problems)
        return model()


def _secrets(plain: dict[str, Any], place: tuple[str, ...], problems: Problems) -> SecretSettings:
    """``order`` and, as tables of their own, what each vault is told: ``[secrets.NAME]``."""
    sources = secret_sources() if plain else BUILT_IN
    options = {key: value for key, value in plain.items() if key != "order" and isinstance(value, dict)}
    problems.unknown_keys(
        (key for key in plain if key not in options), ("order", *sources), "'secrets'", *place
    )
    problems.unknown_keys(options, sources, "'secrets'", *place)
    order = plain.get("order", list(BUILT_IN))
    if not isinstance(order, list):
        problems.wrong_type("'order'", order, "a list of names", *place, "order")
        return SecretSettings()
    sound = [each for each in order if problems.one_of(each, sources, "A source of secrets", *place, "order")]
    return SecretSettings(order=tuple(sound), options=options)


def secret_sources() -> tuple[str, ...]:
    """The built-in sources of secrets and those of entry points ``headrace.secrets``."""
    from importlib.metadata import entry_points

    return (*BUILT_IN, *sorted(entry.name for entry in entry_points(group="headrace.secrets")))


def _with_flat_spark_settings(plain: dict[str, Any]) -> dict[str, Any]:
    """``spark.sql.shuffle.partitions = 4`` is nested tables to TOML and one setting to Spark."""
    spark = plain.get("spark")
    if not isinstance(spark, dict) or not isinstance(spark.get("settings"), dict):
        return plain
    return plain | {"spark": spark | {"settings": dict(_flat(spark["settings"], ""))}}


def _flat(table: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            pairs.extend(_flat(value, f"{prefix}{key}."))
        else:
            pairs.append((prefix + key, str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs


def _json(value: Any) -> Any:
    """TOML's dates and times as ISO text."""
    if isinstance(value, dict):
        return {key: _json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_json(each) for each in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value
