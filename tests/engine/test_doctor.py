"""The doctor names what is wrong and the one command that mends it, without starting anything."""

from __future__ import annotations

import re
import shlex
import sys

import pytest

from headrace.cli.main import app
from headrace.core import EngineFailed
from headrace.engine import diagnose, doctor, open_engine

PIP = f"{shlex.quote(sys.executable)} -m pip"


def test_a_whole_installation_is_well():
    checks = {check.name: check for check in diagnose() if check.name != "java"}
    assert {"python", "pyspark", "sail", "memory", "temporary space"} <= set(checks)
    assert [check for check in checks.values() if not check.ok] == []


class Package:
    """What the standard library knows of an installed package."""

    def __init__(self, version, files=()):
        self.version = version
        self.files = files


class File:
    suffix = ".py"

    def __init__(self, path):
        self.path = path

    def locate(self):
        return self.path


def sick(monkeypatch, **installed):
    monkeypatch.setattr(doctor, "_installed", lambda name: installed.get(name.replace("-", "_")))
    return next(check for check in doctor._pyspark() if not check.ok)


def test_two_versions_that_do_not_fit_together(monkeypatch):
    check = sick(monkeypatch, pyspark=Package("4.1.0"), pyspark_client=Package("4.2.0"))
    assert check.remedy == f"{PIP} install 'pyspark[connect]==4.2.0'"


def test_a_client_whose_files_went_with_the_full_package(monkeypatch, tmp_path):
    gone = Package("4.2.0", [File(tmp_path / "gone.py"), File(tmp_path / "away.py")])
    check = sick(monkeypatch, pyspark_client=gone)
    assert check.detail == "pyspark-client 4.2.0 lacks 2 of its files"
    assert check.remedy == f"{PIP} install --force-reinstall --no-deps pyspark-client==4.2.0"


def test_no_client_at_all(monkeypatch):
    assert sick(monkeypatch).remedy == f"{PIP} install {doctor._pinned('pyspark-client')}"
    assert re.fullmatch(r"pyspark-client==[\d.]+", doctor._pinned("pyspark-client"))


def test_a_python_that_is_too_new(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 15, 0))
    check = next(check for check in diagnose() if check.name == "python")
    assert not check.ok


def test_java_is_not_missed_where_nothing_needs_it(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "_installed", lambda name: None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert doctor._java().ok


def test_java_is_missed_where_spark_is_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "_installed", lambda name: Package("4.2.0"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    check = doctor._java()
    assert not check.ok
    assert "apt-get install" in (check.remedy or "")


@pytest.mark.spark
def test_asked_to_it_starts_the_engines(engine, shared_spark):
    started = {check.name: check.ok for check in diagnose(start_engines=True) if "starts" in check.name}
    _ = engine.session
    assert started["embedded starts"]


def test_a_library_that_does_not_load_sends_one_to_the_doctor(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "headrace.engine.embedded", None)
    with pytest.raises(EngineFailed) as caught:
        open_engine("embedded", scratch=tmp_path)
    assert (caught.value.code, caught.value.hint) == (
        "engine-start-failed",
        "`headrace doctor` says what mends it.",
    )


def test_a_remedy_is_one_line_that_can_be_copied(monkeypatch, capfd):
    remedy = f"{PIP} install --force-reinstall --no-deps pyspark-client==4.2.0 --and-more-words " + "x" * 100
    monkeypatch.setattr(
        "headrace.engine.diagnose", lambda: (doctor.Check("pyspark", False, "broken", remedy),)
    )
    with pytest.raises(SystemExit) as left:
        app(["doctor"])
    assert left.value.code == 1
    assert f"  {remedy}\n" in capfd.readouterr().out
