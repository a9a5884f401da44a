"""A document becomes a plan, or a list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from headrace.compiler import Draft, Plan, Surroundings, check_pipeline, compile_pipeline
from headrace.core import InvalidCall, InvalidDocument, Pipeline
from headrace.project import read_pipeline, resolve_parameters

HEAD = "headrace: 1\nkind: pipeline\nname: test\n"


def around(**environment: str) -> Surroundings:
    run = {"id": "r1", "started": "2026-01-31T10:00:00+00:00", "date": "2026-01-31"}
    return Surroundings(run, environment, lambda wanted, needs: ("embedded", "every stage can run on it"))


def read(body: str) -> Pipeline:
    return read_pipeline(HEAD + body, "test.yaml")


def check(body: str, given: Mapping[str, Any] | None = None, **environment: str) -> Draft:
    pipeline = read(body)
    values, _ = resolve_parameters(pipeline, given or {}, {})
    return check_pipeline(pipeline, values, around(**environment))


def plan_of(body: str, given: Mapping[str, Any] | None = None, **environment: str) -> Plan:
    pipeline = read(body)
    values, _ = resolve_parameters(pipeline, given or {}, {})
    return compile_pipeline(pipeline, values, around(**environment))


def issue_of(body: str, code: str) -> Any:
    found = [issue for issue in check(body).issues if issue.code == code]
    assert len(found) == 1, [str(issue) for issue in check(body).issues]
    return found[0]


LOAD = "stages:\n  load: {type: origin.inline, rows: [{a: 1}]}\n"
OUT = "  out: {type: destination.discard, from: keep}\n"


def test_stages_come_in_an_order_in_which_each_follows_what_it_reads() -> None:
    plan = plan_of(
        "stages:\n"
        "  out: {type: destination.discard, from: keep}\n"
        "  keep: {type: processor.filter, from: load, condition: a > 0}\n"
        "  load: {type: origin.inline, rows: [{a: 1}]}\n"
    )
    assert [step.name for step in plan.steps] == ["load", "keep", "out"]


def test_an_unknown_type_says_what_it_may_have_meant() -> None:
    issue = issue_of(LOAD + "  keep: {type: processor.filtr, from: load}\n" + OUT, "unknown-stage")
    assert (issue.stage, issue.field, issue.line) == ("keep", "type", 6)
    assert issue.hint == "Did you mean 'processor.filter'?"


def test_an_unknown_field_says_what_it_may_have_meant() -> None:
    body = LOAD + "  keep: {type: processor.filter, from: load, condition: a > 0, conditon: x}\n" + OUT
    issue = issue_of(body, "unknown-field")
    assert (issue.stage, issue.field, issue.hint) == ("keep", "conditon", "Did you mean 'condition'?")


def test_missing_and_mistyped_fields_are_each_named() -> None:
    assert (
        issue_of(LOAD + "  keep: {type: processor.filter, from: load}\n" + OUT, "missing-field").field
        == "condition"
    )
    wrong = issue_of(
        LOAD + "  keep: {type: processor.filter, from: load, condition: 3}\n" + OUT, "invalid-value"
    )
    assert wrong.field == "condition"
    assert "3" in wrong.message


def test_every_problem_is_reported_at_once() -> None:
    body = (
        "stages:\n"
        "  a: {type: processor.filtr, from: lod}\n"
        "  b: {type: processor.filter, from: b}\n"
        "  c: {type: destination.discard}\n"
    )
    codes = {issue.code for issue in check(body).issues}
    assert codes >= {"unknown-stage", "dangling-input", "missing-field", "cycle", "missing-input"}


def test_a_cycle_names_the_stages_on_it() -> None:
    body = (
        "stages:\n"
        "  a: {type: processor.filter, from: b, condition: x}\n"
        "  b: {type: processor.filter, from: a, condition: x}\n"
    )
    assert "a → b → a" in issue_of(body, "cycle").message or "b → a → b" in issue_of(body, "cycle").message


def test_a_destination_gives_nothing_and_an_origin_takes_nothing() -> None:
    body = (
        LOAD
        + "  out: {type: destination.discard, from: load}\n  more: {type: destination.discard, from: out}\n"
    )
    assert issue_of(body, "reads-from-destination").stage == "more"
    body = LOAD + "  b: {type: origin.inline, rows: [{a: 1}], from: load}\n"
    assert issue_of(body, "origin-with-input").stage == "b"


def test_a_disabled_processor_hands_its_input_on() -> None:
    plan = plan_of(
        LOAD + "  keep: {type: processor.filter, from: load, condition: a > 0, disabled: true}\n" + OUT
    )
    assert [step.name for step in plan.steps] == ["load", "out"]
    assert plan.step("out").reads_from == ("load",)


def test_reading_from_a_disabled_origin_is_an_issue() -> None:
    body = (
        "stages:\n"
        "  load: {type: origin.inline, rows: [{a: 1}], disabled: true}\n"
        "  out: {type: destination.discard, from: load}\n"
    )
    assert issue_of(body, "disabled-input").stage == "out"


PARAMETERS = 'parameters:\n  least: {type: integer, default: 3}\n  word: {type: string, default: "it\'s"}\n'


def condition_of(condition: str, **environment: str) -> str:
    body = (
        PARAMETERS
        + LOAD
        + f"  keep:\n    type: processor.filter\n    from: load\n    condition: {condition}\n"
        + OUT
    )
    return plan_of(body, **environment).step("keep").stage.condition  # type: ignore[attr-defined, no-any-return]


def test_a_parameter_in_sql_is_a_typed_literal_never_pasted() -> None:
    assert condition_of("a > ${least}") == "a > 3"
    assert condition_of("a = ${word}") == "a = 'it\\'s'"
    assert condition_of("a = ${env:WORD}", WORD="x' OR '1'='1") == "a = 'x\\' OR \\'1\\'=\\'1'"


@pytest.mark.parametrize("condition", ["\"a like '%${word}%'\"", "'a = `${word}`'", "'a = \"${word}\" -- x'"])
def test_a_parameter_inside_quotes_of_sql_is_refused_for_it_would_be_pasted(condition: str) -> None:
    body = PARAMETERS + LOAD
    body += f"  keep:\n    type: processor.filter\n    from: load\n    condition: {condition}\n"
    issue = issue_of(body + OUT, "quoted-reference")
    assert (issue.stage, issue.field, issue.line) == ("keep", "condition", 12)
    assert "concat('%', ${word}, '%')" in issue.hint


def test_quotes_beside_a_parameter_and_in_remarks_are_no_matter() -> None:
    assert condition_of("\"a in ('x', ${word}, 'y')\"") == "a in ('x', 'it\\'s', 'y')"
    assert condition_of("|\n      a > 0 -- it's\n      and b > ${least}").endswith("and b > 3\n")


def test_a_doubled_dollar_is_a_literal_reference() -> None:
    assert condition_of("\"a = '$${least}'\"") == "a = '${least}'"


def test_a_parameter_alone_keeps_its_type_and_inside_text_becomes_text() -> None:
    body = (
        "parameters:\n  rows: {type: list, default: [1, 2]}\n  name: {type: string, default: x}\n"
        'stages:\n  load: {type: origin.inline, rows: [{a: "${rows}", b: "n=${name}-${run:date}"}]}\n'
        "  out: {type: destination.discard, from: load}\n"
    )
    config = check(body).configs["load"]
    assert config["rows"] == [{"a": [1, 2], "b": "n=x-2026-01-31"}]


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("${lest}", "unknown-parameter"),
        ("${run:name}", "unknown-reference"),
        ("${file:x}", "unknown-reference"),
        ("${env:NOT_SET_ANYWHERE}", "unset-environment-variable"),
        ("${secret:TOKEN}", "secret-in-the-open"),
    ],
)
def test_a_reference_that_cannot_be_resolved_is_an_issue_at_its_field(reference: str, code: str) -> None:
    body = (
        PARAMETERS
        + LOAD
        + f'  keep: {{type: processor.filter, from: load, condition: "a > {reference}"}}\n'
        + OUT
    )
    assert issue_of(body, code).field == "condition"


def test_nothing_is_replaced_in_code_which_reads_its_parameters() -> None:
    code = "output = inputs[0].where(f'a > {parameters[\"least\"]}')  # ${least} ${nope} ${secret:TOKEN}"
    body = (
        PARAMETERS
        + LOAD
        + f"  keep:\n    type: processor.pyspark\n    from: load\n    code: |\n      {code}\n"
    )
    assert plan_of(body + OUT).step("keep").stage.code == code + "\n"  # type: ignore[attr-defined]


def test_a_secret_parameter_cannot_stand_in_a_field() -> None:
    body = "parameters:\n  token: {type: string, default: '${secret:TOKEN}', secret: true}\n" + LOAD
    body += '  keep: {type: processor.filter, from: load, condition: "a = ${token}"}\n' + OUT
    assert issue_of(body, "secret-in-the-open").stage == "keep"


def test_error_rows_need_a_stage_in_which_rows_can_fail() -> None:
    body = LOAD + "  keep: {type: processor.filter, from: load, condition: a > 0, on_error: discard}\n" + OUT
    assert issue_of(body, "no-error-rows").field == "on_error"


def test_an_engine_that_cannot_is_an_issue_at_the_stage_that_needs_it() -> None:
    def choose(wanted: str, needs: Mapping[str, frozenset[str]]) -> tuple[str, str]:
        raise InvalidCall("engine-cannot", "It needs spark.", where="keep")

    body = LOAD + "  keep: {type: processor.filter, from: load, condition: a > 0}\n" + OUT
    with pytest.raises(InvalidDocument) as caught:
        compile_pipeline(read(body), {}, Surroundings({}, {}, choose))
    assert [issue.code for issue in caught.value.issues] == ["engine-cannot"]


def test_a_processor_that_nobody_reads_is_a_warning_and_the_plan_stands() -> None:
    plan = plan_of(LOAD + "  keep: {type: processor.filter, from: load, condition: a > 0}\n")
    assert [(issue.code, issue.stage) for issue in plan.warnings] == [("unused-stage", "keep")]


JOIN_TWICE = """
  one: {type: destination.discard, from: joined}
  two: {type: destination.discard, from: joined}
