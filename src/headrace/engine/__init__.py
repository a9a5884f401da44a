"""Where frames come from: engines that hand out a session, what they cannot do, and how they fail."""

from .engine import Engine, Spilled
from .opening import open_engine

__all__ = ["Engine", "Spilled", "open_engine"]
