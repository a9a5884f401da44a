"""Text ⇄ values: documents, parameters, connections, secrets and a project's settings."""

from .documents import examine_pipeline, load_pipeline, read_pipeline
from .dump import dump_pipeline
from .durations import seconds_of
from .editing import Document
from .json_schema import SCHEMA_KINDS, document_schema
from .parameters import resolve_parameters
from .project import Project, find_project, open_project

__all__ = [
    "SCHEMA_KINDS",
    "Document",
    "Project",
    "document_schema",
    "dump_pipeline",
    "examine_pipeline",
    "find_project",
    "load_pipeline",
    "open_project",
    "read_pipeline",
    "resolve_parameters",
    "seconds_of",
]
