"""Word documents read as their writer sees them once all changes are accepted."""

from __future__ import annotations

import pytest

from studio.errors import StudioError
from studio.text.importing import read_manuscript
from studio.text.readers.docx import plugin as docx
from studio.text.reading import Reading
from tests import manuscripts
from tests.manuscripts import p, r, raw_docx

STYLES = (
    f"<w:styles {manuscripts.W}>"
    '<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="mine"><w:name w:val="My Chapter"/><w:basedOn w:val="1"/></w:style>'
    '<w:style w:styleId="lvl"><w:name w:val="Akt"/>'
    '<w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    '<w:style w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>'
    '<w:style w:styleId="loop"><w:basedOn w:val="loop"/></w:style>'
    "</w:styles>"
)


def read(body: str, **parts: str) -> Reading:
    return docx.run("a.docx", raw_docx(body, **parts), docx.Spec())


def test_a_document_of_a_word_processor() -> None:
    data = manuscripts.docx(
        ("Title", "The Tide Clerk"), ("Subtitle", "A novel"),
        ("Heading 1", "The Quay"), ("Normal", "He went."),
        ("Heading 2", "Night"), ("Normal", "She stayed."),
        ("Heading 1", "渡船"), ("Normal", manuscripts.CHINESE),
    )  # fmt: skip
    reading = docx.run("a.docx", data, docx.Spec())
    assert reading.title == "The Tide Clerk"
    assert reading.text.split("\n\n") == [
        "The Tide Clerk", "A novel", "# The Quay", "He went.", "## Night", "She stayed.",
        "# 渡船", manuscripts.CHINESE,
    ]  # fmt: skip


def test_it_becomes_a_manuscript_with_chapters() -> None:
    chapters = [
        (style, text)
        for title in ("The Quay", "The Ferry", "The Light")
        for style, text in (("Heading 1", title), *[("Normal", manuscripts.ENGLISH)] * 9)
    ]
    data = manuscripts.docx(("Title", "The Tide Clerk"), *chapters)
    manuscript = read_manuscript("draft7.docx", data)
    assert manuscript.title == "The Tide Clerk"
    assert [c.title for c in manuscript.chapters][-3:] == ["The Quay", "The Ferry", "The Light"]
    assert manuscript.text.count(manuscripts.ENGLISH) == 27


def test_many_titles_are_headings() -> None:
    data = manuscripts.docx(*[("Title", "One"), ("Normal", "He."), ("Title", "Two")])
    reading = docx.run("a.docx", data, docx.Spec())
    assert reading.title == ""
    assert reading.text.split("\n\n") == ["# One", "He.", "# Two"]


@pytest.mark.parametrize(
    ("style", "line"),
    [("1", "# X"), ("mine", "# X"), ("lvl", "## X"), ("loop", "X"), ("unknown", "X"), ("TOC1", "")],
)
def test_styles_give_the_level_of_headings(style: str, line: str) -> None:
    assert read(p(r("X"), f'<w:pStyle w:val="{style}"/>'), styles=STYLES).text == line


def test_a_paragraph_may_have_a_level_of_its_own() -> None:
    assert read(p(r("X"), '<w:outlineLvl w:val="2"/>')).text == "### X"
    assert read(p(r("X"), '<w:outlineLvl w:val="9"/>')).text == "X"


def test_tracked_changes_are_accepted() -> None:
    body = p(
        r("She ")
        + f"<w:del>{r('never ')}<w:r><w:delText>gone </w:delText></w:r></w:del>"
        + f"<w:ins>{r('always ')}</w:ins><w:moveFrom>{r('here ')}</w:moveFrom>"
        + f"<w:moveTo>{r('there ')}</w:moveTo>{r('came.')}"
    )
    reading = read(body)
    assert reading.text == "She always there came."
    assert any("4 tracked changes" in note for note in reading.notes)


def test_a_deleted_paragraph_mark_joins_two_paragraphs() -> None:
    body = p(r("He went "), "<w:rPr><w:del/></w:rPr>") + p(r("to the quay."))
    assert read(body).text == "He went to the quay."


def test_a_deleted_row_of_a_table_is_gone() -> None:
    row = "<w:tr>{}<w:tc>" + p(r(manuscripts.ENGLISH * 2)) + "</w:tc></w:tr>"
    body = f"<w:tbl>{row.format('')}{row.format('<w:trPr><w:del/></w:trPr>')}</w:tbl>"
    assert read(body).text.count("\n\n") == 0


