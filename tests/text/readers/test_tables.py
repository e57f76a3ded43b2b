"""Rows and columns: which holds the prose, and what becomes of the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio.errors import StudioError
from studio.text.importing import read_file
from studio.text.reading import Reading
from tests.manuscripts import CHINESE, ENGLISH, jsonl, parquet

ROWS = [
    {"chapter": "One", "id": 1, "text": ENGLISH},
    {"chapter": "One", "id": 2, "text": "He went."},
    {"chapter": "二", "id": 3, "text": CHINESE},
]
READ = ["# One", ENGLISH, "He went.", "# 二", CHINESE]


def as_csv(separator: str) -> bytes:
    lines = [separator.join(f'"{v}"' for v in row.values()) for row in ROWS]
    return "\r\n".join([separator.join(ROWS[0]), *lines]).encode("utf-8-sig")


def read(name: str, data: bytes, **options: str) -> Reading:
    return read_file(name, data, options)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", json.dumps(ROWS).encode()),
        ("a.json", json.dumps({"data": ROWS}).encode()),
        ("a.json", json.dumps({k: [r[k] for r in ROWS] for k in ROWS[0]}).encode()),
        ("a.jsonl", jsonl(*ROWS)),
        ("a.json", jsonl(*ROWS)),
        ("a.csv", as_csv(",")),
        ("a.csv", as_csv(";")),
        ("a.tsv", as_csv("\t")),
        ("a.csv", b"sep=;\r\n" + as_csv(";").removeprefix(b"\xef\xbb\xbf")),
        ("a.csv", as_csv("|").decode().encode("utf-16")),
        ("a.parquet", parquet(**{k: [r[k] for r in ROWS] for k in ROWS[0]})),
    ],
)
def test_the_same_rows_give_the_same_text(name: str, data: bytes) -> None:
    reading = read(name, data)
    assert reading.text.split("\n\n") == READ
    assert any("id" in note for note in reading.notes)


@pytest.mark.parametrize("column", ["text", "content", "body", "story", "Text", "正文"])
def test_the_column_is_found_by_its_name(column: str) -> None:
    row = {"notes": ENGLISH * 3, column: "He went."}
    assert read("a.jsonl", jsonl(row)).text == "He went."
    columns: dict[str, list[object]] = {name: [value] for name, value in row.items()}
    assert read("a.parquet", parquet(**columns)).text == "He went."


def test_or_by_its_length() -> None:
    assert read("a.jsonl", jsonl({"a": "x", "b": ENGLISH})).text == ENGLISH
    assert read("a.csv", f"a,b\nx,{ENGLISH}\n".encode()).text == ENGLISH
    assert read("a.parquet", parquet(a=["x"], n=[1], b=[ENGLISH])).text == ENGLISH


def test_or_named_by_the_writer() -> None:
    data = jsonl({"text": "He went.", "draft": ENGLISH})
    assert read("a.jsonl", data, column="draft").text == ENGLISH
    with pytest.raises(StudioError, match="text, draft"):
        read("a.jsonl", data, column="drafts")
    with pytest.raises(StudioError, match="colour"):
        read("a.jsonl", data, colour="red")


def test_a_table_without_a_header() -> None:
    assert read("a.csv", f"1,{ENGLISH}\n2,He went.\n".encode()).text == f"{ENGLISH}\n\nHe went."


def test_quotes_line_ends_and_ragged_rows() -> None:
    data = b'id,text,more\n1,"He said ""no"",\nand went.",x,y,z\n2,"She stayed."\n\n3\n'
    reading = read("a.csv", data)
    assert reading.text == 'He said "no",\nand went.\n\nShe stayed.'
    assert any("1 rows have no text" in note for note in reading.notes)


def test_quotation_marks_that_a_backslash_escapes() -> None:
    data = rb"""id,text,place
