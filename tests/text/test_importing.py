"""Files become manuscripts; bad ones are refused in plain words."""

from __future__ import annotations

import pytest

from studio.errors import StudioError
from studio.settings import Settings
from studio.text.importing import read_file, read_manuscript

STORY = "Chapter 1\n\nHe went to the quay.\n\nChapter 2\n\nShe stayed where she was, and waited.\n"


def refused(name: str, data: bytes) -> StudioError:
    with pytest.raises(StudioError) as caught:
        read_manuscript(name, data)
    assert name in caught.value.what
    assert caught.value.remedy.endswith(".")
    return caught.value


def test_an_empty_file() -> None:
    assert "no content" in refused("novel.txt", b"").why


@pytest.mark.parametrize(
    "data", [b" \n\t\r\n", "\u3000\u3000\n\n\u3000".encode(), b"\xef\xbb\xbf", b"Hi."]
)
def test_a_file_of_white_space(data: bytes) -> None:
    assert "characters" in refused("novel.txt", data).why


def test_200_megabytes_are_refused_at_once() -> None:
    data = b"The water came up. " * (200 * 1024 * 1024 // 19)
    error = refused("novel.txt", data)
    assert "199 MB" in error.why or "200 MB" in error.why
    assert "100" in error.why
    assert "volumes" in error.remedy


def test_a_binary_renamed_to_txt() -> None:
    assert "UTF-8" in refused("novel.txt", bytes(range(256)) * 100).remedy


@pytest.mark.parametrize("name", ["novel.doc", "novel.odt", "novel.pages", "novel.xyz", "novel"])
def test_an_ending_that_no_reader_knows(name: str) -> None:
    error = refused(name, STORY.encode())
    for ending in (".txt", ".md", ".docx", ".epub", ".scriv"):
        assert ending in error.why
    assert ".docx" in error.remedy


def test_the_program_that_makes_a_docx_of_it_is_named() -> None:
    assert "Pages" in refused("novel.pages", STORY.encode()).remedy
    assert "LibreOffice" in refused("novel.odt", STORY.encode()).remedy


def test_a_reader_has_options_and_refuses_others() -> None:
    page = b"<p>One<a role='doc-noteref' href='#n'>1</a></p>"
    page += b"<aside role='doc-footnote' id='n'>Two</aside>"
    assert read_file("a.html", page).text == "One"
    assert read_file("a.html", page, {"footnotes": True}).text == "One [Two]"
    with pytest.raises(StudioError, match="colour") as caught:
        read_file("a.html", page, {"colour": "red"})
    assert "footnotes" in caught.value.remedy


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_encodings_give_the_same_manuscript(home: Settings, encoding: str) -> None:
    text = (home.samples / "last-ferry.txt").read_text(encoding="utf-8")
    manuscript = read_manuscript("last-ferry.txt", text.encode(encoding))
    assert manuscript.encoding == encoding
    assert manuscript.text == read_manuscript("last-ferry.txt", text.encode()).text


def test_latin_1() -> None:
    text = STORY + "The café was closed; naïve as he was, he knocked at the door. " * 5
    manuscript = read_manuscript("novel.txt", text.encode("latin-1"))
    assert "café was closed; naïve" in manuscript.text


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("The water came up and leaned there. ", 7),
        ("水来了，船就高了。", 7),
        ("word ", 1),
        ("x", 0),
    ],
)
def test_one_endless_line_of_5_mb(unit: str, words: int) -> None:
    data = (unit * (5_000_000 // len(unit.encode()))).encode()
    manuscript = read_manuscript("novel.txt", data)
    assert len(manuscript.chapters) == 1
    assert manuscript.words >= words * (5_000_000 // len(unit.encode()))


ZH = "水真的到了那条红线，一点也没有多，一点也没有少。" * 40


@pytest.mark.parametrize(
    ("name", "text", "title"),
    [
        ("the-tide_clerk.txt", STORY, "The Tide Clerk"),
        ("My Novel.txt", STORY, "My Novel"),
        ("a.txt", "THE CALL OF THE WILD\n\nby Jack\n\n" + STORY, "The Call of the Wild"),
        ("a.txt", "Frankenstein;\n\nor, the Modern\n\n" + STORY, "Frankenstein"),
        ("a.txt", "《红楼梦》\n\n曹雪芹 著\n\n" + STORY, "红楼梦"),
        ("war.txt", "by H. G. Wells\n\n" + STORY, "War"),
        ("a.md", "---\ntitle: Tide\n---\n" + STORY, "Tide"),
        ("渡船.txt", f"第一卷 风起 第一章 归来\n\n{ZH}\n\n第一卷 风起 第二章 灯\n\n{ZH}", "渡船"),
        ("渡船.txt", f"第一卷 风起\n\n第一章 归来\n\n{ZH}\n\n第二章 灯\n\n{ZH}", "渡船"),
        ("a.md", "# Tide\n\n## One\n\nHe went to the quay.\n\n## Two\n\nShe stayed there.", "Tide"),
    ],
)
def test_titles(name: str, text: str, title: str) -> None:
    assert read_manuscript(name, text.encode()).title == title


def test_reading_is_deterministic(home: Settings) -> None:
    data = (home.samples / "tide-clerk.txt").read_bytes()
    assert read_manuscript("tide-clerk.txt", data) == read_manuscript("tide-clerk.txt", data)


@pytest.mark.parametrize(
    ("name", "title", "language", "words"),
    [
        ("tide-clerk.txt", "The Tide Clerk", "en", 3202),
        ("last-ferry.txt", "最后一班渡船", "zh", 4775),
    ],
)
def test_the_samples(home: Settings, name: str, title: str, language: str, words: int) -> None:
    manuscript = read_manuscript(name, (home.samples / name).read_bytes())
    assert (manuscript.title, manuscript.language) == (title, language)
    assert manuscript.words == words
    assert len(manuscript.chapters) == 6
    assert all(c.title for c in manuscript.chapters)
    assert "※" in manuscript.text or "* * *" in manuscript.text


HOSTILE = [
    "I.\n\n",
    "Chapter 1\n",
    "ROOM A\n\n",
    "# a\n\n",
    "x\r",
    "* * *\n\n",
    "第一章\n",
    "a\nB\n",
]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("name", ["novel.txt", "novel.md"])
def test_no_shape_of_file_takes_more_than_linear_time(name: str, unit: str) -> None:
    """A tenth of a megabyte would take long if a pattern went over it again and again."""
    data = (unit * (100_000 // len(unit))).encode()
    assert read_manuscript(name, data).characters > 0


def test_a_publishers_header_names_the_title() -> None:
    header = "The Project Gutenberg eBook of Salt\n\nTitle: Salt and Iron\n\nAuthor: Nobody\n\n"
    start = "*** START OF THE PROJECT GUTENBERG EBOOK SALT ***\n\n"
    end = "\n\n*** END OF THE PROJECT GUTENBERG EBOOK SALT ***\n"
    story = "CHAPTER I\n\nThe boat came in at noon, and nobody was on it.\n"
    found = read_manuscript("pg1.txt", (header + start + story + end).encode())
    assert found.title == "Salt and Iron"
    assert "GUTENBERG" not in found.text
