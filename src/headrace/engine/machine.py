"""How much of this machine a process may use: cores, memory, and sizes as people write them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from headrace.core import InvalidCall

__all__ = ["cores", "memory_in_bytes", "parse_size", "size_text"]

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_UNLIMITED = 2**60
"""Control groups write "no limit" as a very large number."""


def cores() -> int:
    """The processors this process may run on: affinity and control group respected."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota()
    return max(1, min(allowed, quota) if quota else allowed)


def memory_in_bytes(root: Path = Path("/sys/fs/cgroup")) -> int:
    """The memory this process may use: the machine's, or its control group's where that is less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [_number(path) for path in (root / "memory.max", root / "memory" / "memory.limit_in_bytes")]
    own = _own_group(root)
    if own is not None:
        limits.append(_number(own / "memory.max"))
    return min([physical, *(limit for limit in limits if limit and limit < _UNLIMITED)])


def parse_size(text: str) -> int:
    """Bytes in ``"2GB"``, ``"512 MiB"``, ``"1.5g"`` or ``"1048576"``; units are powers of 1024."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", text, re.IGNORECASE)
    if not found or float(found[1]) == 0:
        raise InvalidCall(
            "invalid-size", f"'{text}' is not an amount of memory.", hint="Write it as 2GB or 512MB."
        )
    return int(float(found[1]) * _UNITS[found[2].lower()])


def size_text(size: int) -> str:
    """``1.5 GB`` for 1,610,612,736."""
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size = size / 1024  # type: ignore[assignment]
    return f"{size:.1f} GB"


def _quota() -> int | None:
    for folder in filter(None, (_own_group(Path("/sys/fs/cgroup")), Path("/sys/fs/cgroup"))):
        try:
            quota, period = (folder / "cpu.max").read_text().split()
        except (OSError, ValueError):
            continue
        if quota != "max":
            return max(1, -(-int(quota) // int(period)))
    return None


def _own_group(root: Path) -> Path | None:
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    path = next((line[3:] for line in lines if line.startswith("0::")), None)
    return root / path.lstrip("/") if path else None


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
