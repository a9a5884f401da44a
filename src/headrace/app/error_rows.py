"""Rows that a run could not use: listed, exported, and run again after a fix."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from headrace.core import InvalidCall, Json, Lane, Node, Pipeline, upstream
from headrace.project import Project, dump_pipeline, read_pipeline
from headrace.runner import RunProcess
from headrace.storage.error_files import MOST, ErrorFiles

from .runs import start
from .workspace import Workspace, state_of

__all__ = ["Replay", "export_errors", "list_errors", "replay_errors"]

LONGEST_RAW = 10_000


def list_errors(
    project: Project, run: str, *, stage: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    """The rows of a run, with how many each stage has kept; ``published`` is that of their batch."""
    with state_of(project) as state:
        run_id = state.runs.find(run).id
        files = ErrorFiles(state.run_folder(run_id) / "errors")
        rows: list[dict[str, Any]] = []
        counts: dict[str, int] = {}
        batches = [(int(each.batch), each.status) for each in state.journal.list(run_id)]
        undone = {number for number, status in batches if status != "done"}
        last = max((number for number, status in batches if status == "done"), default=-1)
        for row in files.read(stage):
            counts[row["stage"]] = counts.get(row["stage"], 0) + 1
            number = int(row["batch"])
            if limit is None or len(rows) < limit:
                rows.append(row | {"published": number <= last and number not in undone})
        return {"run_id": run_id, "kept": counts, "most": MOST, "replayed": files.replayed(), "rows": rows}


def export_errors(project: Project, run: str, target: Path, *, stage: str | None = None) -> int:
    """Writes the rows as CSV, JSON lines or Parquet, as the name ends. Gives how many."""
    import csv
    import json

    rows: list[dict[str, Any]] = list_errors(project, run, stage=stage)["rows"]
    flat = [
        {
            key: json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
            for key, value in row.items()
        }
        for row in rows
    ]
    ending = target.suffix.lower()
    if ending not in (".csv", ".json", ".jsonl", ".parquet"):
        raise InvalidCall(
            "unknown-format", f"'{target.name}' tells no format.", hint="End it in .csv, .json or .parquet."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    if ending == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(flat), target)
    elif ending == ".csv":
        with target.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(flat[0]) if flat else ["stage"])
            writer.writeheader()
            writer.writerows(flat)
    else:
        target.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
        )
    return len(rows)


class Replay:
    """The rows of one stage on their way through the pipeline of now, from that stage on."""

    def __init__(self, process: RunProcess, files: ErrorFiles, stage: str) -> None:
        self.process = process
        self.stage = stage
        self._files = files

    def settled(self) -> bool:
        """Notes a replay that has finished, so that no other delivers the same rows again."""
        finished = self.process.result().state == "finished"
        if finished:
            self._files.note_replay(self.stage, self.process.run_id)
        return finished


@contextlib.contextmanager
def replay_errors(
    workspace: Workspace, run: str, stage: str | None = None, *, again: bool = False, **how: Any
) -> Iterator[Replay]:
    """Runs the document as it is now on the rows that a stage of an earlier run refused, and on no others.

    An origin of files is given the raw lines again, below the first line of their file where that is a
    header; any other stage is given the rows that went into it. What is upstream is not read, and what those
    rows cannot reach is left out. Raises ``InvalidCall`` (``nothing-to-replay``,
    ``already-replayed``, ``cannot-replay``).
    """
    pipeline = read_pipeline(workspace.text, workspace.file)
    found = list_errors(workspace.project, run, stage=stage)
    rows = [row for row in found["rows"] if row["published"]]
    stages = sorted({row["stage"] for row in rows})
    if len(stages) != 1:
        names = f" Several stages have some: {', '.join(stages)}." if stages else ""
        raise InvalidCall(
            "nothing-to-replay",
            f"Run '{found['run_id']}' has no error rows of one stage to replay.{names}",
            hint="Name the stage with --stage; rows of a batch that was not published are read again anyway.",
        )
    before = found["replayed"].get(stages[0])
    if before and not again:
        raise InvalidCall(
            "already-replayed",
            f"Run '{before}' has replayed these rows.",
            hint="--again delivers them twice.",
        )
    with state_of(workspace.project) as state:
        files = ErrorFiles(state.run_folder(found["run_id"]) / "errors")
    again_of = _replayed(pipeline, stages[0], rows, files.folder / "replay", workspace)
    with start(workspace.project, dump_pipeline(again_of), file=workspace.file, **how) as process:
        yield Replay(process, files, stages[0])


def _replayed(
    pipeline: Pipeline, stage: str, rows: list[dict[str, Any]], folder: Path, workspace: Workspace
) -> Pipeline:
    """The part of the pipeline that the rows go through, and what else that reads."""
    if stage not in pipeline.stages:
        raise _cannot(stage, "the document has no stage of that name any more")
    node = pipeline.stages[stage]
    graph = {name: tuple(lane.stage for lane in each.inputs) for name, each in pipeline.stages.items()}
    below = {name for name in graph if name == stage or stage in upstream(graph, name)}
    graph[stage] = ()
    needed = below.union(*(upstream(graph, name) for name in below))
    if not node.inputs:
        nodes = {stage: _origin_again(node, rows, folder, workspace)}
    else:
        nodes = _rows_again(node, rows, set(graph))
    kept = {name: each for name, each in pipeline.stages.items() if name in needed and name != stage}
    return replace(
        pipeline,
        name=f"{pipeline.name[:180]} replay",
        mode="batch",
        interval=None,
        stages={**nodes, **kept},
    )


def _origin_again(node: Node, rows: list[dict[str, Any]], folder: Path, workspace: Workspace) -> Node:
    if node.type != "origin.files" or any(row["raw"] is None or not row["source"] for row in rows):
        raise _cannot(
            node.name, f"only lines of files can be given to an origin again, and this is {node.type}"
        )
    if any(len(row["raw"]) >= LONGEST_RAW for row in rows):
        raise _cannot(node.name, f"a line is longer than the {LONGEST_RAW:,} characters that are kept")
    config = dict(node.config)
    if "schema" not in config and "declared_schema" not in config:
        raise _cannot(node.name, "it declares no schema, and the lines that failed cannot tell one")
    names = dict.fromkeys(row["source"]["file"] for row in rows)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, name in enumerate(names):
        lines = [row["raw"] for row in rows if row["source"]["file"] == name]
        head = _header(node, name, workspace)
        path = folder / f"{node.name}-{number}{''.join(Path(name).suffixes[:1]) or '.csv'}"
        with open(path, "w", encoding=config.get("encoding", "utf-8"), opener=_private) as file:
            file.write("\n".join([*head, *lines]) + "\n")
        written.append(str(path))
    for key in (
        "connection",
        "exclude",
        "max_files",
        "max_mb",
        "after",
        "move_to",
        "settle_seconds",
        "compression",
    ):
        config.pop(key, None)
    return replace(node, config=config | {"path": written, "read": "all"})


def _header(node: Node, name: str, workspace: Workspace) -> list[str]:
    """The first line of the file, where it names columns; it has to be there still."""
    from headrace.storage.objects import open_store

    kind = node.config.get("format", "auto")
    if node.config.get("header") is False or not (
        kind in ("csv", "tsv") or Path(name).suffix in (".csv", ".tsv")
    ):
        return []
    connection = node.config.get("connection")
    store = open_store(
        name, workspace.project.connection(connection) if connection else None, workspace.project.folder
    )
    try:
        start_of = store.read(store.path, 0, 1 << 20)
    except Exception as error:
        raise _cannot(node.name, f"the header of '{name}' cannot be read any more") from error
    return [start_of.decode(node.config.get("encoding", "utf-8"), "replace").splitlines()[0]]


def _rows_again(node: Node, rows: list[dict[str, Any]], names: set[str]) -> dict[str, Node]:
    if len(node.inputs) != 1 or any(row["values"] is None for row in rows):
        raise _cannot(node.name, "rows are given again to a stage with one input")
    name = next(each for each in ("replayed", "replayed_rows", "rows_replayed") if each not in names)
    columns = list(dict.fromkeys(key for row in rows for key in row["values"]))
    values: list[Json] = [{key: row["values"].get(key) for key in columns} for row in rows]
    origin = Node(name, "origin.inline", {"rows": values})
    return {name: origin, node.name: replace(node, inputs=(Lane(name),))}


def _cannot(stage: str, why: str) -> InvalidCall:
    return InvalidCall(
        "cannot-replay",
        f"The error rows of '{stage}' cannot be replayed: {why}.",
        hint="Export them with `headrace runs errors RUN --export rows.csv`, and read that file.",
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
