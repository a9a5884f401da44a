"""Puts the site's source together: the pages written by hand, and the reference made from the code.

usage: python docs/generate.py BUILD

``BUILD/docs`` gets every page, ``BUILD/mkdocs.yml`` the configuration with a full navigation. Nothing that is
generated is committed, so nothing can be out of date.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from describe import model_parts, stage_page
from describe_commands import commands_page
from markup import prose, table
from pydantic import BaseModel
from ruamel.yaml import YAML

from headrace.core import EngineSettings, TrackingSettings, all_stages

HERE = Path(__file__).parent
ROOT = HERE.parent
KINDS = {
    "origin": "Origins bring data in.",
    "processor": "Processors turn frames into frames.",
    "destination": "Destinations write a frame where others find it.",
    "ml": "Training, scoring and promoting.",
}


def main(build: Path) -> None:
    """Writes the whole source of the site."""
    source = build / "docs"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copy(ROOT / "CHANGELOG.md", source / "changelog.md")
    shutil.copy(ROOT / "CONTRIBUTING.md", source / "contributing.md")
    write_stages(source / "reference" / "stages")
    write_errors(source / "reference" / "errors")
    write(source / "reference" / "commands.md", commands())
    write(source / "reference" / "settings.md", settings())
    write(source / "reference" / "connections.md", connections())
    write_configuration(build)


def write(path: Path, text: str) -> None:
    """A page, in a folder that may be new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_stages(folder: Path) -> None:
    """One page per stage, and a list of them by kind."""
    parts = ["# Stages", "A stage is a configuration plus one verb from data frames to data frames."]
    for kind, meaning in KINDS.items():
        mine = [entry for entry in all_stages() if entry.name.partition(".")[0] == kind]
        if mine:
            rows = [(f"[{entry.name}]({entry.name}.md)", entry.summary) for entry in mine]
            parts += [f"## {kind}", meaning, table(("Stage", "What it does"), rows)]
    for entry in all_stages():
        write(folder / f"{entry.name}.md", stage_page(entry))
    write(folder / "index.md", "\n\n".join(parts) + "\n")


def write_errors(folder: Path) -> None:
    """The list of error codes; their pages are written by hand."""
    rows = [
        (f"[{page.stem}]({page.name})", opening(page))
        for page in sorted(folder.glob("*.md"))
        if page.stem != "index"
    ]
    text = "Every error has a code, and every code a page: what happened, why, and what to do."
    write(folder / "index.md", f"# Errors\n\n{text}\n\n{table(('Code', 'What happened'), rows)}\n")


def opening(page: Path) -> str:
    """The first sentence of a page's text."""
    lines = [line for line in page.read_text().splitlines() if line.strip() and not line.startswith("#")]
    text = " ".join(lines).removeprefix("**What happened.**").strip()
    return re.split(r"(?<=[.:]) (?=[A-Z`])", text, maxsplit=1)[0]


def commands() -> str:
    """Every command, from the program itself."""
    from typer.main import get_command

    from headrace.cli.main import app

    text = (
        "Exit codes: 0 done, 1 the run failed, 2 the document or the call is wrong, 130 canceled. "
        "`headrace COMMAND --help` says the same as this page."
    )
    return commands_page(get_command(app), "Commands", text)


def settings() -> str:
    """The sections of ``headrace.toml``, from the values they are read into."""
    from headrace.project.settings import ProjectSettings, SecretSettings

    parts = [
        "# Settings",
        "`headrace.toml` in the project's folder. Every section may be left out. An environment lays its own "
        "`[environments.NAME.engine]`, `.tracking`, `.parameters` and `.secrets` over the rest.",
    ]
    sections: dict[str, type[BaseModel]] = {
        "project": ProjectSettings,
        "engine": EngineSettings,
        "tracking": TrackingSettings,
        "secrets": SecretSettings,
    }
    for name, model in sections.items():
        parts += [f"## [{name}]", *model_parts(model)]
    parts += ["## [parameters]", "Values laid over the defaults of every pipeline that has such parameters."]
    return "\n\n".join(parts) + "\n"


def connections() -> str:
    """The kinds of connections, from the values they are read into."""
    from headrace.storage.connections import connection_kinds, connection_model

    parts = [
        "# Connections",
        "`connections.yaml` in the project's folder: names, each with a `kind` and its fields. Values may be "
        "`${env:NAME}` and `${secret:NAME}`; both are looked up when the connection is opened.",
    ]
    for kind in connection_kinds():
        model = connection_model(kind)
        parts += [f"## {kind}", prose(model.__doc__), *model_parts(model)]
    return "\n\n".join(parts) + "\n"


def write_configuration(build: Path) -> None:
    """``mkdocs.yml`` with every entry ``folder/`` of its navigation replaced by the pages in that folder."""
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    configuration = yaml.load(ROOT / "mkdocs.yml")
    configuration["nav"] = [filled(entry, build / "docs") for entry in configuration["nav"]]
    configuration |= {"docs_dir": "docs", "site_dir": "site"}
    with (build / "mkdocs.yml").open("w") as file:
        yaml.dump(configuration, file)


def filled(entry: Any, source: Path) -> Any:
    """One entry of the navigation, folders filled in."""
    if isinstance(entry, dict):
        return {title: filled(each, source) for title, each in entry.items()}
    if isinstance(entry, list):
        return [filled(each, source) for each in entry]
    if not entry.endswith("/"):
        return entry
    return list(in_order((source / entry).glob("*.md"), source))


def in_order(pages: Iterable[Path], source: Path) -> Iterable[str]:
    """Index pages first."""
    for page in sorted(pages, key=lambda page: (page.stem != "index", page.name)):
        yield page.relative_to(source).as_posix()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
