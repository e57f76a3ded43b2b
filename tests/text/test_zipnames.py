"""Names in a zip come out as they were written, whichever program wrote them."""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib

import pytest

from studio.text import zipnames
from studio.text.importing import read_manuscript
from tests.manuscripts import zipped_as


def entries(names: list[str], encoding: str) -> list[zipfile.ZipInfo]:
    """As they are read from a zip that does not say how its names are written."""
    found = []
    for name in names:
        info = zipfile.ZipInfo("a.txt")
        info.orig_filename = info.filename = name.encode(encoding).decode("cp437")
        found.append(info)
    return found


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("gbk", ["第一章 归来.txt", "第二章 风起.txt", "楔子.txt"]),
        ("gbk", ["一.txt", "二.txt", "三.txt"]),
        ("gbk", ["1 码头.txt", "2 红漆.txt", "10 大树.txt"]),
        ("gbk", ["Chapter 1 归来.txt"]),
        ("big5", ["第一章 歸來.txt", "第二章 風起.txt"]),
        ("big5", ["楔子.txt"]),
        ("big5", ["功夫.txt", "許願.txt"]),  # whose second bytes are backslashes
        ("big5", ["潮汐/第一回 紅漆.txt"]),
        ("cp932", ["第一章 帰郷.txt", "プロローグ.txt"]),
        ("cp932", ["表紙.txt", "夜の海.txt"]),
        ("cp949", ["프롤로그.txt", "제1장 귀환.txt"]),
        ("cp1252", ["Café.txt", "Chapter 1 – The Quay.txt", "It’s raining.txt"]),
        ("cp1252", ["Épilogue.txt", "naïve.txt", "Zoë’s letter.txt"]),
        ("cp850", ["Café.txt", "Épilogue.txt", "São Tomé.txt", "Árvore.txt"]),
        ("cp437", ["Café.txt", "señor.txt"]),
        ("koi8_r", ["Пролог.txt", "Глава первая.txt"]),
        ("cp1251", ["Пролог.txt", "Эпилог.txt"]),
        ("cp866", ["Пролог.txt", "Эпилог.txt"]),
        ("mac_roman", ["Café.txt", "Épilogue.txt"]),
        ("cp1250", ["Część pierwsza.txt", "Żółta łódź.txt"]),
        ("cp1250", ["Příběh.txt", "Kůň v dešti.txt"]),
        ("cp852", ["Część pierwsza.txt", "Żółta łódź.txt"]),
        ("utf-8", ["Café.txt", "一.txt", "第一章.txt"]),
        ("utf-8", [unicodedata.normalize("NFD", "Café Zoë.txt")]),
        ("ascii", ["Chapter 1.txt"]),
    ],
)
def test_names_of_programs_that_do_not_say_their_encoding(encoding: str, names: list[str]) -> None:
    assert zipnames.read(entries(names, encoding)) == (names, "")


@pytest.mark.parametrize("name", ["Część 1.txt", "Poglavlje šesto.txt", "Őszi szél.txt"])
def test_names_that_two_alphabets_of_europe_make_sense_of_are_doubted(name: str) -> None:
    found = zipnames.read(entries([name], "cp1250"))
    assert found.names == [name] or found.doubt


def test_what_another_alphabet_would_make_of_a_short_name_is_said() -> None:
    found = zipnames.read(entries(["红楼梦.txt"], "gbk"))
    assert found.names == ["红楼梦.txt"]
    assert "GBK, as “红楼梦.txt”; it may also be Big5" in found.doubt


def test_names_that_say_what_they_are_are_taken_at_their_word() -> None:
    info, *_rest = entries(["Æ.txt"], "cp437")
    path = "一.txt".encode()
    raw = info.orig_filename.encode("cp437")
    field = struct.pack("<BI", 1, zlib.crc32(raw)) + path
    info.extra = struct.pack("<HH", 0x7075, len(field)) + field
    flagged = zipfile.ZipInfo("Å.txt")
    flagged.flag_bits = 0x800
    assert zipnames.read([info, flagged]).names == ["一.txt", "Å.txt"]


def test_the_names_become_titles_and_the_doubt_a_note() -> None:
    told = "他回來了，誰也沒有說話。" * 9
    data = zipped_as("big5", dict.fromkeys(("二、紅漆.txt", "楔子.txt", "一、碼頭.txt"), told))
    manuscript = read_manuscript("潮汐.zip", data)
    assert [c.title for c in manuscript.chapters] == ["楔子", "一、碼頭", "二、紅漆"]
    unsure = read_manuscript("a.zip", zipped_as("gbk", {"红楼梦.txt": told, "1.txt": told}))
    assert any("GBK" in note for note in unsure.notes)


def test_many_names_are_weighed_by_some_and_read_by_all() -> None:
    names = [f"卷{n % 9 + 1}/第{n}章 潮汐.txt" for n in range(20_000)]
    assert zipnames.read(entries(names, "gbk")) == (names, "")
    accents = [f"chapter {n}.txt" for n in range(5000)] + ["Café.txt"]
    assert zipnames.read(entries(accents, "cp850")).names == accents
