"""Is this installation whole? Each check says what is, and one command that mends it. Starts nothing."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, requires, version
from pathlib import Path

from headrace.core import EngineFailed, EngineSettings, HeadraceError

from .java import find_java, require_java
from .machine import cores, memory_in_bytes, size_text

__all__ = ["Check", "diagnose"]

PYTHON = ((3, 11), (3, 14))
ENOUGH_MEMORY = 2 * 2**30
ENOUGH_SPACE = 5 * 2**30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; ``remedy`` is a command, or a sentence where no command helps."""

    name: str
    ok: bool
    detail: str
    remedy: str | None = None


def diagnose(*, start_engines: bool = False) -> tuple[Check, ...]:
    """Every check, in the order in which one would mend things; ``start_engines`` takes 10 s and more."""
    checks: list[Check] = [
        _python(),
        *_pyspark(),
        _sail(),
        _java(),
        _memory(),
        _space(),
    ]
    if start_engines:
        checks += [_starts(name) for name in ("embedded", "spark")]
    return tuple(checks)


def _python() -> Check:
    here = sys.version_info[:2]
    ok = PYTHON[0] <= here < PYTHON[1]
    detail = f"Python {here[0]}.{here[1]} at {sys.executable}"
    return Check("python", ok, detail, None if ok else "Use Python 3.11, 3.12 or 3.13.")


def _pyspark() -> Iterator[Check]:
    """The client and the full package share their files: removing one takes files of the other."""
    client, full = _installed("pyspark-client"), _installed("pyspark")
    if client is None:
        remedy = _pip("install", _pinned("pyspark-client"))
        yield Check("pyspark", False, "pyspark-client is not installed", remedy)
        return
    if full is not None and full.version != client.version:
        detail = f"pyspark {full.version} beside pyspark-client {client.version}"
        yield Check("pyspark", False, detail, _pip("install", f"pyspark[connect]=={client.version}"))
        return
    for name, found in (("pyspark-client", client), ("pyspark", full)):
        if found is None:
            continue
        missing = _missing(found)
        detail = f"{name} {found.version}"
        if missing:
            remedy = _pip("install", "--force-reinstall", "--no-deps", f"{name}=={found.version}")
            yield Check("pyspark", False, f"{detail} lacks {missing} of its files", remedy)
        else:
            yield Check("pyspark", True, detail)


def _sail() -> Check:
    if importlib.util.find_spec("pysail") is None:
        return Check("sail", False, "pysail is not installed", _pip("install", _pinned("pysail")))
    try:
        importlib.import_module("pysail._native")
    except ImportError as error:
        remedy = _pip("install", "--force-reinstall", _pinned("pysail"))
        return Check("sail", False, f"pysail does not load: {error}", remedy)
    return Check("sail", True, f"pysail {version('pysail')}")


def _java() -> Check:
    full = _installed("pyspark")
    java = find_java()
    if full is None:
        return Check("java", True, "not needed: the full PySpark is not installed (engine 'spark')")
    try:
        require_java()
    except EngineFailed as error:
        return Check("java", False, error.message, error.hint)
    assert java is not None
    return Check("java", True, f"Java {java.version or '(version unknown)'} at {java.path}")


def _memory() -> Check:
    size = memory_in_bytes()
    ok = size >= ENOUGH_MEMORY
    remedy = None if ok else "Give the machine or container 2 GB or more."
    return Check("memory", ok, f"{size_text(size)} on {cores()} cores", remedy)


def _space() -> Check:
    folder = Path(tempfile.gettempdir())
    free = shutil.disk_usage(folder).free
    ok = free >= ENOUGH_SPACE
    remedy = None if ok else "Free space there, or set TMPDIR to a folder on a larger disk."
    return Check("temporary space", ok, f"{size_text(free)} free in {folder}", remedy)


def _starts(name: str) -> Check:
    from .opening import open_engine

    with tempfile.TemporaryDirectory() as scratch:
        try:
            with open_engine(name, EngineSettings(), scratch=Path(scratch)) as engine:
                engine.session.range(1).count()
                return Check(f"{name} starts", True, engine.version)
        except HeadraceError as error:
            return Check(f"{name} starts", False, error.message, error.hint)


def _pip(*words: str) -> str:
    """A command for this very Python: the ``pip`` in the path may be another's."""
    return shlex.join((sys.executable, "-m", "pip", *words))


def _pinned(name: str) -> str:
    """The requirement of ours, as ``pysail==0.7.2``."""
    mine = (each.partition(";")[0].strip() for each in requires("headrace") or ())
    return next((each for each in mine if re.match(rf"{name}\b(?!-)", each)), name)


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _missing(found: Distribution) -> int:
    """Python files that the package says it has and that are not there."""
    files = [file for file in found.files or () if file.suffix == ".py"]
    return sum(not Path(str(file.locate())).exists() for file in files)
