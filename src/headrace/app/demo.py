"""The story of a model, step by step: houses land, a model is trained, registered, promoted; and again."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headrace.core import InvalidCall, Json
from headrace.runner import RunProcess

from .examples import init
from .local_s3 import LocalS3, find_binary
from .runs import start
from .workspace import open_document

__all__ = ["Demo", "open_demo"]

MARKER = ".headrace-demo"
BUCKETS = ("raw", "archive")
FILES = ("houses-1.csv.gz", "houses-2.csv.gz")


@dataclass(frozen=True)
class Demo:
    """A project of its own and a place where files land: a real S3 server, or a folder without one."""

    folder: Path
    place: str
    server: LocalS3 | None

    @property
    def pipeline(self) -> Path:
        """The document that the demo runs."""
        return self.folder / "pipelines" / "train.yaml"

    def land(self, number: int) -> str:
        """The first or the second file arrives; gives its location."""
        name = FILES[number - 1]
        source = self.folder / "data" / name
        if self.server is None:
            target = Path(self.place) / "raw" / "housing" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            return str(target)
        from headrace.storage.objects import open_store

        location = f"{self.place}raw/housing/{name}"
        store = open_store(location, self.server.connection(), self.folder)
        store.write(store.path, source.read_bytes())
        return location

    def run(self, **parameters: Json) -> RunProcess:
        """Starts the pipeline on whatever has landed."""
        join = "" if self.place.endswith("/") else "/"
        places: dict[str, Json] = {
            "training_data": f"{self.place}{join}raw/housing/*.csv.gz",
            "archive": f"{self.place}{join}archive/housing",
        }
        workspace = open_document(self.pipeline)
        return start(
            workspace.project,
            workspace.text,
            file=workspace.file,
            parameters=places | parameters,
        )


@contextlib.contextmanager
def open_demo(folder: Path) -> Iterator[Demo]:
    """Makes the project anew and starts the server for as long as the block lasts.

    Raises ``InvalidCall`` (``folder-not-empty``) when the folder holds anything but an earlier demo.
    """
    if folder.exists():
        if any(folder.iterdir()) and not (folder / MARKER).is_file():
            raise InvalidCall(
                "folder-not-empty", f"'{folder}' holds something else than a demo.", hint="Name a new folder."
            )
        shutil.rmtree(folder)
    init(folder, "housing")
    (folder / MARKER).write_text("`headrace demo` makes this folder anew each time.\n")
    if find_binary() is None:
        yield Demo(folder, str(folder.resolve() / "landing"), None)
        return
    with LocalS3(folder / ".headrace" / "s3") as server, _environment(server):
        for bucket in BUCKETS:
            server.create_bucket(bucket)
        yield Demo(folder, "s3://", server)


@contextlib.contextmanager
def _environment(server: LocalS3) -> Iterator[None]:
    """The variables that S3 clients read, for the runs that the demo starts."""
    before = dict(os.environ)
    os.environ.update(
        AWS_ENDPOINT_URL=server.endpoint,
        AWS_ACCESS_KEY_ID=server.access_key_id,
        AWS_SECRET_ACCESS_KEY=server.secret_access_key.reveal(),
        AWS_ALLOW_HTTP="true",
        AWS_REGION="us-east-1",
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
