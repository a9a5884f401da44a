"""PySpark's client, imported without a trap."""

from __future__ import annotations

import sys

from .surroundings import environment

__all__ = ["QUIET_FORKS", "import_client"]

QUIET_FORKS = {"GRPC_ENABLE_FORK_SUPPORT": "false"}
"""gRPC wakes its threads in every forked child, where their files are closed: one child in thirty aborts."""


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
        with environment(QUIET_FORKS):  # gRPC asks once, when it is imported
            import pyspark.sql.connect  # noqa: F401
    finally:
        if nameless:
            del main.__file__
