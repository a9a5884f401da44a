"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from headrace.core import Json

__all__ = ["Document", "Engine", "Environment", "Folder", "JsonFlag", "Parameters", "given"]

Document = Annotated[
    Path, typer.Argument(metavar="DOCUMENT", help="The pipeline's YAML document.", show_default=False)
]
Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter's value; repeat for more."),
]
Environment = Annotated[
    str | None, typer.Option("--env", metavar="NAME", help="The environment of headrace.toml to use.")
]
Engine = Annotated[
    str | None,
    typer.Option("--engine", metavar="NAME", help="embedded, spark or auto; overrides the document."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, for machines.")]
Folder = Annotated[
    Path,
    typer.Option("--project", metavar="DIR", help="A folder of the project; the current one by default."),
]


def given(pairs: Sequence[str] | None) -> dict[str, Json]:
    """``["max_iter=200"]`` as a mapping; types are the document's business. Raises ``InvalidCall``."""
    from headrace.core import InvalidCall

    values: dict[str, Json] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise InvalidCall(
                "parameter-form",
                f"'{pair}' is not a parameter.",
                hint="Write -p name=value, for example -p max_iter=200.",
            )
        values[name.strip()] = value
    return values