def test_what_is_not_the_story() -> None:
    comment = "<w:r><w:commentReference/></w:r>"
    hidden, shown = r("hidden", "<w:vanish/>"), r("shown.", '<w:vanish w:val="0"/>')
    field = "<w:r><w:instrText>PAGEREF _Toc1</w:instrText></w:r>"
    reading = read(p(comment + hidden + field + shown))
    assert reading.text == "shown."
    assert "1 piece of hidden text was left out." in reading.notes


def test_a_table_of_contents_is_left_out() -> None:
    gallery = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'
    line = p(r("Chapter 1 … 3"))
    contents = f"<w:sdt><w:sdtPr>{gallery}</w:sdtPr><w:sdtContent>{line}</w:sdtContent></w:sdt>"
    other = f"<w:sdt><w:sdtContent>{p(r('Kept.'))}</w:sdtContent></w:sdt>"
    assert read(contents + other).text == "Kept."


def test_special_characters() -> None:
    body = p(
        "<w:r><w:t>co</w:t><w:softHyphen/><w:t>op</w:t><w:noBreakHyphen/><w:t>ed</w:t><w:br/>"
        '<w:t>next</w:t><w:br w:type="page"/><w:t> line</w:t></w:r>'
    )
    assert read(body).text == "coop-ed\nnext\nline"


def test_ruby_keeps_its_base() -> None:
    ruby = "<w:r><w:ruby><w:rt>{}</w:rt><w:rubyBase>{}</w:rubyBase></w:ruby></w:r>"
    assert read(p(ruby.format(r("dù"), r("渡")) + r("船"))).text == "渡船"


@pytest.mark.parametrize(
    "rule",
    [
        p("", "<w:pBdr><w:bottom w:val='single'/></w:pBdr>"),
        p("<w:r><w:pict><v:rect xmlns:v='v' xmlns:o='o' o:hr='t'/></w:pict></w:r>"),
        p(r("* * *")),
        p(r("◇")),
        p("<w:r><w:sym w:font='Wingdings' w:char='F09A'/></w:r>"),
    ],
)
def test_scene_breaks(rule: str) -> None:
    first, middle, last = read(p(r("He went.")) + rule + p(r("She stayed."))).text.split("\n\n")
    assert (first, last) == ("He went.", "She stayed.")
    assert set(middle) <= set("* ◇🙞")


def test_rare_empty_paragraphs_part_scenes_and_frequent_ones_do_not() -> None:
    prose = p(r("He went."))
    rare = read(prose * 6 + p("") + prose * 6)
    assert rare.text.split("\n\n")[6] == "* * *"
    assert any("1 blank line" in note for note in rare.notes)
    assert "*" not in read((prose + p("")) * 6).text


FOOTNOTES = (
    f"<w:footnotes {manuscripts.W}><w:footnote w:type='separator' w:id='0'>{p(r('---'))}"
    f"</w:footnote><w:footnote w:id='2'>{p('<w:r><w:footnoteRef/></w:r>' + r(' Of 1871.'))}"
    "</w:footnote></w:footnotes>"
)
ENDNOTES = (
    f"<w:endnotes {manuscripts.W}><w:endnote w:id='2'>{p(r('后记。'))}</w:endnote></w:endnotes>"
)
NOTED = p(
    r("The flood")
    + "<w:r><w:footnoteReference w:id='2'/></w:r>"
    + r(" came")
    + "<w:r><w:endnoteReference w:id='2'/></w:r>"
    + r(".")
)


def test_footnotes_are_left_out_and_counted() -> None:
    reading = read(NOTED, footnotes=FOOTNOTES, endnotes=ENDNOTES)
    assert reading.text == "The flood came."
    assert any("2 footnotes" in note for note in reading.notes)


def test_footnotes_can_be_kept() -> None:
    data = raw_docx(NOTED, footnotes=FOOTNOTES, endnotes=ENDNOTES)
    reading = docx.run("a.docx", data, docx.Spec(footnotes=True))
    assert reading.text == "The flood [Of 1871.] came [后记。]."


def table(*cells: str) -> str:
    rows = "".join(f"<w:tr><w:tc>{p(r(cell))}</w:tc></w:tr>" for cell in cells)
    return f"<w:tbl>{rows}</w:tbl>"


