"""Text ⇄ values: documents, parameters, connections, secrets and a project's settings."""

from .documents import examine_pipeline, load_pipeline, read_pipeline
from .parameters import resolve_parameters

__all__ = ["examine_pipeline", "load_pipeline", "read_pipeline", "resolve_parameters"]
