"""The Java that Spark would start with, found without starting it where that can be helped."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from headrace.core import EngineFailed

__all__ = ["OLDEST_JAVA", "Java", "find_java", "require_java"]

OLDEST_JAVA = 17
REMEDY = "Install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME."


@dataclass(frozen=True, slots=True)
class Java:
    """An executable and its major version; ``None`` when it would not say."""

    path: Path
    version: int | None


def find_java() -> Java | None:
    """What Spark's launcher takes: ``JAVA_HOME``, else ``java`` on the path."""
    home = os.environ.get("JAVA_HOME")
    if home:
        java = Path(home) / "bin" / "java"
        return Java(java, _version(java)) if java.is_file() else None
    found = shutil.which("java")
    return Java(Path(found), _version(Path(found))) if found else None


def require_java() -> Java:
    """The Java to start with, or ``EngineFailed`` that says what to install."""
    java = find_java()
    if java is None:
        home = os.environ.get("JAVA_HOME")
        where = f"JAVA_HOME is {home}, where there is no bin/java." if home else "No java was found."
        raise EngineFailed("java-missing", f"The engine 'spark' needs Java. {where}", hint=REMEDY)
    if java.version is not None and java.version < OLDEST_JAVA:
        raise EngineFailed(
            "java-too-old",
            f"The engine 'spark' needs Java {OLDEST_JAVA} or newer; {java.path} is version {java.version}.",
            hint=REMEDY,
        )
    return java


def _version(java: Path) -> int | None:
    release = java.resolve().parent.parent / "release"
    try:
        text = release.read_text()
    except OSError:
        text = _ask(java)
    found = re.search(r'version[ =]"?(?:1\.)?(\d+)', text, re.IGNORECASE)
    return int(found[1]) if found else None


def _ask(java: Path) -> str:
    try:
        answer = subprocess.run(
            [str(java), "-version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr + answer.stdout
