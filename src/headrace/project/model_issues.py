"""What pydantic found wrong with a section or a connection, as issues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from headrace.core import did_you_mean, wanted

from .problems import Problems, show

__all__ = ["add_model_issues"]


def add_model_issues(
    error: ValidationError,
    model: type[BaseModel],
    place: tuple[str, ...],
    problems_at: Callable[[tuple[str, ...]], Problems],
    ignore: Callable[[Any], bool] = lambda _input: False,
) -> None:
    """One issue for each thing wrong, but for inputs that ``ignore`` accepts: references, say."""
    seen: set[tuple[str, ...]] = set()
    for detail in error.errors(include_url=False, include_context=False):
        path = (*place, *(str(part) for part in detail["loc"]))
        if path in seen or ignore(detail["input"]):
            continue
        seen.add(path)
        problems = problems_at(path)
        last = str(detail["loc"][-1]) if detail["loc"] else place[-1]
        if detail["type"] == "extra_forbidden":
            hint = did_you_mean(last, _known(model, detail["loc"][:-1]))
            problems.add("unknown-key", f"'{place[-1]}' has no key {show(last)}.", *path, hint=hint)
        elif detail["type"] == "missing":
            problems.add("missing-key", f"'{place[-1]}' needs the key '{last}'.", *place)
        else:
            hint = _meant(detail)
            problems.add("invalid-setting", f"'{last}' has to be {wanted(detail)}.", *path, hint=hint)


def _meant(detail: Any) -> str | None:
    """The choice that a misspelled word is close to."""
    choices = detail["msg"].split("'")[1::2] if detail["type"] == "literal_error" else ()
    hint = did_you_mean(detail["input"], choices) if isinstance(detail["input"], str) else None
    return hint if hint and hint.startswith("Did") else None


def _known(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """The keys of the model at a place inside ``model``."""
    here: Any = model
    for part in loc:
        info = here.model_fields.get(part) if _is_model(here) else None
        if info is None:
            return []
        candidates = (info.annotation, *get_args(info.annotation))
        here = next((each for each in candidates if _is_model(each)), None)
    return [info.alias or name for name, info in here.model_fields.items()] if _is_model(here) else []


def _is_model(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)
