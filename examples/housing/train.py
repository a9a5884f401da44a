"""What ``pipelines/train.yaml`` says, in Python: stages by class, lanes by reference."""

from pathlib import Path

from headrace import Pipeline
from headrace.ml import stages as ml
from headrace.stages import destinations, origins, processors

HOME = Path(__file__).parent


def build() -> Pipeline:
    """Stage by stage: each ``to`` reads from what it is called on."""
    p = Pipeline(
        "train-housing",
        description="Trains a model of house prices and promotes it when it is good enough.",
        project=HOME,
    )
    training_data = p.parameter("training_data", "data/houses-*.csv.gz", description="Where the houses land.")
    archive = p.parameter("archive", "archive/housing", description="Where the training data is kept.")
    max_iter = p.parameter("max_iter", 100, minimum=1, description="How many trees.")
    learning_rate = p.parameter("learning_rate", 0.1, minimum=0.001, maximum=1)
    cv_folds = p.parameter("cv_folds", 3, minimum=2)
    r2_threshold = p.parameter("r2_threshold", 0.85)
    rmse_threshold = p.parameter("rmse_threshold", 125000, type="number")

    load = p.origin("load", origins.Files, path=training_data, format="csv")
    houses = load.to("drop_id", processors.RemoveFields, fields=("_c0",))
    label = houses.to("label", processors.RenameFields, rename={"price": "label"})
    train = label.to(
        "train",
        ml.TrainModel,
        target="label",
        algorithm="gradient_boosted_trees",
        max_iter=max_iter,
        learning_rate=learning_rate,
        cv_folds=cv_folds,
        register_as="housing",
    )
    train.to(
        "promote",
        ml.PromoteModel,
        when=f"(r2 >= {r2_threshold} or rmse <= {rmse_threshold}) and rmse <= production.rmse",
    )
    label.to("archive", destinations.Files, path=f"{archive}/run=${{run:id}}", format="parquet")
    return p


if __name__ == "__main__":
    result = build().run()
    model = result.models[0]
    print(f"version {model.version}: r2 {model.metrics['r2']:.4f}, {result.promotions[0].decision}")
