"""``headrace.Pipeline``: the document in Python, the same thing as its YAML."""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from headrace.core import Issue, Json
from headrace.project import Project, dump_pipeline, load_pipeline, read_pipeline
from headrace.runner import RunResult

from .building import Builder
from .documents import Explanation, explain, validate
from .failures import raise_if_failed
from .handle import RunHandle
from .runs import start
from .tables import graph_html, rows_html
from .workspace import Workspace, existing_document, open_folder

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from headrace.runner import RunProcess

__all__ = ["Pipeline", "Preview", "load"]


def load(path: str | Path, *, environment: str | None = None) -> Pipeline:
    """The pipeline of a YAML document. Raises ``InvalidDocument`` with every problem in it."""
    found = existing_document(Path(path))
    project = open_folder(found.resolve().parent, environment)
    made = Pipeline("", project=project.folder, environment=environment)
    made.value = load_pipeline(found)
    return made


class Pipeline(Builder):
    """A pipeline to build, check, preview, run and write.

    ``project`` is the folder that relative locations and state belong to: the current one by default.
    """

    def __init__(
        self,
        name: str,
        *,
        description: str = "",
        engine: str | None = None,
        project: str | Path = ".",
        environment: str | None = None,
    ) -> None:
        super().__init__(name, description=description, engine=engine)
        self._folder = Path(project)
        self._environment = environment

    @classmethod
    def from_yaml(cls, text: str, *, project: str | Path = ".", environment: str | None = None) -> Self:
        """The pipeline that ``text`` describes."""
        made = cls("", project=project, environment=environment)
        made.value = read_pipeline(text)
        return made

    @cached_property
    def project(self) -> Project:
        """The project around it."""
        return open_folder(self._folder, self._environment)

    @property
    def digest(self) -> str:
        """What runs record of the document: equal documents have equal digests, however they were written."""
        return read_pipeline(self.to_yaml()).digest()

    def to_yaml(self) -> str:
        """The document: as it was written when it came from a file, else as a person would write it."""
        return self.value.source.text or dump_pipeline(self.value)

    def save(self, path: str | Path) -> Path:
        """Writes the document."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.to_yaml(), encoding="utf-8")
        return target

    def validate(self, **parameters: Json) -> tuple[Issue, ...]:
        """Every problem, found without opening data."""
        return validate(self._workspace(), parameters)

    def explain(self, **parameters: Json) -> Explanation:
        """The plan, with the columns after every stage. Raises ``InvalidDocument``."""
        return explain(self._workspace(), parameters)

    def preview(self, stage: str | None = None, *, rows: int = 20, **parameters: Json) -> Preview:
        """Rows before and after a stage (the last by default); writes nowhere and trains nothing."""
        process = self._start(parameters, verb="preview", preview=stage, rows=rows)
        with process:
            shown = [event for event in process.events() if event["event"] == "preview"]
        raise_if_failed(process.result())
        return Preview(shown[0])

    def run(
        self,
        *,
        engine: str | None = None,
        counts: Literal["stages", "ends", "off"] | None = None,
        progress: bool = True,
        **parameters: Json,
    ) -> RunResult:
        """Runs to the end and gives the result. Raises the run's error; Ctrl-C cancels it."""
        handle = self.start(engine=engine, counts=counts, **parameters)
        return handle.wait(progress=progress)

    def start(
        self,
        *,
        engine: str | None = None,
        counts: Literal["stages", "ends", "off"] | None = None,
        **parameters: Json,
    ) -> RunHandle:
        """Starts a run; iterate over it for its events."""
        return RunHandle(self._start(parameters, engine=engine, counts=counts))

    def frame(self, stage: str, **parameters: Json) -> pa.Table:
        """All rows that come out of a stage (``split.train`` for a named output), as an Arrow table.

        Runs what is upstream of it and nothing else; nothing is published.
        """
        import tempfile

        import pyarrow as pa

        with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
            target = Path(folder) / "rows.arrow"
            process = self._start(parameters, verb="collect", preview=stage, target=str(target))
            with process:
                for _ in process.events():
                    pass
            raise_if_failed(process.result())
            with pa.ipc.open_file(target) as reader:
                return reader.read_all()

    def _workspace(self) -> Workspace:
        return Workspace(self.project, self.to_yaml(), self.value.source.file)

    def _start(self, parameters: Mapping[str, Json], **options: Any) -> RunProcess:
        workspace = self._workspace()
        return start(
            workspace.project,
            workspace.text,
            file=workspace.file,
            parameters=parameters,
            environment=self._environment,
            **options,
        )

    def __repr__(self) -> str:
        return f"<Pipeline {self.value.name!r}: {' → '.join(self.value.stages) or 'no stages yet'}>"

    def _repr_html_(self) -> str:
        return graph_html(self.value)


class Preview:
    """What a preview showed; looks like a table in a notebook."""

    def __init__(self, shown: Mapping[str, Any]) -> None:
        self.stage: str = shown["stage"]
        self.inputs: Mapping[str, Any] = shown["inputs"]
        self.outputs: Mapping[str, Any] = shown["outputs"]
        self.changes: Mapping[str, list[str]] = shown["changes"]
        self.note: str | None = shown["note"]

    def to_pandas(self, output: str | None = None) -> pd.DataFrame:
        """The rows of one output, or of the input where nothing comes out."""
        import pandas as pd

        sides = self.outputs or self.inputs
        side = sides[output] if output else next(iter(sides.values()))
        names = [column["name"] for column in side["schema"]]
        return pd.DataFrame([{name: row.get(name) for name in names} for row in side["rows"]], columns=names)

    def __repr__(self) -> str:
        sides = [f"{len(each['rows'])} rows" for each in (self.outputs or self.inputs).values()]
        return f"<Preview of '{self.stage}': {', '.join(sides)}>"

    def _repr_html_(self) -> str:
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return (
            "".join(rows_html(f"into {self.stage}", side) for side in self.inputs.values())
            + "".join(
                rows_html(f"out of {self.stage} {name}".strip(), side) for name, side in self.outputs.items()
            )
            + note
        )
