"""``headrace.toml`` is read with every problem at its line, and environments are laid over the base."""

from __future__ import annotations

import pytest

from headrace.core import InvalidCall, InvalidDocument, Issue
from headrace.project.settings import Settings, read_settings

WHOLE = b"""
[project]
name = "prices"

[engine]
name = "embedded"
memory = "2GB"

[engine.spark]
master = "local[2]"

[engine.spark.settings]
spark.sql.shuffle.partitions = 4
spark.ui.enabled = false
"spark.app.name" = "x"

[tracking]
uri = "http://mlflow"
tags = {since = 2026-01-31}

[parameters]
max_iter = 50
since = 2026-01-31

[environments.prod.engine]
name = "spark"
spark.master = "yarn"

[environments.prod.parameters]
max_iter = 500

[environments.prod.secrets]
order = ["file"]
"""


def issues_of(text: str | bytes) -> list[Issue]:
    with pytest.raises(InvalidDocument) as caught:
        read_settings(text if isinstance(text, bytes) else text.encode(), "headrace.toml")
    return list(caught.value.issues)


def test_no_settings_are_every_default() -> None:
    assert read_settings(b"", "headrace.toml") == Settings()


def test_settings_are_read_into_values() -> None:
    found = read_settings(WHOLE, "headrace.toml")
    assert found.name == "prices"
    assert (found.engine.name, found.engine.memory, found.engine.spark.master) == (
        "embedded",
        "2GB",
        "local[2]",
    )
    assert found.tracking.uri == "http://mlflow"
    assert found.tracking.tags == {"since": "2026-01-31"}
    assert found.parameters["max_iter"] == 50
    assert found.secrets.order == ("environment", "file", "keyring")


def test_spark_settings_may_be_written_with_their_dots() -> None:
    assert read_settings(WHOLE, "headrace.toml").engine.spark.settings == {
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
        "spark.app.name": "x",
    }


def test_an_environment_changes_what_it_names_and_keeps_the_rest() -> None:
    prod = read_settings(WHOLE, "headrace.toml", "prod")
    assert (prod.engine.name, prod.engine.memory, prod.engine.spark.master) == ("spark", "2GB", "yarn")
    assert prod.engine.spark.settings["spark.sql.shuffle.partitions"] == "4"
    assert prod.parameters["max_iter"] == 500
    assert str(prod.parameters["since"]) == "2026-01-31"
    assert prod.secrets.order == ("file",)


def test_an_unknown_environment_is_an_invalid_call_with_a_suggestion() -> None:
    with pytest.raises(InvalidCall) as caught:
        read_settings(WHOLE, "headrace.toml", "prd")
    assert (caught.value.code, caught.value.hint) == ("unknown-environment", "Did you mean 'prod'?")
    with pytest.raises(InvalidCall) as caught:
        read_settings(b"", "headrace.toml", "prod")
    assert caught.value.hint is not None
    assert "[environments.prod.engine]" in caught.value.hint


def test_every_problem_is_reported_at_once_with_line_and_suggestion() -> None:
    found = issues_of(
        '[engin]\n[engine]\nname = "sparc"\nmemry = "2GB"\nthreads = "many"\n'
        '[tracking]\nlabels = "aliases"\n[secrets]\norder = ["enviroment"]\n'
        "[environments.prod]\nprojct = 1\n[environments.prod.engine.spark]\nmastr = 1\n"
        "[environments.dev.project]\n"
    )
    assert [(issue.code, issue.line, issue.field) for issue in found] == [
        ("unknown-key", 1, "engin"),
        ("invalid-setting", 3, "engine.name"),
        ("unknown-key", 4, "engine.memry"),
        ("invalid-setting", 5, "engine.threads"),
        ("unknown-choice", 9, "secrets.order"),
        ("unknown-key", 11, "environments.prod.projct"),
        ("unknown-key", 13, "environments.prod.engine.spark.mastr"),
        ("unknown-key", 14, "environments.dev.project"),
    ]
    assert found[0].hint == "Did you mean 'engine'?"
    assert found[2].hint == "Did you mean 'memory'?"
    assert found[4].hint == "Did you mean 'environment'?"
    assert found[6].hint == "Did you mean 'master'?"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("[engine\n", "toml-syntax", 1),
        ("a = 1\na = 2\n", "toml-syntax", 2),
        ("[engine]\nname = \n", "toml-syntax", 2),
        (b"name = '\xff'", "document-encoding", None),
        ("engine = 3\n", "wrong-type", 1),
        ("[environments]\nprod = 3\n", "wrong-type", 2),
        ("[secrets]\norder = 'file'\n", "wrong-type", 2),
        ("[secrets]\nvalt = {url = 1}\n", "unknown-key", 2),
    ],
)
def test_a_damaged_file_is_an_issue(text: str | bytes, code: str, line: int | None) -> None:
    (issue,) = issues_of(text)
    assert (issue.code, issue.line, issue.file) == (code, line, "headrace.toml")


def test_keys_inside_texts_of_several_lines_are_not_taken_for_settings() -> None:
    found = issues_of('[project]\ndescription = """\nnme = 1\n[engine]\n"""\nnme = "x"\n')
    assert [(issue.code, issue.line) for issue in found] == [("unknown-key", 6)]
