"""What a format says about itself: names of its files, how it is read, how it is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import pyarrow as pa

    from .encoders import Encoder, HashedFile
    from .rows import Format
    from .styles import ReadStyle, WriteStyle

__all__ = ["FileKind"]


class FileKind(ABC):
    """One format; its name is the name of its module in ``kinds``. Stateless."""

    endings: ClassVar[tuple[str, ...]] = ()
    """What names of its files end in; the first one is written."""
    compressions: ClassVar[tuple[str, ...]] = ()
    """How it may be written, the usual one first; empty: it cannot be written."""
    wrapped: ClassVar[bool] = False
    """Whether a compression wraps the whole file (text) or is the format's own matter."""
    library: ClassVar[str | None] = None
    """A module of the extra ``formats`` that it needs."""

    @abstractmethod
    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> Format:
        """What reads such files; ``declared`` are the column names that a schema gives."""

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """One open output file; ``style.compression`` is one of ``compressions``."""
        raise NotImplementedError(f"{type(self).__name__} is read only")

    def check(self, schema: pa.Schema) -> None:
        """Raises ``DataRefused`` for columns that such a file cannot hold."""
        del schema
