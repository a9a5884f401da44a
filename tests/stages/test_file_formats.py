"""What each format is read as: the usual, the odd and the broken."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import json
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.orc as po
import pytest
import xlsxwriter

from headrace.storage.formats.packing import packer

if TYPE_CHECKING:
    from .conftest import Folder

UTC = dt.UTC


def zstd(data: bytes) -> bytes:
    packing = packer("zstd")
    assert packing is not None
    return packing.compress(data) + packing.flush()


def test_json_is_lines_or_an_array_or_objects_over_several_lines(folder: Folder) -> None:
    values = [{"a": number, "b": {"c": [str(number), '[,]\n{"']}} for number in range(5)]
    folder.file("lines.json", "\n".join(map(json.dumps, values)))
    folder.file("array.json", "\ufeff " + json.dumps(values))
    folder.file("pretty.json", json.dumps(values, indent=2))
    folder.file("one.json", json.dumps(values[0], indent=1))
    folder.file("several.json", "\n".join(json.dumps(each, indent=1) for each in values))
    folder.file("packed.json.gz", gzip.compress(json.dumps(values).encode()))
    folder.file("none.json", "[]")
    for name in ("lines.json", "array.json", "pretty.json", "several.json", "packed.json.gz"):
        assert folder.rows(name) == values, name
        assert folder.types(name) == {"a": "bigint", "b": "struct<c:array<string>>"}, name
    assert folder.rows("one.json") == values[:1]
    assert folder.rows("none.json", schema="a int") == []


def test_a_large_array_passes_in_pieces(folder: Folder) -> None:
    values = [{"id": number, "text": "ß" * 40} for number in range(200_000)]
    folder.file("large.json", json.dumps(values, ensure_ascii=False))
    assert [row["id"] for row in folder.rows("large.json")] == list(range(200_000))


def test_broken_values_of_an_array_are_set_apart(folder: Folder) -> None:
    folder.file("bad.json", '[\n{"a": 1},\n{"a": nope},\n{"a": "x"},\n7,\nnope,\n{"a":\n 2}\n]')
    good, bad = folder.routed("bad.json", schema="a bigint")
    assert good == [{"a": 1}, {"a": 2}]
    assert bad == [
        ("bad-json", None, 3, '{"a": nope}'),
        ("bad-value", "a", 4, '{"a": "x"}'),
        ("bad-json", None, 5, "7"),
        ("bad-json", None, 6, "nope"),
    ]
    for text in ('[{"a": 1}, {"a": 2}', '[{"a": 1}, {"a": ', '[{"a": 1}] [', '[{"a": "1}]'):
        folder.file("cut.json", text)
        assert folder.refused("cut.json", schema="a bigint").code == "broken-file", text


ORDERS = """<?xml version="1.0"?>
<!DOCTYPE orders>
<!-- <order id="0"/> -->
<orders xmlns:x="urn:x">
  <order id="1"><name>A &amp; B</name><x:price>1.50</x:price><day>2024-02-29</day>
    <tag>a</tag><tag>b</tag></order>
  <group>
    <order id="2" note='1 > 0'><name><![CDATA[<order>]]></name><x:price/><tag>c</tag>
      <place lat="1.5">Oslo</place></order>
    <order id="3"/>
  </group>
