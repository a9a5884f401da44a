"""Training, tracking, gates, promotion and scoring: the only room that knows MLflow."""

from .helper import Helper, warm_up
from .open_runs import repair_tracking

__all__ = ["Helper", "repair_tracking", "warm_up"]
