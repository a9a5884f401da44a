"""Disks that fill up at any step: what was visible before stays so, and nothing of the run appears."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from typing import Any

import pytest

PIPELINE = (
    "  load: {type: origin.files, path: orders.csv}\n"
    "  one: {type: destination.files, from: load, path: disk/one, format: csv, mode: overwrite}\n"
    "  two: {type: destination.files, from: load, path: disk/two, format: csv, mode: overwrite}\n"
)
SMALL_DISK = """
mount -t tmpfs -o "$1" tmpfs disk || exit 77
mkdir disk/one && echo before > disk/one/old.csv
"$2" -m headrace.cli.main run p.yaml --json
echo "exit $?"
"$2" -m headrace.cli.main runs list --json
find disk -type f
"""
"""A disk of the script's own, gone with it: a run on it, the next command, and what is there then."""


def on_a_small_disk(place: Any, options: str) -> tuple[dict[str, Any], int, list[str]]:
    """The run's result, its exit code, and the files on the disk, hidden ones included."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare (util-linux), which mounts a disk for one process, is not installed")
    (place.folder / "disk").mkdir()
    place.pipeline(PIPELINE)
    command = [unshare, "-rm", "sh", "-c", SMALL_DISK, "sh", options, sys.executable]
    done = subprocess.run(command, cwd=place.folder, capture_output=True, text=True, check=False, timeout=120)
    if "exit" not in done.stdout:
        pytest.skip(f"this machine lets nobody mount a disk: {done.stderr.strip()[:200]}")
    result, _, rest = done.stdout.partition("exit ")
    lines = rest.splitlines()
    return json.loads(result), int(lines[0]), sorted(line for line in lines if line.startswith("disk/"))


@pytest.mark.parametrize("files", [8, 12, 14, 16, 18])
def test_a_disk_that_takes_only_so_many_files_shows_nothing_of_the_run(place: Any, files: int) -> None:
    result, code, there = on_a_small_disk(place, f"size=1m,nr_inodes={files}")
    visible = [path for path in there if "/_headrace/" not in path]
    if result["state"] == "finished":
        assert code == 0
        assert len(visible) == 2
        assert "disk/one/old.csv" not in visible
        return
    assert (code, result["error"]["code"]) == (1, "disk-full"), result["error"]
    assert "No space is left for 'disk/" in result["error"]["message"]
    assert there == ["disk/one/old.csv"]
    assert result["outputs"] == []


def test_a_disk_that_is_too_small_for_the_rows_shows_nothing_of_the_run(place: Any) -> None:
    place.write("orders.csv", "id,text\n" + "1,some words that take up space\n" * 60_000)
    result, code, there = on_a_small_disk(place, "size=600k")
    assert (code, result["error"]["code"]) == (1, "disk-full"), result["error"]
    assert result["error"]["where"] == "one"
    assert there == ["disk/one/old.csv"]


def test_a_limit_on_the_size_of_files_shows_nothing_of_the_run(place: Any) -> None:
    place.write("orders.csv", "id,text\n" + "1,some words that take up space\n" * 200_000)
    place.pipeline(PIPELINE)
    limit = f"import resource, os, sys; resource.setrlimit({resource.RLIMIT_FSIZE}, (3_000_000, 3_000_000)); "
    again = "os.execv(sys.executable, [sys.executable, '-m', 'headrace.cli.main', *sys.argv[1:]])"
    done = place.command("run", "p.yaml", "--json", start=[sys.executable, "-c", limit + again])
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], error["where"]) == (1, "file-error", "one"), error
    assert "too large" in error["message"]
    assert place.visible() == ["orders.csv"]
