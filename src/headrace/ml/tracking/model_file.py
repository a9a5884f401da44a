"""A fitted model as a file, in a form that loads where Headrace is not installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.ml.learning import portable

from .records import ModelFile

if TYPE_CHECKING:
    from headrace.ml.learning.material import Material

__all__ = ["EXAMPLE_ROWS", "write_model"]

EXAMPLE_ROWS = 5
NAME = "model.pkl"


def write_model(
    model: Any, material: Material, folder: Path, needs: Sequence[str], flavor: str = "sklearn"
) -> ModelFile:
    """Pickles a model into ``folder``; code of ours goes with it by value."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(portable)
    path = folder / NAME
    with path.open("wb") as stream:
        cloudpickle.dump(model, stream)
    return ModelFile(
        path=str(path),
        flavor=flavor,
        features=material.features,
        output=output_type(material.task, material.target),
        requirements=tuple(needs),
        example=example(material),
        about={
            "task": material.task,
            "features": [asdict(each) for each in material.features],
            "classes": list(material.classes),
        },
    )


def output_type(task: str, target: Any) -> str:
    """MLflow's name for the type of a prediction."""
    if task == "regression":
        return "double"
    return {"b": "boolean", "i": "long", "u": "long"}.get(target.dtype.kind, "string")


def example(material: Material) -> dict[str, list[Any]]:
    """The first training rows as raw ones: integers as such, where none is missing."""
    first = material.frame.head(EXAMPLE_ROWS)
    return {
        each.name: (
            first[each.name].astype("int64") if each.integer and not each.missing else first[each.name]
        ).tolist()
        for each in material.features
    }
