"""A training on record: begun beside the reading, ended with the model or the reason for none."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Self

from headrace.core import Cancelled, HeadraceError
from headrace.ml.learning.metrics import default_metric

from .helper import Reply, helper_for
from .open_runs import closed, opened
from .records import HoldoutData, ModelFile, Registered, RunRecord, TrainingRecord

if TYPE_CHECKING:
    from headrace.core import Json, Run
    from headrace.ml.learning.material import Material, Trained
    from headrace.ml.learning.specification import Specification

__all__ = ["TrackedRun"]

PACKAGES = (
    *(
        "headrace",
        "scikit-learn",
        "numpy",
        "pandas",
        "pyarrow",
        "mlflow",
        "pysail",
        "pyspark-client",
        "pyspark",
    ),
    *("xgboost", "lightgbm"),
)


class TrackedRun:
    """``with TrackedRun(spec, run) as tracked: … tracked.finish(…)``; an exception ends it as failed."""

    def __init__(self, spec: Specification, run: Run) -> None:
        self.spec = spec
        self.run = run
        self.helper = helper_for(run.folder, run.tracking)
        self._begun: Reply | None = None
        self._ready: Reply | None = None
        self._done = False

    def __enter__(self) -> Self:
        opened(self.run)
        self._begun = self.helper.submit("open_run", begun(self.spec, self.run))
        if self.spec.register_as:
            self._ready = self.helper.submit("get_ready_to_score", self.spec.register_as)
        return self

    def reach(self) -> None:
        """Waits for a server elsewhere to answer: hours of training are not for one that is away.

        Raises ``Unavailable`` when it does not. The project's own store is there; nobody waits for it.
        """
        if not self.helper.store.is_here:
            for reply in filter(None, (self._begun, self._ready)):
                reply.result()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is not None and not self._done and self._begun is not None:
            self._fail(error)
        if error is None or isinstance(error, HeadraceError):
            closed(self.run)

    def _fail(self, error: BaseException) -> None:
        code = error.code if isinstance(error, HeadraceError) else type(error).__name__
        state = "KILLED" if isinstance(error, Cancelled) else "FAILED"
        message = self.run.mask(error.message if isinstance(error, HeadraceError) else "The training raised.")
        try:
            assert self._begun is not None
            self.helper.call("fail_run", self._begun.result(), code, message, state)
        except HeadraceError as other:
            if other is not error:
                self.run.log.warning("the failure could not be recorded in MLflow: %s", other)

    def finish(self, material: Material, trained: Trained, data: HoldoutData, file: ModelFile) -> Registered:
        """Logs all of it, registers the model, and gives where it is."""
        assert self._begun is not None
        tracking_run = self._begun.result()
        record = ended(self.spec, self.run, material, trained, data, file)
        registered: Registered = self.helper.call("finish_run", tracking_run, record)
        self._done = True
        return registered


def begun(spec: Specification, run: Run) -> RunRecord:
    """What is known before training."""
    about = run.provenance
    tags: dict[str, str] = {
        "headrace.pipeline": about.pipeline,
        "headrace.document_digest": about.document_digest,
        "headrace.environment": about.environment or "",
        "headrace.engine": " ".join(filter(None, (about.engine.get("name"), about.engine.get("version")))),
        "mlflow.source.name": about.pipeline,
        "mlflow.source.type": "PROJECT",
    }
    if about.git.get("commit"):
        tags |= {"mlflow.source.git.commit": str(about.git["commit"])}
        tags |= {"headrace.git_dirty": str(bool(about.git.get("dirty"))).lower()}
    tags |= {name: str(value) for name, value in run.tracking.tags.items()}
    texts = {
        "code/pipeline.yaml": about.document,
        "code/stage.json": _json(_stage(spec)),
        "code/versions.json": _json(versions(about.engine)),
        "data/inputs.json": _json([_input(each) for each in run.inputs]),
    }
    if spec.code:
        texts["code/train.py"] = spec.code
    parameters = {f"parameter.{name}": str(value) for name, value in about.parameters.items()}
    parameters |= {
        "target": spec.target,
        "algorithm": spec.algorithm,
        "library": spec.library,
        "seed": str(spec.split.seed),
        "cv_folds": str(spec.split.folds),
        "holdout": str(spec.split.after or spec.split.fraction),
    }
    experiment = helper_for(run.folder, run.tracking).store.experiment or about.pipeline
    return RunRecord(run.id, run.stage, experiment, tags, parameters, texts, tuple(run.inputs))


def ended(
    spec: Specification, run: Run, material: Material, trained: Trained, data: HoldoutData, file: ModelFile
) -> TrainingRecord:
    """What training has added."""
    parts = material.parts
    counts = {"train.rows": parts.train_rows, "holdout.rows": parts.holdout.num_rows}
    metrics = [(name, float(value), 0) for name, value in {**trained.metrics, **counts}.items()]
    metrics += [(f"cv.{name}", value, 0) for name, value in trained.cv.items()]
    metrics.append(("train.seconds", trained.seconds, 0))
    if trained.evaluations:
        folds = trained.evaluations[trained.chosen].folds
        metrics += [
            (f"fold.{k}", value, step) for step, fold in enumerate(folds) for k, value in fold.items()
        ]
    texts = {
        "data/schema.json": _json([{"name": c.name, "type": str(c.type)} for c in parts.train.schema]),
        "data/features.json": _json(file.about.get("features")),
        "split/split.json": _json(data.split),
        "metrics/folds.json": _json(_fold_table(trained)),
    }
    if len(trained.evaluations) > 1:
        shown = spec.search_metric or default_metric(material.task)
        metrics += [
            (f"search.{shown}", means[shown], step) for step, means in enumerate(_search_means(trained))
        ]
        texts["metrics/search.json"] = _json(_search_table(trained))
    learned = {name: str(value) for name, value in trained.learner.parameters.items() if value is not None}
    tags = {"headrace.task": material.task, "headrace.run_id": run.id, "headrace.stage": run.stage}
    tags |= {"headrace.target": spec.target, "headrace.document_digest": run.provenance.document_digest}
    return TrainingRecord(
        metrics=tuple(metrics),
        texts=texts,
        files={"split/train_hashes.npy": data.split_hashes} if data.split_hashes else {},
        parameters=learned | {"task": material.task},
        tags=tags,
        model=file,
        holdout=data,
        register_as=spec.register_as,
        description=spec.description,
        importance=spec.importance,
        plots=spec.plots,
        library=None if spec.code else spec.library,
        curve=trained.curve,
    )


def versions(engine: Mapping[str, str]) -> dict[str, Json]:
    """Python, the engine, and the packages that shape a model."""
    found: dict[str, Json] = {
        "python": platform.python_version(),
        "platform": sys.platform,
        "engine": dict(engine),
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _stage(spec: Specification) -> dict[str, Json]:
    search = {k: v.model_dump() if hasattr(v, "model_dump") else list(v) for k, v in spec.search.items()}
    return {
        "target": spec.target,
        "task": spec.task,
        "features": list(spec.features),
        "ignore": list(spec.ignore),
        "algorithm": spec.algorithm,
        "library": spec.library,
        "parameters": dict(spec.parameters),
        "search": search,
        "search_draws": spec.search_draws,
        "split": spec.split.to_json(),
        "register_as": spec.register_as,
    }


def _input(each: Any) -> dict[str, Json]:
    names = ("location", "digest", "version", "size", "rows")
    return {name: getattr(each, name) for name in names}


def _fold_table(trained: Trained) -> list[dict[str, Json]]:
    if not trained.evaluations:
        return []
    return [{"fold": number, **fold} for number, fold in enumerate(trained.evaluations[trained.chosen].folds)]


def _search_means(trained: Trained) -> list[dict[str, float]]:
    from headrace.ml.learning.fitting import means

    return [means(each.folds) for each in trained.evaluations]


def _search_table(trained: Trained) -> dict[str, Json]:
    """As MLflow shows tables: columns and rows."""
    rows = [
        {**each.parameters, **mean}
        for each, mean in zip(trained.evaluations, _search_means(trained), strict=True)
    ]
    columns = ["candidate", *rows[0], "chosen"]
    data = [[n, *(row.get(c) for c in columns[1:-1]), n == trained.chosen] for n, row in enumerate(rows)]
    return {"columns": columns, "data": data}


def _json(value: Json) -> str:
    return json.dumps(value, indent=1, default=str)
