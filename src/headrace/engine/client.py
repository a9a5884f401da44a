"""PySpark's client, imported without a trap."""

from __future__ import annotations

import sys

__all__ = ["import_client"]


def import_client() -> None:
    """Imports ``pyspark.sql.connect``, whatever the main module is.

    PySpark takes a main module without a file (``python -c``, a worker of a pool) for a test of its own. It
    then looks for a whole Spark, and ends the process where only the client is installed.
    """
    main = sys.modules["__main__"]
    nameless = getattr(main, "__spec__", None) is None and not hasattr(main, "__file__")
    if nameless:
        main.__file__ = "<string>"
    try:
        import pyspark.sql.connect  # noqa: F401
    finally:
        if nameless:
            del main.__file__
