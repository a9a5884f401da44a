"""For tests of stages, ours and those of packs: a run around a single verb."""

from .stage_run import StageRun

__all__ = ["StageRun"]
