"""Which process this is, so that a number that the system uses again is not mistaken for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["process_identity"]

START_FIELD = 19
"""``starttime`` is field 22 of ``/proc/<pid>/stat``, counted from the state, which is field 3."""


def process_identity(pid: int) -> str | None:
    """When the process started, as the system tells it; ``None``: there is none of that number."""
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None


def _from_proc(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The program's name comes second, in parentheses, and may hold anything.
    return f"{boot}:{text.rpartition(')')[2].split()[START_FIELD]}"