1,"He said \"no\", and went\, \"home\"","C:\n"
2,"She ""stayed"", \\ and slept.",x
"""
    reading = read("a.csv", data, column="text")
    assert reading.text == 'He said "no", and went, "home"\n\nShe "stayed", \\ and slept.'
    assert read("a.csv", data, column="place").text == "C:\\n\n\nx"


def test_a_backslash_at_the_end_of_a_cell_escapes_nothing() -> None:
    data = b'text,place\n"He went.","C:\\"\n"She stayed.","D:\\"\n'
    assert read("a.csv", data, column="place").text == "C:\\\n\nD:\\"


def test_decimal_commas_and_commas_in_names_part_no_cells() -> None:
    data = f"Titel, Jahr;Preis;text\nFlut;1,50;{ENGLISH}\nEbbe, 2;2,50;He went, she stayed.\n"
    assert read("a.csv", data.encode()).text == f"{ENGLISH}\n\nHe went, she stayed."


def test_prose_in_a_single_column_needs_no_quotes() -> None:
    data = f"text\n{ENGLISH}, and\nHe went, she; stayed.\n".encode()
    assert read("a.csv", data).text == f"{ENGLISH}, and\n\nHe went, she; stayed."


def test_a_title_above_the_table_and_columns_without_a_name() -> None:
    rows = (
        "My book;;;;\r\n;;;;\r\nchapter;text;;text;\r\nOne;He went.;a;b;\r\n;She stayed.;c;d;\r\n"
    )
    reading = read("a.csv", rows.encode())
    assert reading.text.split("\n\n") == ["He went.", "She stayed."]
    assert reading.title == "One"
    said = " ".join(reading.notes)
    assert "Left out above the table: My book." in said
    assert "column 3, column 4" in said
    for row in ("0", "a"):
        found = read("a.csv", f",text\n{row},He went\n{row},She".encode())
        assert found.text.split("\n\n") == ["He went", "She"]


def test_short_lines_with_a_separator_behind_them_are_no_titles() -> None:
    lines = [f"Foo number {n}" for n in "abcdefgh"]
    found = read("a.csv", "".join(f"{line},\n" for line in ("chapter", *lines)).encode())
    assert found.text.split("\n\n") == lines


def test_columns_that_come_late_are_named_too() -> None:
    rows = [{"text": ENGLISH}] * 1200 + [{"text": "He went.", "secret": "x"}]
    assert any("secret" in note for note in read("a.jsonl", jsonl(*rows)).notes)
    ragged = read("a.csv", f"id,text\n1,{ENGLISH}\n2,He went.,and more\n".encode())
    assert any("column 3" in note for note in ragged.notes)


def test_texts_of_other_kinds_are_texts() -> None:
    import pyarrow as pa

    for kind in (pa.dictionary(pa.int32(), pa.string()), pa.string_view(), pa.large_string()):
        assert read("a.parquet", parquet(text=pa.array([ENGLISH, None]).cast(kind))).text == ENGLISH
    listed = read("a.json", json.dumps([{"text": [ENGLISH, "He went."]}]).encode())
    assert listed.text.split("\n\n") == [ENGLISH, "He went."]
    with pytest.raises(StudioError) as refused:
        read("a.xlsx", b"PK")
    assert "CSV" in refused.value.remedy


def test_what_is_no_row_is_counted() -> None:
    reading = read("a.json", json.dumps([{"text": ENGLISH}, 7, None]).encode())
    assert "2 rows have no text." in reading.notes


def test_one_object_with_chapters() -> None:
    book = {"title": "The Tide", "chapters": [{"title": "One", "content": ENGLISH},
                                             {"title": "二", "content": CHINESE}]}  # fmt: skip
    reading = read("a.json", json.dumps(book).encode())
    assert reading.title == "The Tide"
    assert reading.text.split("\n\n") == ["# One", ENGLISH, "# 二", CHINESE]


@pytest.mark.parametrize("value", [ENGLISH, [ENGLISH], {"title": "T", "text": ENGLISH}])
def test_other_shapes(value: Any) -> None:
    assert read("a.json", json.dumps(value).encode()).text == ENGLISH


def test_one_titled_text_gives_its_title() -> None:
    assert read("a.json", json.dumps({"title": "T", "text": ENGLISH}).encode()).title == "T"


def test_a_broken_line_is_named_and_not_passed_over() -> None:
    with pytest.raises(StudioError, match="line 2"):
        read("a.jsonl", b'{"text": "a"}\n{"text": \n')


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b"[]"), ("a.json", b"{}"), ("a.json", b"[1, 2]"), ("a.json", b'{"a": 1}'),
        ("a.jsonl", b"null"), ("a.parquet", parquet(a=[1, 2])),
    ],
)  # fmt: skip
def test_a_table_without_a_text(name: str, data: bytes) -> None:
    with pytest.raises(StudioError, match="no column with a text"):
        read(name, data)


def test_halves_of_characters_are_replaced() -> None:
    reading = read("a.json", b'{"text": "a\\ud800b", "\\udfff": 1}')
    assert reading.text == "a\ufffdb"
    assert " ".join(reading.notes).encode()


def test_other_encodings() -> None:
    data = f"编号,正文\n1,{CHINESE * 4}\n".encode("gb18030")
    reading = read("a.csv", data)
    assert (reading.text, reading.encoding) == (CHINESE * 4, "gb18030")


def test_many_rows_of_parquet_come_in_order() -> None:
    texts: list[object] = [f"Line {n}." for n in range(2000)]
    assert read("a.parquet", parquet(text=texts)).text.split("\n\n") == texts
