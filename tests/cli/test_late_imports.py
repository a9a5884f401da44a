"""Commands that only look at documents load nothing heavy: they answer before an engine could start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "alembic",
    "mlflow",
    "numpy",
    "pandas",
    "pyarrow",
    "pysail",
    "pyspark",
    "pyspark.testing.connectutils",
    "sklearn",
    "sqlalchemy",
)
CODE = f"""
import json, sys
from headrace.cli.main import main
try:
    main()
except SystemExit as end:
    loaded = sorted(set({HEAVY!r}) & set(sys.modules))
    print(json.dumps({{"code": end.code, "loaded": loaded}}), file=sys.stderr)
"""
DOCUMENT = Path(__file__).parents[2] / "examples" / "housing" / "pipelines" / "train.yaml"


def loaded_by(folder: Path, *words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    told = json.loads(done.stderr.splitlines()[-1])
    assert told["code"] in (0, None), done.stderr
    found: list[str] = told["loaded"]
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("validate", str(DOCUMENT)),
        ("stages", "list"),
        ("stages", "show", "ml.train_model"),
        ("schema", "run-result"),
        ("init", "new", "--example", "housing"),
        ("doctor", "--json"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_that_computes_nothing_loads_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    assert loaded_by(tmp_path, *words) in ([], ["pysail"] if words[0] == "doctor" else [])


def test_explain_starts_an_engine_once_and_never_again_for_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,amount\n1,2.5\n")
    (tmp_path / "p.yaml").write_text(
        "headrace: 1\nkind: pipeline\nname: p\nstages:\n"
        "  load: {type: origin.files, path: orders.csv}\n"
        "  paid: {type: processor.filter, from: load, condition: amount > 0}\n"
        "  write: {type: destination.files, from: paid, path: out}\n"
    )
    first = loaded_by(tmp_path, "explain", "p.yaml")
    assert "pysail" in first
    assert "pyspark.testing.connectutils" not in first, "PySpark takes `python -c` for a test of its own"
    assert {"pysail", "pyspark", "pandas", "mlflow"}.isdisjoint(loaded_by(tmp_path, "explain", "p.yaml"))
