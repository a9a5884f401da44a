"""Training, tracking, gates, promotion and scoring: the only room that knows MLflow.

What the names below need is imported when they are first asked for: finding the stages in here is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .models.comparison import better as better
    from .models.mlflow_page import serve_page as serve_page
    from .models.use_cases import Place as Place
    from .models.use_cases import compare_versions as compare_versions
    from .models.use_cases import list_models as list_models
    from .models.use_cases import promote as promote
    from .models.use_cases import rollback as rollback
    from .models.use_cases import show_model as show_model
    from .scoring.files import score_file as score_file
    from .tracking.helper import Helper as Helper
    from .tracking.helper import warm_up as warm_up
    from .tracking.open_runs import repair_tracking as repair_tracking
    from .tracking.process import drop_spare as drop_spare
    from .tracking.process import start_spare as start_spare
    from .tracking.user_scripts import lend_store as lend_store
    from .tracking.user_scripts import lend_throwaway_store as lend_throwaway_store

_HOMES = {
    "Helper": "tracking.helper",
    "Place": "models.use_cases",
    "better": "models.comparison",
    "compare_versions": "models.use_cases",
    "drop_spare": "tracking.process",
    "lend_store": "tracking.user_scripts",
    "lend_throwaway_store": "tracking.user_scripts",
    "list_models": "models.use_cases",
    "promote": "models.use_cases",
    "repair_tracking": "tracking.open_runs",
    "rollback": "models.use_cases",
    "score_file": "scoring.files",
    "serve_page": "models.mlflow_page",
    "show_model": "models.use_cases",
    "start_spare": "tracking.process",
    "warm_up": "tracking.helper",
}

__all__ = [*_HOMES]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

    def __dir__() -> list[str]:
        return [*__all__]