def test_tables_stay_in_their_place_if_they_are_prose() -> None:
    prose = [manuscripts.ENGLISH * 2, manuscripts.CHINESE * 3]
    reading = read(p(r("Before.")) + table(*prose) + table("Mon", "12", "3") + p(r("After.")))
    assert reading.text.split("\n\n") == ["Before.", *prose, "After."]
    assert any("1 table was" in note for note in reading.notes)


def test_the_main_part_is_where_the_package_says() -> None:
    relations = (
        "<Relationships><Relationship Type='http://x/officeDocument' "
        "Target='/word/other.xml'/></Relationships>"
    )
    main = f"<w:document {manuscripts.W}><w:body>{p(r('Here.'))}</w:body></w:document>"
    data = manuscripts.zipped({"_rels/.rels": relations, "word/other.xml": main})
    assert docx.run("a.docx", data, docx.Spec()).text == "Here."


def test_a_document_with_macros() -> None:
    manuscript = read_manuscript("a.docm", raw_docx(p(r(manuscripts.ENGLISH))))
    assert manuscript.text == manuscripts.ENGLISH


def test_a_document_with_a_password_says_so() -> None:
    with pytest.raises(StudioError, match="password"):
        docx.check("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


def test_a_zip_of_something_else() -> None:
    with pytest.raises(StudioError, match="no Word document"):
        docx.check("a.docx", manuscripts.zipped({"a.txt": "x"}))


NUMBERING = (
    f"<w:numbering {manuscripts.W}>"
    '<w:abstractNum w:abstractNumId="4">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
    '<w:lvlText w:val="{text}"/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
    '<w:lvlText w:val="%1.%2"/></w:lvl>'
    '<w:lvl w:ilvl="2"><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl>'
    '</w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="4"/></w:num></w:numbering>'
)
NUMBERED = (
    f"<w:styles {manuscripts.W}>"
    '<w:style w:styleId="1"><w:name w:val="heading 1"/>'
    '<w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style>'
    '<w:style w:styleId="2"><w:name w:val="heading 2"/><w:basedOn w:val="1"/>'
    '<w:pPr><w:numPr><w:ilvl w:val="1"/></w:numPr></w:pPr></w:style></w:styles>'
)


def numbered(form: str, text: str) -> str:
    return NUMBERING.format(form=form, text=text)


def in_list(level: int, number: int = 7) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


@pytest.mark.parametrize(
    ("form", "text", "first", "second"),
    [
        ("decimal", "Chapter %1", "# Chapter 1 Quay", "# Chapter 2"),
        ("upperRoman", "%1.", "# I. Quay", "# II."),
        ("cardinalText", "Chapter %1:", "# Chapter One: Quay", "# Chapter Two:"),
        ("chineseCounting", "第%1章", "# 第一章 Quay", "# 第二章"),
        ("bullet", "•", "# Quay", ""),
    ],
)
def test_headings_have_the_numbers_that_the_program_shows(
    form: str, text: str, first: str, second: str
) -> None:
    style = '<w:pStyle w:val="1"/>'
    body = p(r("Quay"), style) + p(r("He went.")) + p("", style) + p(r("She stayed."))
    reading = read(body, styles=NUMBERED, numbering=numbered(form, text))
    expected = [first, "He went.", *([second] if second else ["* * *"]), "She stayed."]
    assert [line for line in reading.text.split("\n\n") if line != "* * *"] == [
        line for line in expected if line != "* * *"
    ]


def test_deeper_numbers_begin_anew_below_each_heading() -> None:
    one, two = '<w:pStyle w:val="1"/>', '<w:pStyle w:val="2"/>'
    body = "".join(p(r("X"), style) for style in (one, two, two, one, two))
    reading = read(body, styles=NUMBERED, numbering=numbered("decimal", "%1"))
    assert reading.text.split("\n\n") == ["# 1 X", "## 1.1 X", "## 1.2 X", "# 2 X", "## 2.1 X"]


def test_a_line_that_is_numbered_as_a_chapter_says_so() -> None:
    body = p("", in_list(0)) + p(r("He went."))
    assert read(body, numbering=numbered("decimal", "Chapter %1")).text == "Chapter 1\n\nHe went."


def test_lists_and_what_is_in_none_stay_as_they_are() -> None:
    heading = '<w:outlineLvl w:val="0"/>'
    body = (
        p(r("Bread."), in_list(0)) + p(r("Nine."), in_list(2)) + p(r("Q"), heading + in_list(0, 0))
    )
    assert read(body, numbering=numbered("decimal", "%1)")).text == "Bread.\n\nNine.\n\n# Q"
