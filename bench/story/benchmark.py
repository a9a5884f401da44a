"""From CSV files to a model in production, cold: ours, the script one writes, the libraries called bare."""

from __future__ import annotations

import shutil
from pathlib import Path

from measure import Figures, alternate, finish, ratio
from results import Claim, Section, figures_table
from setting import BENCH, HEADRACE, PYTHON, Setting

__all__ = ["measure"]

EXAMPLE = BENCH.parent / "examples" / "housing"
OURS, EXTRAS, BY_HAND, BARE = "headrace run", "headrace run, plots and importance too", "by hand", "bare"
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
ALONE = {"OMP_NUM_THREADS": "1"}
"""With more, scikit-learn's threads wait for each other on a busy machine, for minutes."""
BODY = """\
Every process starts cold: no `.headrace`, no MLflow database, the same two compressed CSV files of the
example, the same learner with the same parameters and three folds, a holdout of a fifth, a registered
version, the gate, and the training data as Parquet. [by_hand.py](story/by_hand.py) is the script with
pandas, scikit-learn and MLflow as they come; [bare.py](story/bare.py) calls the libraries as well as they
can be called, in one process, and finds a migrated database. What the scripts do not have, plots and
permutation importance, is left out for the comparison (`plots: false`, `importance: false`); with both,
which come after the gate, the run takes {extras:.2f} s more.

{table}

Holdout r2: {scores}. (Ours splits by a hash of the rows, so its holdout is another fifth.)
"""


def measure(setting: Setting) -> Section:
    """Whole processes, each with files as they are after a fresh clone."""
    work, store = setting.folder / "work", setting.folder / "migrated.db"
    finish([PYTHON, "-m", "mlflow", "db", "upgrade", f"sqlite:///{store}"], setting.folder)
    files = ",".join(str(work / f"housing/data/houses-{number}.csv.gz") for number in (1, 2))
    script = [files, str(work / "mlflow.db"), str(work / "archive.parquet")]
    found = alternate(
        {
            OURS: [HEADRACE, "run", str(work / "housing/pipelines/train.yaml"), "--json"],
            BY_HAND: [PYTHON, str(BENCH / "story/by_hand.py"), *script],
            BARE: [PYTHON, str(BENCH / "story/bare.py"), *script],
            EXTRAS: [HEADRACE, "run", str(work / "housing/pipelines/train.yaml"), "--json"],
        },
        folder=setting.folder,
        rounds=setting.rounds,
        warm_up=setting.warm_up,
        environment=QUIET | (ALONE if setting.quick else {}),
        before=lambda name: fresh(work, store, name),
    )
    extras = found[EXTRAS].wall - found[OURS].wall
    body = BODY.format(table=figures_table(found), extras=extras, scores=scores(found))
    return Section("story", "The story: train, track, decide, archive", claims(found), body)


def fresh(work: Path, store: Path, name: str) -> None:
    """The files as ``name`` is to find them."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    left_out = shutil.ignore_patterns(".headrace", "archive", "mlruns", "output")
    shutil.copytree(EXAMPLE, work / "housing", ignore=left_out)
    if name == BARE:
        shutil.copy(store, work / "mlflow.db")
    if name == OURS:
        document = work / "housing/pipelines/train.yaml"
        line = "    register_as: housing\n"
        text = document.read_text()
        assert line in text
        document.write_text(text.replace(line, f"{line}    plots: false\n    importance: false\n"))


def claims(found: dict[str, Figures]) -> list[Claim]:
    """How much faster than the script, how little slower than the libraries."""
    faster = ratio(found[BY_HAND].walls, found[OURS].walls)
    beyond = [
        (ours - 1.0) / bare - 1.0 for ours, bare in zip(found[OURS].walls, found[BARE].walls, strict=True)
    ]
    overhead = 100 * sorted(beyond)[len(beyond) // 2]
    return [
        Claim.at_least("the story, wall time: by hand / ours", faster, 2.5),
        Claim.at_most("overhead over the bare libraries, beyond 1 s of start-up, wall", overhead, 5, " %"),
        Claim("CPU time: ours / bare", f"{ratio(found[OURS].cpus, found[BARE].cpus):.2f} ×", "-", None),
    ]


def scores(found: dict[str, Figures]) -> str:
    """What each says of its model, to show that the same was trained."""
    import ast
    import json

    ours = json.loads(found[OURS].said[-1])["models"][0]["metrics"]["r2"]
    lines = {name: ast.literal_eval(found[name].said[-1].splitlines()[-1]) for name in (BY_HAND, BARE)}
    told = {OURS: ours} | {name: metrics["r2"] for name, metrics in lines.items()}
    return ", ".join(f"{name} {value:.4f}" for name, value in told.items())
