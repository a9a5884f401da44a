"""Type checkers know stages, their fields and what comes back: mypy, as a user would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETTINGS = """\
[tool.mypy]
plugins = ["pydantic.mypy"]
strict = true
follow_imports = "silent"
[[tool.mypy.overrides]]
module = ["pyspark.*", "mlflow.*", "sklearn.*", "pysail.*", "pyarrow.*", "obstore.*"]
ignore_missing_imports = true
follow_imports = "skip"
"""
RIGHT = """\
from headrace import Pipeline, RunResult
from headrace.ml import stages as ml
from headrace.stages import destinations, origins, processors

p = Pipeline("typed")
least = p.parameter("least", 0.0)
load = p.origin("load", origins.Files, path="orders.csv", format="csv")
paid = load.to("paid", processors.Filter, condition=f"amount > {least}").options(cache=True)
both = p.inputs(left=paid, right=load).to("both", processors.Join, on=["id"])
parts = both.to("parts", processors.SplitRows, fractions={"train": 0.8, "test": 0.2})
model = p.inputs(frame=parts["train"], holdout=parts["test"]).to("train", ml.TrainModel, target="amount")
both.to("write", destinations.Files, path="out")
result: RunResult = p.run(least=3)
reveal_type(result.models[0].version)
"""
WRONG = {
    'load.to("a", processors.Filter, conditon="x > 1")': 'Unexpected keyword argument "conditon"',
    'load.to("b", processors.Filter)': 'Missing named argument "condition"',
    'p.origin("c", processors.Filter, condition="x > 1")': "expected",
    "origins.Nothing": 'has no attribute "Nothing"',
    "result.metrics": 'has no attribute "metrics"',
}


def test_mypy_accepts_what_is_right_and_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(RIGHT + "\n".join(WRONG) + "\n")
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    cache = str(ROOT / ".mypy_cache" / "users")
    words = ["--config-file", "pyproject.toml", "--cache-dir", cache, "right.py", "wrong.py"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    assert not [line for line in lines if line.startswith("right.py") and "error" in line], done.stdout
    assert any("Revealed type" in line and "int" in line and "None" in line for line in lines), done.stdout
    start = len(RIGHT.splitlines()) + 1
    for number, said in enumerate(WRONG.values(), start):
        assert any(f"wrong.py:{number}: error" in line and said in line for line in lines), done.stdout
