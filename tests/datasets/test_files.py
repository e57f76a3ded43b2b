"""Tables from files: every form gives the same rows, and what is wrong is named."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.bench import resident
from studio.datasets import tables
from studio.datasets.loaders.files import plugin
from studio.domain.recipes import FileRows
from studio.errors import StudioError
from studio.settings import ROOT
from tests.datasets.tables import as_parquet, put, questions, written
from tests.workroom import LocalRoom

ENDINGS = tuple(tables.READERS)


def read(name: str, content: bytes) -> list[dict[str, Any]]:
    return [row.fields for row in tables.read(name, BytesIO(content))]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_form_gives_the_same_rows(ending: str) -> None:
    rows = [*questions(70), {"input": 'He said: "a,\tb"\n\nand\r\nleft.', "output": "= 龘😀"}]
    assert read(f"a{ending}", written(rows, ending)) == rows


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf [ {"text": "a"} , {"text": "b"} ] ',
        b'{"version": 1.25, "about": {"data": [1]}, "data": [{"text": "a"}, {"text": "b"}]}',
        b'{"text": "a"}\n{"text": "b"}\n',
        b'{\n "text": "a"\n}\n{\n "text": "b"}',
    ],
)
def test_json_comes_in_several_ways(content: bytes) -> None:
    assert read("a.json", content) == [{"text": "a"}, {"text": "b"}]


def test_a_value_that_ends_with_a_block_is_whole() -> None:
    rows = [{"text": "x" * (1 << 18), "n": 12345678901234567890 + i} for i in range(5)]
    assert read("a.json", json.dumps({"n": 10**15, "data": rows}).encode()) == rows


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig", "cp1252"])
def test_a_table_from_a_spreadsheet(encoding: str) -> None:
    text = "他说：水。" * 40 if encoding != "cp1252" else "“It will come,” he said — café. " * 40
    content = f'text,n\r\n"{text}",1\r\n'.encode(encoding)
    assert read("a.csv", content) == [{"text": text, "n": "1"}]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_file_has_no_rows_or_is_refused(ending: str) -> None:
    try:
        assert read(f"a{ending}", b"") == []
    except StudioError:
        assert ending == ".parquet"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b'{"a": "\xff"}', "not written in UTF-8"),
        ("a.csv", "text\n好\n".encode() + b"a\n" * 200_000 + b"\xff\n", "UTF-8: line 200003 is"),
        ("a.json", b"[" * 200_000, "nested too deep"),
        ("a.json", b'{"data": [{"a": 1}], "data2": 3} 7', "More follows"),
        ("a.json", b'"text"', "begins with"),
        ("a.json", b"[" + b"9" * 5000 + b"]", "cannot be read"),
        ("a.csv", b"a,a\n1,2\n", "name each column once: a"),
        ("a.csv", b'a,b\n"1,2\n', "cannot be read"),
        ("a.csv", b",".join(b"c%d" % i for i in range(100_000)), "1,000 are the most"),
        ("a.parquet", b"PAR1" + b"\xff\xff\xff\x7fPAR1", "far too long"),
        ("a.parquet", b"PK\x03\x04" * 9, "does not end like"),
    ],
)
def test_what_is_wrong_is_named(name: str, content: bytes, said: str) -> None:
    with pytest.raises(StudioError, match=said):
        read(name, content)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"a": 1}\n[1]\n{"a": 1}', "not named fields"),
        ("a.jsonl", b'{"a": 1}\n{"a": \n{"a": 1}', "Line 2"),
        ("a.jsonl", b'{"a": 1}\n{"a": "x\\u0000"}\n{"a": 1}', "column “a” holds a NUL"),
        ("a.jsonl", b'{"a": 1}\n{"a": [{"b": "\\ud800"}]}\n{"a": 1}', "half of a character"),
        ("a.jsonl", b'{"a": 1}\n{"\\ud800": 1}\n{"a": 1}', "half of a character"),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n{"a": 1}', "not written in UTF-8"),
        ("a.jsonl", b'{"a": 1}\n' + b'{"a":' * 200_000 + b'\n{"a": 1}', "nested too deep"),
        ("a.json", b'[{"a": 1}, {"a": ' + b"[" * 80 + b"]" * 80 + b'}, {"a": 1}]', "too deep"),
        ("a.csv", b"a,b\n1,2\n1,2,3\n1,2", "It has 3 cells"),
        ("a.csv", b"a,b\n1,2\n1,x\0y\n1,2", "holds a NUL"),
    ],
)
def test_a_row_is_judged_by_itself(name: str, content: bytes, said: str) -> None:
    first, wrong, last = tables.read(name, BytesIO(content))
    assert first.fields == last.fields != {}
    assert said in wrong.wrong
    assert (wrong.number, wrong.fields) == (2, {})
    assert not first.wrong
    assert not last.wrong


@pytest.mark.parametrize(
    "content",
    [
        "text;n\r\n{};1,5\r\n{};2\r\n",
        "text;n;;\r\n{};1,5;;\r\n{};2;;\r\n;;;\r\n",
        "sep=;\r\ntext;n\r\n{};1,5\r\n{};2\r\n",
        '"sep=|"\ntext|n\n{}|1,5\n{}|2\n',
        "sep=^\ntext^n\n{}^1,5\n{}^2\n",
        "text\tn\n{}\t1,5\n{}\t2\n",
        'text|"n"\n{}|"1,5"\n{}|2',
        'text,n\n{},"1,5"\n{},2\n',
        "text;n\r{};1,5\r{};2\r",
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_cells_are_parted_as_a_spreadsheet_parted_them(
    name: str, content: str, encoding: str
) -> None:
    prose = '"He said: ""a, b; c|d"",\nand left — slowly."'
    table = content.format(prose, prose)
    if "\n" not in content:  # where every line ends so, one in a cell does
        table = table.replace("\n", "\r")
    text = 'He said: "a, b; c|d",\nand left — slowly.'
    assert [(r["text"], r["n"]) for r in read(name, table.encode(encoding))] == [
        (text, "1,5"),
        (text, "2"),
    ]


def test_quotation_marks_that_a_backslash_escapes() -> None:
    escaped = rb'prompt,completion\n"Say \"hi\", please","\"Hi.\""\n'.replace(rb"\n", b"\n")
    assert read("a.csv", escaped) == [{"prompt": 'Say "hi", please', "completion": '"Hi."'}]


def test_prose_in_a_single_column_needs_no_quotes() -> None:
    assert read("a.csv", b"text\nHe went, and she; stayed.\nNo.\n") == [
        {"text": "He went, and she; stayed."}, {"text": "No."}
    ]  # fmt: skip


HOSTILE = {
    "columns.csv": "b','.join(b'c%d' % i for i in range(1_000_000)) + b'\\n'",
    "columns.jsonl": "b'{' + b','.join(b'\"c%d\": 1' % i for i in range(1_000_000)) + b'}'",
    "columns.json": "b'[{' + b','.join(b'\"c%d\": 1' % i for i in range(1_000_000)) + b'}]'",
    "endless.csv": "b'a\\n' + b'x' * 60_000_000",
    "quote.csv": "b'a\\n\"' + b'x\\n' * 30_000_000",
    "endless.jsonl": "b'{\"a\": \"' + b'x' * 60_000_000",
    "endless.json": "b'[{\"a\": \"' + b'x' * 60_000_000",
    "brackets.json": "b'[' * 60_000_000",
}


MEASURED = pytest.mark.skipif(resident.peak() is None, reason="memory is measured by Linux's /proc")


def measured(code: str) -> list[float]:
    """The numbers that a process of its own prints."""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return [float(number) for number in run.stdout.split()]


@MEASURED
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_table_is_refused_in_little_memory(name: str) -> None:
    """In a process of its own, so that its memory can be measured; the file's own is allowed."""
    code = (
        "from io import BytesIO; from studio.bench import resident\n"
        "from studio.datasets import tables; from studio.errors import StudioError\n"
        f"content = {HOSTILE[name]}\n"
        "before = resident.peak()\n"
        "try:\n"
        f"    list(tables.read({name!r}, BytesIO(content)))\n"
        "except StudioError as error:\n"
        "    print((resident.peak() - before) / 1e6)\n"
    )
    (megabytes,) = measured(code)
    assert megabytes < 500


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(ENDINGS), st.data())
def test_a_damaged_table_is_refused_or_read(ending: str, data: st.DataObject) -> None:
    content = bytearray(written(questions(20), ending))
    for _number in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    end = data.draw(st.one_of(st.none(), st.integers(0, len(content))))
    with contextlib.suppress(StudioError):
        assert all(isinstance(row, dict) for row in read(f"a{ending}", bytes(content[:end])))


