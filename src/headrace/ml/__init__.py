"""Training, tracking, gates, promotion and scoring: the only room that knows MLflow."""

from .models.comparison import better
from .models.mlflow_page import serve_page
from .models.use_cases import Place, compare_versions, list_models, promote, rollback, show_model
from .scoring.files import score_file
from .tracking.helper import Helper, warm_up
from .tracking.open_runs import repair_tracking
from .tracking.process import drop_spare, start_spare
from .tracking.user_scripts import lend_store, lend_throwaway_store

__all__ = [
    "Helper",
    "Place",
    "better",
    "compare_versions",
    "drop_spare",
    "lend_store",
    "lend_throwaway_store",
    "list_models",
    "promote",
    "repair_tracking",
    "rollback",
    "score_file",
    "serve_page",
    "show_model",
    "start_spare",
    "warm_up",
]
