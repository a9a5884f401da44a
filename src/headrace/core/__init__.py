"""The vocabulary: pipelines, stages, runs, events and errors, on the standard library and pydantic alone."""

from pydantic import Field

from .errors import (
    Cancelled,
    DataRefused,
    EngineFailed,
    HeadraceError,
    InvalidCall,
    InvalidDocument,
    Issue,
    RunFailed,
    Unavailable,
    UserCodeFailed,
    did_you_mean,
    wanted,
)
from .events import (
    BatchFinished,
    Event,
    ExpectationChecked,
    LogWritten,
    ModelRegistered,
    OutputPublished,
    PromotionDecided,
    RowsCounted,
    RunFinished,
    RunStarted,
    StageFinished,
    StageStarted,
    Warned,
)
from .fields import (
    Code,
    Column,
    ColumnPattern,
    Columns,
    Connection,
    GateExpression,
    Hint,
    Location,
    NewColumn,
    SqlExpression,
    hinted_values,
    rewrite,
)
from .graph import find_cycle, in_order, upstream
from .pipeline import ERRORS, Lane, Node, OnError, Parameter, Pipeline, Source
from .registry import StageEntry, all_stages, find_stage, stage_types, type_of
from .run import Provenance, Purpose, Run
from .settings import EngineSettings, SparkSettings, TrackingSettings
from .stage import STAGED_NOTE, Destination, Frame, Origin, Ports, Processor, Stage, Staged, WithErrors
from .values import ColumnType, InputVersion, Json, Names, Output, Schema, Secret, Slice, Value

# fmt: off
__all__ = [
    "ERRORS", "STAGED_NOTE", "BatchFinished", "Cancelled", "Code", "Column", "ColumnPattern",
    "ColumnType", "Columns", "Connection", "DataRefused", "Destination", "EngineFailed", "EngineSettings",
    "Event",
    "ExpectationChecked", "Field", "Frame", "GateExpression", "HeadraceError", "Hint", "InputVersion",
    "InvalidCall", "InvalidDocument", "Issue", "Json", "Lane", "Location", "LogWritten",
    "ModelRegistered", "Names", "NewColumn", "Node", "OnError", "Origin", "Output", "OutputPublished",
    "Parameter", "Pipeline", "Ports", "Processor", "PromotionDecided", "Provenance",
    "Purpose", "RowsCounted", "Run", "RunFailed", "RunFinished", "RunStarted", "Schema",
    "Secret", "Slice", "Source", "SparkSettings", "SqlExpression", "Stage", "StageEntry", "StageFinished",
    "StageStarted", "Staged", "TrackingSettings", "Unavailable", "UserCodeFailed", "Value",
    "Warned", "WithErrors", "all_stages", "did_you_mean", "find_cycle", "find_stage",
    "hinted_values", "in_order", "rewrite", "stage_types", "type_of", "upstream", "wanted",
]
# fmt: on
