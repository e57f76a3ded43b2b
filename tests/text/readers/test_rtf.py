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


SHAPE = (
    rb"{\shp{\*\shpinst\shpleft0{\sp{\sn shapeType}{\sv 202}}{\shptxt\pard %s\par}}"
    rb"{\shprslt{\*\do\dobxpage{\dptxbx{\dptxbxtext\pard %s\par}}}}}"
)


def test_a_text_box_is_read_once_and_follows_its_paragraph() -> None:
    body = rb"He " + SHAPE % (rb"A letter\par lay there.", rb"A letter lay there.") + rb"went.\par "
    found = read(body + rb"She stayed.\par")
    assert found.text.split("\n\n") == ["He went.", "A letter", "lay there.", "She stayed."]
    assert found.notes == ()


def test_shapes_of_every_make() -> None:
    old = rb"{\*\do\dobxpage{\dptxbx{\dptxbxtext\pard Drawn\par}}}"
    only_result = rb"{\shp{\*\shpinst}{\shprslt{\*\do{\dptxbxtext Shown}}}}"
    group = rb"{\shpgrp{\*\shpinst{\shp{\*\shpinst{\shptxt In}}}}{\shprslt{\dptxbxtext In}}}"
    art = rb"{\shp{\*\shpinst{\sp{\sn gtextUNICODE}{\sv THE \u27700?}}}}"
    nested = SHAPE % (rb"Outer" + SHAPE % (b"Inner", b"Inner") + rb"\par", b"Outer")
    for shape, lines in (
        (old, ["Drawn"]), (only_result, ["Shown"]), (group, ["In"]), (art, ["THE 水"]),
        (nested, ["Outer", "Inner"]),
    ):  # fmt: skip
        found = read(b"He " + shape + rb"went.\par She.")
        assert found.text.split("\n\n") == ["He went.", *lines, "She."]
        assert found.notes == ()


@pytest.mark.parametrize(
    ("body", "text", "notes"),
    [
        (rb"a{\header The Tide}{\footerf b\par}c", "ac", ["2 headers and footers"]),
        (rb"a{\header {\field{\*\fldinst PAGE}{\fldrslt 3}}}c", "ac", []),
        (rb"a{\*\atnid X}{\*\annotation{\*\atndate 1}Why?}c", "ac", ["1 comment"]),
        (rb"a{\v gone}{\v  too}b{\deleted gone}c", "abc", ["1 tracked change", "1 piece of hid"]),
        (rb"a{\*\shppict{\pict 0a}}{\nonshppict{\pict 0a}}c", "ac", ["1 picture"]),
        (rb"a{\object{\*\objclass X}{\*\objdata 0a}{\result{\pict 0a}}}c", "ac", ["1 embedded"]),
        (rb"a{\object{\*\objdata 0a}{\result{b}}}c", "abc", []),
        (rb"a{\*\strange words}{\*\data 0aff}c", "ac", ["1 piece of text of a kind"]),
        (rb"a{\*\moMath{\mf{\*\mfPr}{\mnum{\mr 1}}{\mden{\mr 2}}}}c", "a1/2c", ["1 formula"]),
        (rb"a} and so on {", "a", ["What follows the end"]),
    ],
)
def test_what_is_not_read_is_named(body: bytes, text: str, notes: list[str]) -> None:
    found = read(body)
    assert found.text == text
    assert len(found.notes) == len(notes)
    for said, note in zip(found.notes, notes, strict=True):
        assert said.startswith(note)


def test_what_is_said_twice_in_a_header_stays_there() -> None:
    assert read(rb"{\header{\upr{old}{\*\ud new}}}{\upr{old}{\*\ud new}}").text == "new"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"a\column b\pmartabqr c", "a\n\nb\tc"),
        (rb"\pard\dropcapli3\dropcapt1 T\par\pard he water.\par", "The water."),
        (rb"\u8212\emdash x\u8220\ldblquote y", "—x“y"),
        (rb"{\field{\*\fldinst SYMBOL 74 \\f Wingdings}{\fldrslt}}", "☺"),
        (rb"{\field{\*\fldinst EQ \\* jc2 \\o\\ad(\\s\\up 9(d),b)}{\fldrslt}}c", "bc"),
        (rb"{\field{\fldinst A}{\fldrslt{\field{\fldinst QUOTE \"b\"}{\fldrslt c}}}}d", "cd"),
    ],
)
def test_tabs_breaks_and_fields(body: bytes, text: str) -> None:
    assert read(body).text == text


def test_signs_of_symbol_fonts() -> None:
    fonts = (
        rb"{\fonttbl{\f0 Times;}{\f3\fcharset2{\*\panose 0501}Wingdings;}{\f4\fcharset2 Runes;}}"
    )
    assert read(fonts + rb"{\f3 J}{\f3\u-4022 ?}{\f3\'4a} J").text == "☺☺☺ J"
    found = read(fonts + rb"a{\f4\u-4022 ?}b")
    assert found.text == "a\ufffdb"
    assert found.notes[0].startswith("1 symbol of a font")


def test_the_font_of_the_document_is_the_one_that_plain_text_has() -> None:
    raw = "他回家了。".encode("gbk")
    head = b"{\\rtf1\\ansi\\deff1{\\fonttbl{\\f0\\fcharset0 A;}{\\f1\\fcharset134 B;}}"
    data = head + raw + b"\\f0  caf\\'e9 \\plain " + raw + b"}"
    assert rtf.run("a.rtf", data, rtf.Spec()).text == "他回家了。 café 他回家了。"


def test_pictures_that_stand_beside_the_document() -> None:
    reading = read(b"One.\\\n{{\\NeXTGraphic a.png \\width9 \\height9}\n\xac}\\\nTwo.")
    assert reading.text.split() == ["One.", "Two."]
    assert reading.notes == ("1 picture was left out.",)


def test_the_code_page_of_an_old_machine() -> None:
    assert rtf.run("a.rtf", b"{\\rtf1\\pc caf\\'82}", rtf.Spec()).text == "café"


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
