"""The pipeline of ``pipelines/train.yaml`` in Python: stages by class, lanes by reference."""

from pathlib import Path

from headrace import Pipeline
from headrace.ml import stages as ml
from headrace.stages import destinations, origins, processors


def build() -> Pipeline:
    """Stage by stage; each `to` reads from what it is called on."""
    p = Pipeline("train-housing", project=Path(__file__).parent)
    training_data = p.parameter("training_data", "data/houses-*.csv.gz")
    max_iter = p.parameter("max_iter", 100, minimum=1)
    r2_threshold = p.parameter("r2_threshold", 0.85)

    load = p.origin("load", origins.Files, path=training_data, format="csv")
    houses = load.to("drop_id", processors.RemoveFields, fields=["_c0"])
    label = houses.to("label", processors.RenameFields, rename={"price": "label"})
    train = label.to(
        "train", ml.TrainModel, target="label", max_iter=max_iter, cv_folds=3, register_as="housing"
    )
    train.to("promote", ml.PromoteModel, when=f"r2 >= {r2_threshold} and rmse <= production.rmse")
    label.to("archive", destinations.Files, path="archive/housing/run=${run:id}")
    return p


if __name__ == "__main__":
    result = build().run()
    model = result.models[0]
    print(f"version {model.version}: r2 {model.metrics['r2']:.4f}, {result.promotions[0].decision}")