"""


def test_costly_work_that_two_lanes_read_is_kept_and_cheap_work_is_not() -> None:
    joined = "  joined: {type: processor.join, from: [load, load], on: [a]}"
    assert plan_of(LOAD + joined + JOIN_TWICE).step("joined").kept
    cheap = "  joined: {type: processor.filter, from: load, condition: a > 0}"
    assert not plan_of(LOAD + cheap + JOIN_TWICE).step("joined").kept


def test_costly_work_is_kept_for_one_reader_that_reads_it_twice() -> None:
    joined = "  joined: {type: processor.join, from: [load, load], on: [a]}\n"
    out = "  out: {type: destination.discard, from: after}\n"
    expect = "expectations: [{check: not_null, column: a}]"
    checked = f"  after: {{type: processor.expect, from: joined, {expect}}}\n"
    assert plan_of(LOAD + joined + checked + out).step("joined").kept
    filled = "  after: {type: processor.fill_missing, from: joined, computed: {a: mean}}\n"
    assert plan_of(LOAD + joined + filled + out).step("joined").kept
    constant = "  after: {type: processor.fill_missing, from: joined, values: {a: 1}}\n"
    assert not plan_of(LOAD + joined + constant + out).step("joined").kept


def test_cache_true_keeps_whatever_it_is() -> None:
    cheap = "  joined: {type: processor.filter, from: load, condition: a > 0, cache: true}"
    assert plan_of(LOAD + cheap + JOIN_TWICE).step("joined").kept


GATE = """
  train: {type: ml.train_model, from: load, target: a, cv_folds: 2, max_deph: 3}
  gate: {type: ml.promote_model, from: train, when: "r3 > 0.5 and cv.rmse < 3"}
"""


def test_a_gate_on_what_its_training_never_gives_is_found_without_data() -> None:
    assert issue_of(LOAD + GATE, "unknown-field").field == "max_deph"
    known = GATE.replace("max_deph: 3", "subsample: 0.5")
    codes = {(issue.code, issue.stage, issue.field) for issue in check(LOAD + known).issues}
    assert codes == {
        ("unknown-hyperparameter", "train", "subsample"),
        ("unknown-metric", "gate", "when"),
    }
    issue = issue_of(LOAD + known, "unknown-metric")
    assert (issue.line, issue.hint) == (
        8,
        "It gives r2, rmse, mae, mape, accuracy, f1, precision, recall, log_loss, roc_auc, pr_auc, "
        "and `production.` of each.",
    )
    without_folds = GATE.replace("cv_folds: 2, max_deph: 3", "task: regression").replace("r3", "r2")
    assert issue_of(LOAD + without_folds, "unknown-metric").hint == (
        "The training has no folds: set its 'cv_folds'."
    )
