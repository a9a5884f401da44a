"""The files that some patterns mean, and which of them are new."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.core import DataRefused, InputVersion, InvalidCall, Value, did_you_mean
from headrace.storage.datasource import declared_schema
from headrace.storage.objects import (
    KeyPattern,
    ObjectInfo,
    ObjectStore,
    expand_braces,
    input_versions,
    open_store,
)

from .packing import compression_of, members_of, without_packing
from .reading import FileReading
from .registry import file_kind, kind_of_name
from .rows import Format
from .styles import ReadStyle

__all__ = ["FilesFound", "base_of", "reading_of"]


@dataclass(frozen=True)
class FilesFound:
    """A listing; ``paths`` are the locations as written."""

    paths: tuple[str, ...]
    store: ObjectStore
    infos: tuple[ObjectInfo, ...]
    base: str

    @classmethod
    def search(
        cls, paths: Sequence[str], exclude: Sequence[str], connection: Value | None, folder: Path
    ) -> FilesFound:
        """Lists what the paths mean. All of them are in one store (``InvalidCall``, ``several-stores``)."""
        stores = [open_store(path, connection, folder) for path in paths]
        store = stores[0]
        if len({each.location("") if not each.is_local else "" for each in stores}) > 1:
            raise InvalidCall(
                "several-stores",
                "The paths of one stage are all in one bucket, or all on the local disk.",
                hint="Use a stage for each, and processor.union.",
            )
        patterns = [each.path for each in stores]
        unwanted = [store.key(each) if "://" in each or store.is_local else each for each in exclude]
        infos = store.list(patterns, exclude=unwanted)
        return cls(tuple(paths), store, tuple(infos), base_of(store, patterns))

    def versions(self, infos: Sequence[ObjectInfo]) -> tuple[InputVersion, ...]:
        """What goes on record about files."""
        return input_versions(self.store, infos)

    def require(self) -> None:
        """Raises ``DataRefused`` (``no-files-match``) when there are none."""
        if self.infos:
            return
        shown = ", ".join(f"'{path}'" for path in self.paths[:3])
        raise DataRefused("no-files-match", f"No file matches {shown}.", hint=self._advice())

    def _advice(self) -> str:
        general = "Mend the path, or set `allow_missing: true` with a `schema`."
        if not self.store.is_local:
            return general
        wanted = Path(self.store.path.rstrip("/"))
        parent = wanted.parent
        while not parent.exists():
            wanted, parent = parent, parent.parent
        names = (
            [each.name for each in parent.iterdir() if not each.name.startswith(".")]
            if parent.is_dir()
            else []
        )
        meant = did_you_mean(wanted.name, names) if KeyPattern(wanted.name).is_plain else None
        return f"{meant} {general}" if meant else general


def base_of(store: ObjectStore, patterns: Sequence[str]) -> str:
    """The key below which folder names may be columns, for several patterns: the one that all share."""
    bases = {_base(store, each) for pattern in patterns for each in expand_braces(pattern)}
    return bases.pop() if len(bases) == 1 else ""


def _base(store: ObjectStore, pattern: str) -> str:
    """The key below which folder names may be columns."""
    found = KeyPattern(pattern)
    if not found.is_plain:
        return found.base
    info = store.stat(pattern.rstrip("/"))
    return pattern[: pattern.rfind("/") + 1] if info else pattern.rstrip("/") + "/"


def reading_of(
    style: ReadStyle, found: FilesFound, chosen: Sequence[ObjectInfo], *, allow_missing: bool = False
) -> FileReading:
    """The files as something that can be read. No file is an error unless columns are known otherwise."""
    if not (allow_missing and style.declared_schema is not None):
        found.require()
    declared = declared_schema(style.declared_schema) if style.declared_schema else None
    names = declared.names if declared else None
    reading = FileReading(
        found.store,
        chosen,
        form_of(style, _first_name(style, found), names),
        found.base,
        declared,
        style.file_column,
        style.sample_files,
        style.sample_mb,
        style.new_columns,
    )
    return reading if chosen or declared or not found.infos else reading.without_rows(found.infos)


def _first_name(style: ReadStyle, found: FilesFound) -> str:
    """The name that tells the format: the first file's, or that of the first one in an archive."""
    if not found.infos:
        return ""
    info = found.infos[0]
    if style.format == "auto" and compression_of(info.key, style.compression) == "zip":
        members = members_of(found.store, info.key, info.size, info.mark)
        return members[0][0] if members else info.key
    return info.key


def form_of(style: ReadStyle, name: str, declared: tuple[str, ...] | None) -> Format:
    """The format's reader; raises ``InvalidCall`` (``unknown-encoding``, ``unknown-format``)."""
    try:
        codecs.lookup(style.encoding)
    except LookupError as error:
        raise InvalidCall("unknown-encoding", f"No encoding is called '{style.encoding}'.") from error
    kind = style.format if style.format != "auto" else _kind_of(name)
    return file_kind(kind).reader(style, declared)


def _kind_of(name: str) -> str:
    kind = kind_of_name(without_packing(name)) if name else "parquet"
    if kind is None:
        raise InvalidCall(
            "unknown-format", f"The name '{name.rpartition('/')[2]}' tells no format.", hint="Set `format`."
        )
    return kind
