"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from headrace.core import Json

__all__ = [
    "Document",
    "Engine",
    "Environment",
    "Folder",
    "FromStart",
    "Interval",
    "JsonFlag",
    "Once",
    "Parameters",
    "To",
    "given",
    "length",
    "moment",
]

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

Once = Annotated[
    bool, typer.Option("--once", help="Read what is new, in as many batches as limits ask for; then end.")
]
FromStart = Annotated[
    bool, typer.Option("--from-start", help="Read from the start, as if no offset were committed.")
]
To = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Stream until all is published that had come by then: now, 10m from now, or an instant.",
    ),
]
Interval = Annotated[
    str | None,
    typer.Option(metavar="LENGTH", help="Stream: from one batch to the next, at least; 500ms, 5s, 10m."),
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


def length(text: str | None) -> float | None:
    """``"5s"`` in seconds. Raises ``InvalidCall`` (``not-a-length-of-time``)."""
    from headrace.core import InvalidCall
    from headrace.project import seconds_of

    if text is None:
        return None
    seconds = seconds_of(text)
    if seconds is None:
        raise InvalidCall(
            "not-a-length-of-time", f"'{text}' is no length of time.", hint="Write 500ms, 5s, 10m, 2h or 1d."
        )
    return seconds


def moment(text: str | None) -> float | None:
    """``"now"``, ``"10m"`` from now or an instant, in seconds since 1970.

    Raises ``InvalidCall`` (``not-a-moment``). An instant without a zone is in UTC.
    """
    import datetime as dt
    import time

    from headrace.core import InvalidCall
    from headrace.project import seconds_of

    if text is None:
        return None
    ahead = 0.0 if text == "now" else seconds_of(text)
    if ahead is not None:
        return time.time() + ahead
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidCall(
            "not-a-moment", f"'{text}' is no moment.", hint="Write now, 10m, or 2026-01-31T12:00:00Z."
        ) from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)).timestamp()
