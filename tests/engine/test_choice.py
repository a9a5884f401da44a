"""Which engine runs a pipeline is decided before anything starts, and said in one sentence."""

from __future__ import annotations

import pytest

from headrace.core import EngineSettings, InvalidCall, SparkSettings, all_stages
from headrace.engine import CAPABILITIES, choose_engine, gap
from headrace.engine.capabilities import GAPS
from headrace.ml.stages.train_model import TrainModel

SETTINGS = EngineSettings()
ML = frozenset({"spark_ml"})


def test_the_embedded_engine_is_preferred():
    assert choose_engine("auto", {"load": frozenset()}, SETTINGS) == ("embedded", "every stage can run on it")


def test_spark_is_chosen_for_the_stage_that_needs_it_and_says_so():
    choice = choose_engine("auto", {"load": frozenset(), "train": ML}, SETTINGS)
    assert choice.name == "spark"
    assert choice.why == "'train' needs it: pyspark.ml runs inside a JVM, and Sail has none"


def test_several_stages_are_named():
    why = choose_engine("auto", {"a": ML, "b": ML}, SETTINGS).why
    assert why.startswith("'a' and 'b' need it")
    many = choose_engine("auto", dict.fromkeys("abcde", ML), SETTINGS).why
    assert many.startswith("'a', 'b', 'c' and 2 more need it")


def test_an_engine_that_cannot_is_refused_with_the_one_that_can():
    with pytest.raises(InvalidCall) as caught:
        choose_engine("embedded", {"train": ML}, SETTINGS)
    assert (caught.value.code, caught.value.where) == ("engine-cannot", "train")
    assert caught.value.hint == "Use `--engine spark`."


def test_no_engine_can_do_everything():
    with pytest.raises(InvalidCall) as caught:
        choose_engine("auto", {"train": ML, "lake": frozenset({"iceberg"})}, SETTINGS)
    assert (caught.value.where, caught.value.hint) == ("lake", None)


def test_a_connected_spark_has_no_java_beside_it():
    connected = EngineSettings(spark=SparkSettings(master="sc://host:15002"))
    with pytest.raises(InvalidCall, match="no RDDs"):
        choose_engine("spark", {"code": frozenset({"rdd"})}, connected)
    assert choose_engine("spark", {"code": frozenset({"rdd"})}, SETTINGS).why == "asked for"
    train = TrainModel(target="y", library="spark_ml")
    with pytest.raises(InvalidCall, match="no JVM"):
        choose_engine("spark", {"train": train.engine_needs()}, connected)


def test_an_unknown_engine_is_an_error():
    with pytest.raises(InvalidCall, match=r"No engine 'sparc'.*Did you mean 'spark'"):
        choose_engine("sparc", {}, SETTINGS)


def test_a_capability_that_nobody_knows_is_a_gap():
    assert gap("spark", "time_travel").kind == "notimpl"


def test_every_gap_and_every_need_has_a_known_name():
    named = {name for table in GAPS.values() for name in table}
    needed = {name for entry in all_stages() for name in entry.stage.needs}
    assert named | needed <= set(CAPABILITIES)


PROBES = {
    "observe": lambda s: s.range(1).observe("n", __import__("pyspark").sql.functions.count("*")).collect(),
    "orc": lambda s: s.read.format("orc").load("/nowhere").collect(),
    "xml": lambda s: s.read.format("xml").option("rowTag", "a").load("/nowhere").collect(),
    "rdd": lambda s: s.range(1).rdd.count(),
    "jvm": lambda s: s._jvm,
    "file_metadata": lambda s: s.sql("SELECT input_file_name()").collect(),
    "collations": lambda s: s.sql("SELECT collate('a', 'UTF8_LCASE') = 'A'").collect(),
}


@pytest.mark.parametrize("capability", PROBES)
def test_what_the_embedded_engine_is_said_to_lack_it_really_lacks(session, capability):
    """When this fails the engine has learned something: take the gap away."""
    assert gap("embedded", capability) is not None
    with pytest.raises(Exception):  # noqa: B017, PT011 — each refuses in its own way
        PROBES[capability](session)


def test_sums_really_wrap_around_on_the_embedded_engine(session):
    assert gap("embedded", "overflow_checks") is not None
    assert session.sql("SELECT 9223372036854775807 + id FROM range(1, 2)").head()[0] < 0
