"""Stages about models, one file each; ``stages.TrainModel`` is the class of ``ml.train_model``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .promote_model import PromoteModel as PromoteModel
    from .score_rows import ScoreRows as ScoreRows
    from .train_code import TrainCode as TrainCode
    from .train_model import TrainModel as TrainModel

_HOMES = {
    "PromoteModel": "promote_model",
    "ScoreRows": "score_rows",
    "TrainCode": "train_code",
    "TrainModel": "train_model",
}

__all__ = [*_HOMES]

if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

    def __dir__() -> list[str]:
        return [*__all__]
