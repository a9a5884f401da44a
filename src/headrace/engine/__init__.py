"""Where frames come from: engines that hand out a session, what they cannot do, and how they fail."""

from .capabilities import CAPABILITIES, Gap, gap
from .choice import Choice, choose_engine
from .doctor import Check, diagnose
from .engine import Engine, Spilled
from .failures import explain_failure
from .opening import open_engine

__all__ = [
    "CAPABILITIES",
    "Check",
    "Choice",
    "Engine",
    "Gap",
    "Spilled",
    "choose_engine",
    "diagnose",
    "explain_failure",
    "gap",
    "open_engine",
]
