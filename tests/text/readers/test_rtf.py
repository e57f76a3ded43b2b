"""Rich Text: encodings, headings, and what is not the story."""

from __future__ import annotations

import pytest

from studio.errors import StudioError
from studio.text import richtext
from studio.text.importing import read_manuscript
from studio.text.readers.rtf import plugin as rtf
from studio.text.reading import Reading
from tests import manuscripts


def read(body: bytes, **options: bool) -> Reading:
    return rtf.run("a.rtf", b"{\\rtf1\\ansi " + body + b"}", rtf.Spec(**options))


def hexed(text: str, encoding: str) -> bytes:
    return "".join(f"\\'{byte:02x}" for byte in text.encode(encoding)).encode()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"One\par Two\par", "One\n\nTwo"),
        (rb"One\line two\par", "One\ntwo"),
        (b"One\r\n two\\\nThree", "One two\n\nThree"),
        (rb"\ldblquote He\rquote s\rdblquote\emdash a\~b\_c\-d", "“He’s”—a\u00a0b-cd"),
        (rb"caf\'e9 \{x\} \\ y", "café {x} \\ y"),
        (rb"\uc1\u27700?\u26469?\uc0\u20102", "水来了"),
        (rb"\u-10179?\u-8704?", "\U0001f600"),
        (rb"\u55357?x", "\ufffdx"),
        (rb"{\b bold} {\i it}alic", "bold italic"),
        (rb"a{\v hidden}{\deleted gone}{\revised new}b", "anewb"),
        (rb"a{\v hidden\v0  shown}", "a shown"),
        (rb"{\info{\title T}{\author A}}{\*\generator G}{\colortbl;\red0;}a", "a"),
        (rb"{\header h}{\pict\wmetafile8 0102ff}{\pict\bin4 }}}}}a", "a"),
        (rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt the link}}.", "the link."),
        (rb"{\upr{\*\x y}{\*\ud text}}", "text"),
        (rb"a\par\page\par b", "a\n\nb"),
        (rb"one\cell two\cell\row", "one\n\ntwo"),
        (rb"a\par * * *\par b", "a\n\n* * *\n\nb"),
    ],
)
def test_what_a_document_says(body: bytes, text: str) -> None:
    assert read(body).text == text


@pytest.mark.parametrize(
    ("codepage", "encoding", "text"),
    [
        (936, "gbk", "水来了，船就高了。"),
        (950, "big5", "水來了，船就高了。"),
        (932, "cp932", "水が来て、船が上がった。"),
        (1251, "cp1251", "Вода пришла ночью."),
    ],
)
def test_the_code_page_of_the_document(codepage: int, encoding: str, text: str) -> None:
    head = b"\\ansicpg%d " % codepage
    assert read(head + hexed(text, encoding) + b"\\par").text == text
    raw = text.encode(encoding)
    if not set(raw) & set(b"\\{}"):
        assert read(head + raw).text == text


def test_the_second_half_of_a_character_may_look_like_a_letter_or_a_brace() -> None:
    character = b"\x81\x7d".decode("gb18030")
    assert read(b"\\ansicpg936 \\'81\\}x").text == f"{character}x"
    assert read(b"\\ansicpg936 \\'81@x").text == b"\x81\x40x".decode("gb18030")


def test_fonts_have_encodings_of_their_own() -> None:
    fonts = rb"{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset134 SimSun;}{\f2\fcharset204 Arial;}}"
    body = b"\\f1 " + hexed("水", "gbk") + b"\\f2 " + hexed("да", "cp1251") + b"{\\f0 \\'e9}\\par"
    assert read(fonts + body).text == "水даé"


def test_headings_come_from_styles_and_outline_levels() -> None:
    styles = rb"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 Akt;}{\s2 heading 2;}{\s3 toc 1;}}"
    body = rb"\pard\s1 One\par\pard\s0 He.\par\pard\s2 Two\par\pard\outlinelevel2 Three\par"
    body += rb"\pard It.\par"
    assert read(styles + body).text.split("\n\n") == ["# One", "He.", "## Two", "### Three", "It."]


def test_footnotes() -> None:
    body = rb"The flood{\super\chftn{\footnote\pard\plain Of 1871.\par}} came.\par"
    assert read(body).text == "The flood came."
    assert any("1 footnote" in note for note in read(body).notes)
    assert read(body, footnotes=True).text.replace(" ]", "]") == "The flood [Of 1871.] came."


def test_a_novel() -> None:
    chapter = "\\pard Chapter {}\\par\\pard " + f"{manuscripts.ENGLISH}\\par " * 20
    data = manuscripts.rtf("".join(chapter.format(n) for n in (1, 2, 3)))
    manuscript = read_manuscript("the-tide.rtf", data)
    assert [c.title for c in manuscript.chapters] == ["Chapter 1", "Chapter 2", "Chapter 3"]


def test_what_is_no_rtf() -> None:
    with pytest.raises(StudioError, match="no RTF"):
        rtf.check("a.rtf", b"Chapter 1")


@pytest.mark.parametrize("body", [b"{" * 2000, b"{\\b" * 2000, b"{}" * richtext.MOST_WORDS])
def test_too_many_marks_are_refused(body: bytes) -> None:
    with pytest.raises(StudioError, match="too large"):
        read(body)


def test_unbalanced_braces() -> None:
    assert read(b"a}b").text == "a"
    assert rtf.run("a.rtf", b"{\\rtf1 a{\\b b", rtf.Spec()).text == "ab"
    assert rtf.run("a.rtf", b"{\\rtf1 \\", rtf.Spec()).text == ""
