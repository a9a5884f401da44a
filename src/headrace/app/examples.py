"""Small whole projects that a user can copy."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from headrace.core import InvalidCall, did_you_mean

__all__ = ["example_folder", "examples", "init"]

STARTER = {
    "headrace.toml": '[project]\nname = "{name}"\n',
    "data/orders.csv": "id,customer,amount\n1,ada,12.50\n2,grace,\n3,ada,7.25\n",
    "pipelines/orders.yaml": """\
headrace: 1
kind: pipeline
name: orders
stages:
  load: {type: origin.files, path: data/orders.csv, format: csv}
  paid: {type: processor.filter, from: load, condition: amount > 0}
  write: {type: destination.files, from: paid, path: output/orders, format: parquet, mode: overwrite}
""",
}


def _home() -> Path:
    """Where the examples are: inside the installed package, or beside it in a checkout."""
    package = Path(str(files("headrace")))
    inside = package / "examples"
    return inside if inside.is_dir() else package.parents[1] / "examples"


def examples() -> list[str]:
    """Their names."""
    home = _home()
    return (
        sorted(each.name for each in home.iterdir() if (each / "headrace.toml").is_file())
        if home.is_dir()
        else []
    )


def example_folder(name: str) -> Path:
    """Where an example is. Raises ``InvalidCall`` (``unknown-example``)."""
    if name not in examples():
        raise InvalidCall("unknown-example", f"No example '{name}'.", hint=did_you_mean(name, examples()))
    return _home() / name


def init(folder: Path, example: str | None = None) -> list[Path]:
    """Makes a project in a new or empty folder; gives the files it wrote.

    Raises ``InvalidCall`` (``folder-not-empty``) rather than mix with what is there.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InvalidCall(
            "folder-not-empty", f"There is something in '{folder}' already.", hint="Name a new folder."
        )
    if example is not None:
        source = example_folder(example)
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=_not_ours)
    else:
        for name, text in STARTER.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{name}", folder.resolve().name))
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _not_ours(_: str, names: list[str]) -> set[str]:
    """What a run left in an example is not part of it."""
    return {name for name in names if name in (".headrace", "archive", "output", "mlruns", "__pycache__")}
