"""A project's state, opened: its repositories, and the locks that say which runs are alive."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from headrace.core import InvalidCall, Json, Unavailable

from .cancels import Cancels
from .database import Database, Scope, make_engine
from .events import Events
from .filelock import FileLock, is_held
from .journal import Journal
from .offset_edits import OffsetEdits
from .offsets import Offsets
from .promotions import Promotions
from .records import RunRecord
from .runs import Runs, new_run_id
from .schema_version import bring_up_to_date
from .schemas import Schemas

__all__ = ["HeldRun", "State", "open_state"]

GRACE_SECONDS = 0.25
"""How long taking a run's lock waits for somebody who only looks whether it is held."""


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run that this process holds: alive for everybody until it is released or the process ends."""

    record: RunRecord
    folder: Path
    lock: FileLock

    def release(self) -> None:
        """Lets go of the run, once its end is recorded."""
        self.lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class State:
    """Everything a project remembers. Safe to share between threads; a forked process opens its own."""

    def __init__(self, scope: Scope, home: Path) -> None:
        self._scope = scope
        self.home = home
        self.runs = Runs(scope)
        self.events = Events(scope)
        self.offsets = Offsets(scope)
        self.offset_edits = OffsetEdits(scope)
        self.journal = Journal(scope)
        self.promotions = Promotions(scope)
        self.schemas = Schemas(scope)
        self.cancels = Cancels(scope)

    def start_run(
        self,
        *,
        pipeline: str,
        document: str,
        document_digest: str,
        parameters: Mapping[str, Json],
        engine: str | None = None,
        run_id: str | None = None,
    ) -> HeldRun:
        """A new run of this process: its lock first, so that nobody takes it for dead, then its record."""
        run_id = run_id or new_run_id()
        lock = self.hold_run(run_id)
        try:
            record = self.runs.start(
                run_id,
                pipeline=pipeline,
                document=document,
                document_digest=document_digest,
                parameters=parameters,
                engine=engine,
            )
        except BaseException:
            lock.release()
            raise
        return HeldRun(record, self.run_folder(run_id), lock)

    def resume_run(self, run_id: str) -> HeldRun:
        """An earlier run again, as its next attempt. Raises ``run-alive`` while a process holds it.

        One that finished has published everything: ``run-ended``.
        """
        self.runs.get(run_id)
        lock = self.hold_run(run_id)
        try:
            self._refuse_finished(run_id)
            self.cancels.clear(run_id)
            record = self.runs.resume(run_id)
        except BaseException:
            lock.release()
            raise
        return HeldRun(record, self.run_folder(run_id), lock)

    def _refuse_finished(self, run_id: str) -> None:
        if self.runs.get(run_id).state == "finished":
            raise InvalidCall(
                "run-ended",
                f"Run '{run_id}' has finished and is published: there is nothing to resume.",
                hint="`headrace run` without --resume runs the pipeline anew.",
            )

    def hold_run(self, run_id: str) -> FileLock:
        """The run's lock, for its own process or for whoever recovers it. Raises ``run-alive`` when held."""
        lock = FileLock(self.run_folder(run_id) / "lock")
        with _writable(lock.path):
            if lock.acquire(GRACE_SECONDS):
                return lock
        raise InvalidCall(
            "run-alive",
            f"Run '{run_id}' is held by a process that lives.",
            hint=f"`headrace runs cancel {run_id}` asks it to stop.",
        )

    def is_alive(self, run_id: str) -> bool:
        """Whether a process holds the run, on any machine that shares the project's folder."""
        return is_held(self.run_folder(run_id) / "lock")

    def dead_runs(self) -> list[RunRecord]:
        """Runs on record as running whose process is gone, the oldest first."""
        running = reversed(self.runs.list(state="running"))
        return [run for run in running if not self.is_alive(run.id)]

    def run_folder(self, run_id: str) -> Path:
        """Where a run keeps its lock, its log and its scratch."""
        if not re.fullmatch(r"[\w.-]+", run_id) or run_id.startswith("."):
            raise InvalidCall("unknown-run", f"'{run_id[:80]}' is not the id of a run.")
        return self.home / "runs" / run_id

    @contextmanager
    def model_lock(self, model: str, *, wait: float = 60.0) -> Iterator[None]:
        """One promotion of a model at a time. Raises ``Unavailable`` (``model-locked``) after ``wait`` s.

        A file lock: it covers every process that shares the project's folder, and ends with its holder.
        """
        readable = re.sub(r"[^\w-]+", "-", model)[:60]
        digest = hashlib.sha256(model.encode()).hexdigest()[:12]
        with FileLock(self.home / "locks" / f"model-{readable}-{digest}") as lock:
            with _writable(lock.path):
                held = lock.acquire(wait)
            if not held:
                raise Unavailable(
                    "model-locked",
                    f"Another process has been promoting the model '{model}' for over {wait:g} s.",
                    hint="Run again once it is done.",
                )
            yield

    @contextmanager
    def only_stream(self, pipeline: str) -> Iterator[None]:
        """One stream of a pipeline at a time. Raises ``InvalidCall`` (``stream-alive``) beside another.

        A file lock, as :meth:`model_lock` is.
        """
        name = json.dumps([self._scope.project, self._scope.environment, pipeline])
        digest = hashlib.sha256(name.encode()).hexdigest()[:24]
        with FileLock(self.home / "locks" / f"stream-{digest}") as lock:
            with _writable(lock.path):
                held = lock.acquire(GRACE_SECONDS)
            if not held:
                raise self._streams_already(pipeline)
            yield

    def _streams_already(self, pipeline: str) -> InvalidCall:
        running = self.runs.list(pipeline=pipeline, state="running")
        alive = next((run.id for run in running if self.is_alive(run.id)), None)
        return InvalidCall(
            "stream-alive",
            f"The pipeline '{pipeline}' is being streamed already{f' by run {alive}' if alive else ''}.",
            hint=f"`headrace runs cancel {alive or 'RUN'}` stops that; two at once would read the same rows.",
        )

    def forget_batches(self, run_id: str, keep: int) -> None:
        """Removes what is on record about a stream's batches, but for the last ones."""
        self.events.forget(run_id, "batch_finished", keep)
        self.journal.forget(run_id, keep)

    def close(self) -> None:
        """Closes the database; locks live on."""
        self._scope.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_state(
    folder: Path, *, project: str, environment: str | None = None, url: str | None = None
) -> State:
    """The state of a project: ``.headrace/state.db`` in its folder, or the database behind ``url``.

    Makes or upgrades the database first. Raises ``InvalidCall`` (``state-read-only``, ``state-corrupt``,
    ``state-newer``) or ``Unavailable`` (``state-busy``, ``state-disk-full``, ``state-unavailable``).
    """
    home = folder / ".headrace"
    with _writable(home):
        _make_home(home)
    engine = make_engine(url or f"sqlite:///{home / 'state.db'}")
    place = engine.url.render_as_string(hide_password=True) if url else str(home / "state.db")
    database = Database(engine, place)
    try:
        with _writable(home):
            bring_up_to_date(database, home / "locks" / "state")
    except BaseException:
        database.close()
        raise
    return State(Scope(database, project, environment or ""), home)


def _make_home(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    ignore = home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# What Headrace remembers about this project stays on this machine.\n*\n")


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidCall(
            "state-read-only",
            f"The project's state cannot be written: {error.strerror or error}.",
            where=str(path),
            hint="Give this user the right to write to the folder and everything in it.",
        ) from error
