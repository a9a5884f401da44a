"""Writes the embedded store's schema for a new MLflow: ``python -m headrace.ml.tracking.mlflow_schema``."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path

__all__ = ["schema_text"]


def schema_text() -> str:
    """The tables of an empty MLflow store as SQL, made by MLflow's own migrations."""
    from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mlflow.db"
        engine = create_sqlalchemy_engine(f"sqlite:///{path}")
        _initialize_tables(engine)
        engine.dispose()
        connection = sqlite3.connect(path)
        try:
            return "\n".join(connection.iterdump()) + "\n"
        finally:
            connection.close()


if __name__ == "__main__":
    from .store import SCHEMA

    Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name(SCHEMA)).write_text(schema_text())
