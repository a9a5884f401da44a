"""Models in lists, and one of them whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.padding import Padding

from headrace.app.progress import number
from headrace.cli.output import OUT, table

__all__ = ["show_models", "show_one"]

METRICS = 4
"""Metrics that fit into a row."""


def show_models(found: Sequence[Mapping[str, Any]]) -> None:
    """A line a model."""
    if not found:
        OUT.print("No registered models yet. [bold]ml.train_model[/] with `register_as:` makes one.")
        return
    drawn = table("model", "production", "staging", "versions", right=("production", "staging", "versions"))
    for each in found:
        shown = (each["production"], each["staging"], each["versions"])
        drawn.add_row(escape(each["name"]), *("–" if value is None else str(value) for value in shown))
    OUT.print(drawn)


def show_one(found: Mapping[str, Any]) -> None:
    """Versions with their headline metrics, then decisions in words."""
    production = found["production"]
    where = f"version {production}" if production is not None else "none yet"
    OUT.print(f"[bold]{escape(found['name'])}[/]  production: {where}")
    names = _headline(found["versions"])
    drawn = table("version", "", *names, "made", right=("version", *names))
    for version in found["versions"]:
        cells = [_number(version["metrics"].get(name)) for name in names]
        labels = ", ".join(
            f"[green]{label}[/]" if label == "production" else label for label in version["labels"]
        )
        drawn.add_row(str(version["version"]), labels, *cells, str(version.get("created") or "")[:19])
    OUT.print(drawn)
    if found["decisions"]:
        OUT.print("\n[bold]decisions[/], the latest first")
    for each in found["decisions"]:
        OUT.print(
            f"  [dim]{each['at']}[/] {each['kind']} of version {each['version']}: [bold]{each['decision']}[/]"
        )
        OUT.print(Padding(escape(each["reason"] or ""), (0, 0, 0, 4)))


def _headline(versions: Sequence[Mapping[str, Any]]) -> list[str]:
    """The holdout's metrics: those without a dot in their name."""
    names = dict.fromkeys(name for each in versions for name in each["metrics"] if "." not in name)
    return list(names)[:METRICS]


def _number(value: Any) -> str:
    return "–" if value is None else number(value, 5)
