"""One face over places that hold files: list, read, write, publish all or nothing, digest."""

from .buckets import create_bucket
from .cleared import Cleared
from .digest import content_digest, input_versions, with_digests
from .exploring import StoreExplorer
from .opening import open_store
from .patterns import KeyPattern, expand_braces, is_hidden
from .publish import StagedFile, StagedFiles
from .seen import Seen
from .store import ObjectInfo, ObjectStore, ObjectWriter
from .web import WebExplorer

__all__ = [
    "Cleared",
    "KeyPattern",
    "ObjectInfo",
    "ObjectStore",
    "ObjectWriter",
    "Seen",
    "StagedFile",
    "StagedFiles",
    "StoreExplorer",
    "WebExplorer",
    "content_digest",
    "create_bucket",
    "expand_braces",
    "input_versions",
    "is_hidden",
    "open_store",
    "with_digests",
]
