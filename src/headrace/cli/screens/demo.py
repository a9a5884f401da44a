"""The demo, told while it happens."""

from __future__ import annotations

import time
from pathlib import Path

from rich.markup import escape

from headrace.app.demo import Demo, open_demo
from headrace.cli.ending import finish
from headrace.cli.live import follow
from headrace.cli.output import ERR, OUT
from headrace.core import Json

from .comparison import show_comparison

__all__ = ["tell"]

NEXT = (
    ("headrace models show housing", "what is in production, why"),
    ("headrace run pipelines/train.yaml -p max_iter=50", "train another one"),
    ("headrace models rollback housing", "one step back"),
)


def tell(folder: Path) -> None:
    """Two files land, two models are trained and compared, the better one is in production."""
    began = time.monotonic()
    with open_demo(folder) as demo:
        where = (
            "a real S3 server on this machine"
            if demo.server
            else "a local folder, since SeaweedFS has no build here"
        )
        OUT.print(f"[bold]Headrace demo[/] in {escape(str(folder))}, with {where}.")
        _chapter("1  A file of houses lands", demo.land(1))
        _run(demo)
        _chapter("2  A second file lands; other hyperparameters", demo.land(2))
        _run(demo, max_iter=300, learning_rate=0.08)
        _chapter("3  The two versions side by side", "headrace models compare housing 1 2")
        _compare(demo)
    OUT.print(f"\nTold in {time.monotonic() - began:.0f} s. Three commands to try next:")
    OUT.print(f"  cd {escape(str(folder))}")
    for command, why in NEXT:
        OUT.print(f"  [bold]{command:<48}[/]  [dim]{why}[/]")


def _chapter(title: str, what: str) -> None:
    OUT.print(f"\n[bold cyan]{title}[/]  [dim]{escape(what)}[/]")


def _run(demo: Demo, **parameters: Json) -> None:
    process = demo.run(**parameters)
    with process:
        result = follow(process, ERR)
    if result.state != "finished":
        finish(result, as_json=False)


def _compare(demo: Demo) -> None:
    from headrace.app.models import compare
    from headrace.app.workspace import open_folder

    show_comparison(compare(open_folder(demo.folder), "housing", "1", "2"))