</orders>
"""


def test_rows_of_xml_are_found_wherever_they_stand(folder: Folder) -> None:
    folder.file("a.xml", ORDERS)
    assert folder.types("a.xml", row_tag="order") == {
        "_id": "bigint",
        "name": "string",
        "x:price": "double",
        "day": "date",
        "tag": "array<string>",
        "_note": "string",
        "place": "struct<_lat:double,_VALUE:string>",
    }
    first, second, third = folder.rows("a.xml", row_tag="order")
    assert (first["_id"], first["name"], first["x:price"]) == (1, "A & B", 1.5)
    assert (first["day"], first["tag"], first["place"]) == (dt.date(2024, 2, 29), ["a", "b"], None)
    assert (second["name"], second["_note"], second["x:price"]) == ("<order>", "1 > 0", None)
    assert (second["tag"], second["place"]) == (["c"], {"_lat": 1.5, "_VALUE": "Oslo"})
    assert [third[name] for name in ("_id", "name", "tag")] == [3, None, None]
    (row,) = folder.rows("a.xml", row_tag="group", schema="order array<struct<_id:int,name:string>>")
    assert [each["_id"] for each in row["order"]] == [2, 3]


def test_xml_in_other_encodings_says_so_itself(folder: Folder) -> None:
    text = '<?xml version="1.0" encoding="{}"?><r><row><a>Ärger</a></row></r>'
    folder.file("latin.xml", text.format("ISO-8859-1").encode("latin-1"))
    folder.file("utf16.xml", text.format("utf-16").encode("utf-16"))
    folder.file("packed.xml.bz2", bz2.compress(text.format("latin-1").encode("latin-1")))
    for name in ("latin.xml", "utf16.xml", "packed.xml.bz2"):
        assert folder.rows(name) == [{"a": "Ärger"}], name


def test_bad_elements_are_set_apart(folder: Folder) -> None:
    rows = [
        "<row><a>1</a></row>",
        "<row><a>x</a></row>",
        "<row><a>2</b></row>",
        "<row><a>&bomb;</a></row>",
        "<row><a>1</a><a>2</a></row>",
        "<row>\n<a> 3 </a></row>",
    ]
    folder.file("bad.xml", "<r>\n" + "\n".join(rows) + "\n</r>")
    good, bad = folder.routed("bad.xml", schema="a bigint")
    assert good == [{"a": 1}, {"a": 3}]
    assert sorted(bad, key=lambda row: row[2]) == [
        ("bad-value", "a", 3, rows[1]),
        ("bad-xml", None, 4, rows[2]),
        ("bad-xml", None, 5, rows[3]),
        ("bad-value", "a", 6, rows[4]),
    ]


def test_entities_of_xml_are_never_expanded(folder: Folder) -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    folder.file("bomb.xml", f"{bomb}<r><row><a>&b;</a></row><row><a>&f;</a></row><row><a>ok</a></row></r>")
    good, bad = folder.routed("bomb.xml", schema="a string")
    assert good == [{"a": "ok"}]
    assert [row[0] for row in bad] == ["bad-xml", "bad-xml"]


def test_a_workbook_is_read_by_sheet(folder: Folder) -> None:
    with xlsxwriter.Workbook(folder.path / "a.xlsx") as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        book.add_worksheet("empty")
        sheet = book.add_worksheet("prices")
        sheet.write_row(2, 1, ["id", "price", "day", "name", "", "code"])
        for row, values in enumerate([(1, 1.5, "a", "1"), (2, 7, "b", "007")]):
            sheet.write_row(row * 2 + 3, 1, values[:2])
            sheet.write_datetime(row * 2 + 3, 3, dt.datetime(2024, 2, 29 - row), day)
            sheet.write_row(row * 2 + 3, 4, [values[2], True, values[3]])
    kinds = {
        "id": "bigint",
        "price": "double",
        "day": "date",
        "name": "string",
        "_c4": "boolean",
        "code": "string",
    }
    assert folder.types("a.xlsx", sheet="prices") == kinds
    first, second = folder.rows("a.xlsx", sheet=2)
    assert list(first.values()) == [1, 1.5, dt.date(2024, 2, 29), "a", True, "1"]
    assert list(second.values()) == [2, 7.0, dt.date(2024, 2, 28), "b", True, "007"]
    declared = "id decimal(10,2), code int, name bigint"
    good, bad = folder.routed("a.xlsx", sheet="prices", schema=declared)
    assert good == []
    assert [(row[0], row[1], row[2]) for row in bad] == [("bad-value", "name", 4), ("bad-value", "name", 6)]
    assert bad[0][3].startswith("1.0\t1.5\t2024-02-29\ta")
    (row, _) = folder.rows("a.xlsx", sheet="prices", schema="id decimal(10,2), code int, day timestamp")
    assert list(row.values()) == [Decimal("1.00"), 1, dt.datetime(2024, 2, 29, tzinfo=UTC)]
    error = folder.refused("a.xlsx", sheet="costs")
    assert (error.code, "prices" in str(error)) == ("sheet-not-found", True)


def test_text_is_a_row_for_each_line(folder: Folder) -> None:
    folder.file("a.txt", "one\r\n\n three\n")
    assert folder.rows("a.txt") == [{"value": "one"}, {"value": ""}, {"value": " three"}]
    folder.file("b.txt", b"good\nb\xffd\nlast")
    good, bad = folder.routed("b.txt")
    assert good == [{"value": "good"}, {"value": "last"}]
    assert bad == [("bad-encoding", "value", 2, "b\ufffdd")]
    folder.file("c.txt.zst", zstd("Ä\n".encode("latin-1")))
    assert folder.rows("c.txt.zst", encoding="latin-1", schema="line string") == [{"line": "Ä"}]


def test_files_as_they_are(folder: Folder) -> None:
    folder.file("b/one.png", b"\x89PNG")
    folder.file("b/two.pdf", b"%PDF")
    rows = sorted(folder.rows("b", format="binary"), key=lambda row: row["path"])
    assert [(row["path"], row["length"], row["content"]) for row in rows] == [
        ("b/one.png", 4, b"\x89PNG"),
        ("b/two.pdf", 4, b"%PDF"),
    ]
    assert all(dt.datetime.now(UTC) - row["modificationTime"] < dt.timedelta(hours=1) for row in rows)


def test_an_archive_is_the_files_in_it(folder: Folder) -> None:
    with zipfile.ZipFile(folder.path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("day=1/one.csv", "a,b\n1,x\n")
        archive.writestr("two.csv", "b,a\ny,2\nz,no\n")
        archive.writestr("__MACOSX/._two.csv", "nothing")
        archive.writestr("folder/", "")
    good, bad = folder.routed("a.zip", schema="a int, b string", file_column="file")
    assert sorted((row["a"], row["b"], row["file"]) for row in good) == [(1, "x", "a.zip"), (2, "y", "a.zip")]
    assert bad == [("bad-value", "a", 3, "z,no")]
    assert "a.zip/two.csv, line 3" in folder.refused("a.zip", schema="a int, b string").message
    with zipfile.ZipFile(folder.path / "b.zip", "w") as archive:
        archive.writestr("x.json", '[{"a": 1}]')
    assert folder.rows("b.zip") == [{"a": 1}]


@pytest.mark.parametrize("kind", ["parquet", "orc", "avro", "excel", "xml", "json", "csv"])
def test_a_file_of_another_format_is_a_clear_error(folder: Folder, kind: str) -> None:
    folder.file("nonsense", b"\x00\x01\xff\xfe nothing of the kind \x89" * 100)
    error = folder.refused("nonsense", format=kind)
    assert error.code in ("broken-file", "row-tag-not-found", "wrong-encoding", "unreadable-file"), error
    assert "nonsense" in str(error)


def test_orc_of_others_comes_with_its_types(folder: Folder) -> None:
    table = pa.table(
        {
            "i": pa.array([1, None], pa.int8()),
            "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())),
            "s": [{"x": [1, 2]}, None],
            "far": pa.array([dt.datetime(2200, 1, 1), dt.datetime(1700, 1, 1)], pa.timestamp("us")),
        }
    )
    po.write_table(table, folder.path / "a.orc")
    kinds = {"i": "tinyint", "m": "map<string,int>", "s": "struct<x:array<bigint>>", "far": "timestamp_ntz"}
    assert folder.types("a.orc") == kinds
    assert [row["far"] for row in folder.rows("a.orc")] == table["far"].to_pylist()
    assert folder.rows("a.orc", schema="x int, I bigint") == [{"x": None, "I": 1}, {"x": None, "I": None}]
