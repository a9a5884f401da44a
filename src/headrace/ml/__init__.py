"""Training, tracking, gates, promotion and scoring: the only room that knows MLflow."""

from .file_scoring import score_file
from .helper import Helper, warm_up
from .mlflow_page import serve_page
from .models import Place, compare_versions, list_models, promote, rollback, show_model
from .open_runs import repair_tracking
from .user_scripts import lend_store, lend_throwaway_store

__all__ = [
    "Helper",
    "Place",
    "compare_versions",
    "lend_store",
    "lend_throwaway_store",
    "list_models",
    "promote",
    "repair_tracking",
    "rollback",
    "score_file",
    "serve_page",
    "show_model",
    "warm_up",
]
