"""Where frames come from: engines that hand out a session, what they cannot do, and how they fail."""

from .capabilities import Gap, gap
from .choice import Choice, choose_engine
from .engine import Engine, Spilled
from .failures import explain_failure
from .opening import open_engine

__all__ = ["Choice", "Engine", "Gap", "Spilled", "choose_engine", "explain_failure", "gap", "open_engine"]
