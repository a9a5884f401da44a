"""Files that appear together or not at all, on a disk and in a bucket."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headrace.core import DataRefused, RunFailed
from headrace.storage.objects import StagedFile, StagedFiles
from headrace.testing import StageRun

if TYPE_CHECKING:
    from tests.servers.sites import Site

    from headrace.storage.objects.publish import Mode


class Place:
    """A destination folder and runs that write to it."""

    def __init__(self, folder: Path, location: str, connections: dict[str, Any]) -> None:
        self.folder = folder
        self.location = location
        self.connections = connections
        self.connection = next(iter(connections), None)

    def run(self, name: str) -> StageRun:
        return StageRun(None, self.folder, id=name, stage="out", connections=self.connections)  # type: ignore[arg-type]

    def stage(self, name: str, mode: Mode = "append", files: int = 3) -> StagedFiles:
        begun = StagedFiles.begin(
            self.location, self.connection, self.run(name), file_format="csv", mode=mode
        )
        written = []
        for number in range(files):
            file = f"part-{number}-{name}.csv"
            begun.store.write(begun.staging + file, b"x" * (number + 1))
            written.append(StagedFile(file, number + 1, number, "sha256:0"))
        return begun.holding(written)

    def restore(self, staged: StagedFiles, name: str) -> StagedFiles:
        """As another process would: from the journal's text alone."""
        return StagedFiles.restore(json.loads(json.dumps(staged.intent())), self.run(name))

    def visible(self, staged: StagedFiles) -> list[str]:
        """What a reader of ours sees."""
        return [info.key.rpartition("/")[2] for info in staged.store.list([staged.store.path])]

    def everything(self, staged: StagedFiles) -> list[str]:
        """Every object, hidden ones included."""
        return [info.key for info in staged.store.walk(staged.store.path)]


@pytest.fixture
def place(site: Site, tmp_path: Path) -> Place:
    return Place(tmp_path, site.location("out"), {"lake": site.connection} if site.connection else {})


def test_nothing_is_visible_before_publish_and_all_of_it_afterwards(place: Place) -> None:
    staged = place.stage("r1")
    assert place.visible(staged) == []
    output = staged.publish()
    assert place.visible(staged) == ["part-0-r1.csv", "part-1-r1.csv", "part-2-r1.csv"]
    assert (output.rows, len(output.files), output.kind) == (3, 3, "files")
    assert not [key for key in place.everything(staged) if "staging" in key or "pending" in key]


def test_publishing_twice_changes_nothing(place: Place) -> None:
    staged = place.stage("r1")
    first = staged.publish()
    assert place.restore(staged, "r1").publish() == first
    assert len([key for key in place.everything(staged) if "manifests" in key]) == 1


def test_an_undone_output_leaves_nothing_and_may_be_undone_again(place: Place) -> None:
    kept = place.stage("r0")
    kept.publish()
    for published in (False, True):
        staged = place.stage("r1")
        if published:
            staged.publish()
        place.restore(staged, "r1").undo()
        place.restore(staged, "r1").undo()
        assert [name[-6:] for name in place.visible(kept)] == ["r0.csv"] * 3
        assert not [key for key in place.everything(kept) if "r1" in key]


def test_the_journal_names_the_connection_and_holds_no_secret(place: Place) -> None:
    intent = json.dumps(place.stage("r1").intent())
    for connection in place.connections.values():
        for secret in filter(None, (getattr(connection, name) for name in connection.secrets)):
            assert secret.reveal() not in intent
        assert '"lake"' in intent


@pytest.mark.parametrize("moved", [0, 1, 3])
def test_a_publish_that_died_between_files_is_finished_by_another_process(place: Place, moved: int) -> None:
    staged = place.stage("r1")
    names = [each.name for each in staged.files]
    staged._ledger.mark(staged._target.identity, {"after": 0, "files": names})
    for name in names[:moved]:
        staged.store.move(staged.staging + name, staged._folder + name)
    assert place.visible(staged) == []
    assert place.restore(staged, "r1").publish().rows == 3
    assert len(place.visible(staged)) == 3


def test_an_overwrite_that_died_after_its_commit_shows_only_the_new_files(place: Place) -> None:
    place.stage("r0").publish()
    staged = place.stage("r1", "overwrite")
    staged._bring_and_commit()
    assert [name[-6:] for name in place.visible(staged)] == ["r1.csv"] * 3
    place.restore(staged, "r1").publish()
    assert [key[-6:] for key in place.everything(staged) if "part-" in key] == ["r1.csv"] * 3


def test_an_overwrite_that_has_begun_to_remove_is_kept_whole_by_undo(place: Place) -> None:
    old = place.stage("r0")
    old.publish()
    staged = place.stage("r1", "overwrite")
    manifest = staged._bring_and_commit()
    staged.store.delete([staged._folder + manifest["replaces"][0]])
    place.restore(staged, "r1").undo()
    assert [name[-6:] for name in place.visible(staged)] == ["r1.csv"] * 3


def test_an_overwrite_can_be_undone_until_it_removes(place: Place) -> None:
    place.stage("r0").publish()
    staged = place.stage("r1", "overwrite")
    staged._bring_and_commit()
    place.restore(staged, "r1").undo()
    assert [name[-6:] for name in place.visible(staged)] == ["r0.csv"] * 3


def test_error_mode_refuses_when_it_stages_and_when_it_publishes(place: Place) -> None:
    late = place.stage("r1", "error")
    place.stage("r0").publish()
    with pytest.raises(DataRefused) as caught:
        place.stage("r2", "error")
    assert caught.value.code == "destination-exists"
    with pytest.raises(DataRefused) as caught:
        late.publish()
    assert caught.value.code == "destination-exists"
    late.undo()
    assert [name[-6:] for name in place.visible(late)] == ["r0.csv"] * 3


def test_many_appends_at_once_lose_nothing(place: Place) -> None:
    staged = [place.stage(f"r{number}", files=1) for number in range(6)]
    threads = [threading.Thread(target=each.publish) for each in staged]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(place.visible(staged[0])) == 6
    assert staged[0]._ledger.numbers() == [1, 2, 3, 4, 5, 6]


def test_of_two_exclusive_writers_one_wins(place: Place) -> None:
    staged = [place.stage(f"r{number}", "error", files=1) for number in range(4)]
    results: list[str] = []

    def publish(each: StagedFiles) -> None:
        try:
            each.publish()
            results.append("won")
        except DataRefused as error:
            results.append(error.code)
            each.undo()

    threads = [threading.Thread(target=publish, args=(each,)) for each in staged]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("won") == 1
    assert set(results) <= {"won", "destination-exists"}
    assert len(place.visible(staged[0])) == 1


def test_a_disk_that_is_full_at_publish_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, "out", {})
    staged = place.stage("r1")
    monkeypatch.setattr(Path, "replace", _full)
    with pytest.raises(RunFailed) as caught:
        staged.publish()
    assert caught.value.code == "disk-full"
    monkeypatch.undo()
    assert place.visible(staged) == []
    staged.undo()
    assert place.everything(staged) == []


def _full(*_: object) -> None:
    import errno

    raise OSError(errno.ENOSPC, "No space left on device")
