"""What a folder of published files says about itself, in objects below ``_headrace/``.

``pending/<id>.json``        written before the first file appears, removed when everything is done
``manifests/<number>.json``  created, never overwritten: its existence is the commit
``staging/<id>/…``           files that nobody should read yet

The numbers go up by one, so of two writers that commit at once one gets the number and the other looks again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused

if TYPE_CHECKING:
    from .store import ObjectStore

__all__ = ["CONTROL", "Ledger", "unfinished_keys"]

CONTROL = "_headrace/"
MARKERS = "_headrace/pending/"
NUMBERED = re.compile(r"\d{8}\.json")


class Ledger:
    """The control objects of one destination folder (``folder`` ends with a slash, or is empty)."""

    def __init__(self, store: ObjectStore, folder: str) -> None:
        self.store = store
        self.folder = folder

    def staging(self, identity: str) -> str:
        """The hidden folder of one publisher."""
        return f"{self.folder}{CONTROL}staging/{identity}/"

    def _marker(self, identity: str) -> str:
        return f"{self.folder}{MARKERS}{identity}.json"

    def mark(self, identity: str, content: Mapping[str, Any]) -> None:
        """Says which files are about to appear."""
        self.store.write(self._marker(identity), json.dumps(content).encode())

    def unmark(self, identity: str) -> None:
        """Everything is done, or undone."""
        self.store.delete([self._marker(identity)])

    def numbers(self) -> list[int]:
        """The numbers of all manifests, ascending."""
        names = self.store.names(f"{self.folder}{CONTROL}manifests/")
        return sorted(int(name[:8]) for name in names if NUMBERED.fullmatch(name))

    def manifest_key(self, number: int) -> str:
        """Where a manifest is."""
        return f"{self.folder}{CONTROL}manifests/{number:08d}.json"

    def read(self, number: int) -> dict[str, Any] | None:
        """One manifest; ``None`` when somebody has removed it meanwhile."""
        key = self.manifest_key(number)
        if self.store.stat(key) is None:
            return None
        manifest: dict[str, Any] = json.loads(self.store.read(key))
        return manifest

    def find(self, identity: str, after: int = 0) -> tuple[int, dict[str, Any]] | None:
        """The manifest that ``identity`` has committed, looked for from number ``after`` on."""
        for number in reversed(self.numbers()):
            if number <= after:
                break
            manifest = self.read(number)
            if manifest is not None and manifest["id"] == identity:
                return number, manifest
        return None

    def commit(self, number: int, content: Mapping[str, Any]) -> bool:
        """Creates manifest ``number``; false when somebody else has."""
        try:
            self.store.write(self.manifest_key(number), json.dumps(content).encode(), create_only=True)
        except FileExistsError:
            return False
        return True

    def last(self) -> int:
        """The highest number so far; 0: none."""
        return max(self.numbers(), default=0)


def unfinished_keys(store: ObjectStore, folders: Iterable[str]) -> frozenset[str]:
    """Keys that a reader should not see now: not committed yet, or replaced and not removed yet."""
    hidden: set[str] = set()
    for folder in folders:
        for marker in store.walk(f"{folder}{MARKERS}"):
            name = marker.key.rpartition("/")[2]
            if name.endswith(".json") and not name.startswith("."):
                hidden.update(folder + each for each in _hidden_by(store, folder, name))
    return frozenset(hidden)


def _hidden_by(store: ObjectStore, folder: str, name: str) -> list[str]:
    """The files that one marker hides; none when it has gone meanwhile."""
    try:
        content: dict[str, Any] = json.loads(store.read(f"{folder}{MARKERS}{name}"))
    except DataRefused:
        return []
    committed = Ledger(store, folder).find(name.removesuffix(".json"), content["after"])
    found: list[str] = content["files"] if committed is None else committed[1]["replaces"]
    return found
