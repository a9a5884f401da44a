"""Files are read from web servers: whole or in parts, with or without a password."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.core import HeadraceError, InvalidCall, Secret, WithErrors
from headrace.engine import Engine, explain_failure
from headrace.stages.destinations.files import Files as Write
from headrace.stages.origins.files import Files as Read
from headrace.storage.connections import HttpConnection, explore
from headrace.storage.objects import open_store
from headrace.testing import StageRun

if TYPE_CHECKING:
    from tests.servers.web import Web

    from headrace.app.local_s3 import LocalS3

TABLE = pa.table({"id": pa.array(range(5000), pa.int64()), "text": ["ß"] * 5000})
LOCKED = HttpConnection(user="ada", password=Secret("web", "word"), allow_http=True)


def read(engine: Engine, folder: Path, path: Any, known: HttpConnection | None = None) -> pa.Table:
    run = StageRun(engine.session, folder, engine=engine.name, connections={"web": known} if known else {})
    frame = Read(path=path, connection="web" if known else None).read(run)
    assert not isinstance(frame, WithErrors)
    return engine.to_arrow(frame)


def refused(engine: Engine, folder: Path, path: Any, known: HttpConnection | None = None) -> HeadraceError:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - what it is, is what is asked
        read(engine, folder, path, known)
    found = explain_failure(caught.value)
    assert found is not None, caught.value
    return found


def test_a_server_that_serves_whole_files_is_read(any_engine: Engine, web: Web, tmp_path: Path) -> None:
    pq.write_table(TABLE, web.folder / "a.parquet", row_group_size=700)
    (web.folder / "b.csv.gz").write_bytes(gzip.compress(b"id,text\n1,x\n"))
    assert read(any_engine, tmp_path, f"{web.url}a.parquet").sort_by("id").equals(TABLE)
    assert read(any_engine, tmp_path, f"{web.url}{{b,b}}.csv.gz").to_pylist() == [{"id": 1, "text": "x"}]


def test_a_signed_address_is_read_in_parts(engine: Engine, s3_server: LocalS3, tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet", row_group_size=700)
    bucket = open_store("s3://raw/", s3_server.connection(), tmp_path)
    bucket.write("signed/a.parquet", (tmp_path / "a.parquet").read_bytes())
    address = obstore.sign(bucket._store, "GET", "signed/a.parquet", dt.timedelta(minutes=5))  # type: ignore[attr-defined]
    files = open_store(address, None, tmp_path)
    whole = (tmp_path / "a.parquet").read_bytes()
    assert files.read(files.path, 4, 9) == whole[4:9]
    assert files.read(files.path, 10) == whole[10:]
    (found,) = files.list([files.path])
    assert (found.size, found.location) == (len(whole), address)
    assert found.mark.startswith("web-")
    bare = address.replace(".parquet?", ".nothing?")
    told = refused(engine, tmp_path, bare)
    assert "X-Amz-Signature" not in str(told)


def test_a_password_opens_what_is_locked(engine: Engine, web: Web, tmp_path: Path) -> None:
    (web.folder / "locked").mkdir()
    (web.folder / "locked" / "a.csv").write_text("id\n1\n")
    address = f"{web.url}locked/a.csv"
    assert read(engine, tmp_path, address, LOCKED).num_rows == 1
    assert refused(engine, tmp_path, address).code == "access-denied"
    told = refused(engine, tmp_path, address, LOCKED.model_copy(update={"allow_http": False}))
    assert told.code == "http-not-allowed"
    asked = LOCKED.model_copy(update={"url": address})
    assert "HTTP 200" in explore(asked, tmp_path).check()
    with pytest.raises(HeadraceError) as caught:
        explore(asked.model_copy(update={"password": Secret("web", "canary")}), tmp_path).check()
    assert caught.value.code == "access-denied"
    assert "canary" not in str(caught.value)


def test_what_a_web_server_cannot_do_is_said(engine: Engine, web: Web, tmp_path: Path) -> None:
    assert refused(engine, tmp_path, f"{web.url}*.csv").code == "cannot-list"
    assert refused(engine, tmp_path, f"{web.url}no.csv").code == "no-files-match"
    assert refused(engine, tmp_path, "http://127.0.0.1:9/a.csv").code == "store-unavailable"
    run = StageRun(engine.session, tmp_path)
    with pytest.raises(InvalidCall) as caught:
        Write(path=f"{web.url}out").write(engine.session.range(1), run)
    assert caught.value.code == "bad-location"