def test_a_column_that_unpacks_to_far_more_than_it_is_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = as_parquet([{"text": "x" * 1_000_000, "n": i} for i in range(20)], 20, "zstd")
    monkeypatch.setattr(tables, "LARGEST_CHUNK", 500_000)
    with pytest.raises(StudioError, match="unpacks to far more"):
        read("a.parquet", content)


@MEASURED
def test_parquet_is_read_in_memory_that_does_not_grow_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(as_parquet([{"text": os.urandom(40_000).hex()} for _ in range(800)], 100))
    code = (
        "from studio.bench import resident; from studio.datasets import tables\n"
        f"stream = open({str(path)!r}, 'rb')\n"
        "rows = iter(tables.read('a.parquet', stream))\n"
        "first = sum(1 for _number, _row in zip(range(200), rows))\n"
        "before = resident.peak()\n"
        "print(first, sum(1 for _row in rows), (resident.peak() - before) / 1e6)\n"
    )
    first, others, megabytes = measured(code)
    assert (first, others) == (200, 600)
    assert megabytes < 600 * 0.08 / 2


def test_every_table_of_an_artifact_is_read_in_order(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    rows = questions(6)
    artifact = put(
        room,
        b__jsonl=written(rows[2:4], ".jsonl"),
        a__csv=written(rows[:2], ".csv"),
        c__parquet=written(rows[4:], ".parquet"),
        notes__txt=b"read me",
    )
    found = plugin.run(FileRows(artifact=artifact), room)
    assert [row.fields for row in found] == rows
    assert list(found.origin["files"]) == ["a.csv", "b.jsonl", "c.parquet"]
    assert all(len(digest) == 64 for digest in found.origin["files"].values())
    assert found.origin["not_read"] == ["notes.txt"]


def test_rows_come_one_by_one(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    broken = written(questions(3), ".jsonl") + b"{"
    stream = iter(plugin.run(FileRows(artifact=put(room, a__jsonl=broken)), room))
    assert [next(stream).number for _ in range(3)] == [1, 2, 3]
    assert "Line 4" in next(stream).wrong


def test_no_table_at_all(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    with pytest.raises(StudioError, match=r"Found: notes\.txt"):
        plugin.run(FileRows(artifact=put(room, notes__txt=b"x")), room)
