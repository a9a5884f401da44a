"""What becomes of objects once they have been read and all is published: deleted, or moved away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from headrace.core import HeadraceError, InvalidCall, Json, Run, Staged, Warned

from .opening import open_store
from .patterns import KeyPattern, expand_braces
from .store import ObjectInfo, ObjectStore

__all__ = ["Cleared"]


class Cleared(Staged):
    """Objects to be deleted or moved, each only as long as it is the version that was read.

    The rows are published by then, so nothing here can fail the batch: what cannot be cleared stays where it
    is, is told, and is not read again.
    """

    phase: ClassVar[Literal["data", "promotion", "origin"]] = "origin"

    def __init__(self, store: ObjectStore, intent: Mapping[str, Json], run: Run) -> None:
        self._store = store
        self._intent = dict(intent)
        self._run = run

    @classmethod
    def of(
        cls,
        store: ObjectStore,
        infos: Sequence[ObjectInfo],
        base: str,
        where: tuple[str, str | None, str | None, Sequence[str]],
        run: Run,
    ) -> Cleared:
        """``where``: a location in the store, its connection, where to (``None``: delete), what is read.

        Raises ``InvalidCall``: ``move-elsewhere``, ``move-into-origin``.
        """
        location, connection, move_to, patterns = where
        intent: dict[str, Json] = {
            "location": location,
            "connection": connection,
            "move_to": move_to,
            "objects": [[info.key, info.mark, info.key.removeprefix(base).lstrip("/")] for info in infos],
        }
        made = cls(store, intent, run)
        if move_to is not None:
            made._check_target(patterns)
        return made

    def _check_target(self, patterns: Sequence[str]) -> None:
        """Before anything is published: the folder is in the same store, and the origin does not read it."""
        target = self._target_store()
        if not self._store.is_local and target.location("") != self._store.location(""):
            raise InvalidCall(
                "move-elsewhere",
                f"'{self._intent['move_to']}' is in another place than the files that are read.",
                where=self._run.stage,
                hint="Files are moved within one bucket, or on the local disk.",
            )
        read = [KeyPattern(each) for text in patterns for each in expand_braces(text)]
        for _, _, name in self._intent["objects"][:1]:
            if any(each.matches(self._target_key(name)) for each in read):
                raise InvalidCall(
                    "move-into-origin",
                    f"Files in '{self._intent['move_to']}' would be read again: the path means them, too.",
                    where=self._run.stage,
                    hint="Move them out of the path, or into a folder whose name begins with '_'.",
                )

    def _target_store(self) -> ObjectStore:
        name = self._intent["connection"]
        connection = self._run.connection(name) if name else None
        return open_store(self._intent["move_to"], connection, self._run.folder)

    def _target_key(self, name: str) -> str:
        return f"{self._target_store().path.rstrip('/')}/{name}".lstrip(
            "/" if not self._store.is_local else ""
        )

    def intent(self) -> dict[str, Json]:
        """Where, and each object with its version."""
        return self._intent

    @classmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> Cleared:
        """From the journal."""
        connection = run.connection(intent["connection"]) if intent["connection"] else None
        return cls(open_store(intent["location"], connection, run.folder), intent, run)

    def publish(self) -> None:
        """Clears; safe to repeat. Never raises for a place that refuses."""
        for key, mark, name in self._intent["objects"]:
            try:
                self._clear(key, mark, name)
            except HeadraceError as error:
                told = f"'{self._store.location(key)}' was read, published, and stays: {error.message}"
                self._run.emit(Warned(code="not-cleared", message=told, stage=self._run.stage))

    def _clear(self, key: str, mark: str, name: str) -> None:
        now = self._store.stat(key)
        if now is None or now.mark != mark:  # done before; or another one by now, which is read next
            return
        if self._intent["move_to"] is not None:
            self._store.move(key, self._target_key(name))
        if self._store.stat(key) is not None:
            self._store.delete([key])

    def undo(self) -> None:
        """Nothing has been cleared while a batch can still be undone."""
