"""Looking around in an object store: buckets, folders, objects."""

from __future__ import annotations

from headrace.core import DataRefused
from headrace.storage.connections import Explorer, Found

from .buckets import bucket_names
from .network import NetworkStore
from .opening import store_at
from .store import ObjectInfo

__all__ = ["StoreExplorer"]

UNITS = ("bytes", "KB", "MB", "GB", "TB")


class StoreExplorer(Explorer):
    """Buckets first, then folders and objects by ``bucket/folder``."""

    def _store(self, path: str) -> NetworkStore:
        return store_at(self.connection, path, self.base)

    def check(self) -> str:
        """Lists the buckets that the credentials may see."""
        store = self._store("any")
        if not store.has_buckets:
            folders, objects = store.entries("")
            return f"{store.endpoint} shows {len(folders)} folders and {len(objects)} files at its root."
        count = len(bucket_names(store))
        return f"{store.endpoint} shows {count} {store.words.bucket}{'' if count == 1 else 's'}."

    def browse(self, path: str = "", limit: int = 1000) -> list[Found]:
        """Folders end with a slash; objects tell their size and when they were written."""
        path = path.lstrip("/")
        store = self._store(path or "any")
        if not path and store.has_buckets:
            return [Found(name, store.words.bucket, inside=True) for name in bucket_names(store)[:limit]]
        prefix = store.path.strip("/") if path else ""
        folders, objects = store.entries(prefix)
        found = [Found(name, "folder", inside=True) for name in folders]
        found += [_object(info, prefix) for info in objects]
        if not found and prefix:
            found = [_object(_existing(store, prefix), prefix.rpartition("/")[0])]
        return sorted(found, key=lambda each: each.name)[:limit]


def _existing(store: NetworkStore, key: str) -> ObjectInfo:
    info = store.stat(key)
    if info is None:
        raise DataRefused(
            "file-missing",
            f"There is neither an object nor a folder '{store.location(key)}'.",
            hint="Browse the folder above it.",
        )
    return info


def _object(info: ObjectInfo, folder: str) -> Found:
    name = info.key[len(folder) :].lstrip("/")
    return Found(name, "object", f"{_size(info.size)}, {info.modified:%Y-%m-%d %H:%M} UTC")


def _size(count: int) -> str:
    if count == 1:
        return "1 byte"
    value = float(count)
    for unit in UNITS[:-1]:
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {UNITS[-1]}"
