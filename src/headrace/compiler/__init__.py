"""Pipeline → Plan: pure passes that open nothing and report every problem at once."""

from .compile import check_pipeline, compile_pipeline
from .draft import Draft, Surroundings
from .plan import Plan, Step

__all__ = ["Draft", "Plan", "Step", "Surroundings", "check_pipeline", "compile_pipeline"]
