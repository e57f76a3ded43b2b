"""What stands in a Word document beside its plain paragraphs: read in its place, or named."""

from __future__ import annotations

import pytest

from studio.errors import StudioError
from studio.text import worddocument
from studio.text.readers.docx import plugin as docx
from studio.text.reading import Reading
from tests import manuscripts
from tests.manuscripts import CHINESE, ENGLISH, p, r, raw_docx, zipped

LONG = ENGLISH * 4
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def read(body: str, **parts: str) -> Reading:
    return docx.run("a.docx", raw_docx(body, **parts), docx.Spec())


def words(body: str, **parts: str) -> list[str]:
    return read(body, **parts).text.split("\n\n")


def packed(
    body: str, parts: dict[str, tuple[str, bytes | str]], types: dict[str, str] | None = None
) -> bytes:
    """A document with parts that it refers to: by id, the name and the content."""
    relations = "".join(
        f"<Relationship Id='{key}' Type='{R}/{kind}' Target='{name}'/>"
        for key, (name, _content) in parts.items()
        for kind in [key.rstrip("0123456789")]
    )
    overrides = "".join(
        f"<Override PartName='/word/{name}' ContentType='{said}'/>"
        for name, said in (types or {}).items()
    )
    return zipped(
        {
            "[Content_Types].xml": f"<Types>{overrides}</Types>",
            "word/document.xml": f"<w:document {manuscripts.W} xmlns:r='{R}'><w:body>{body}"
            "</w:body></w:document>",
            "word/_rels/document.xml.rels": f"<Relationships>{relations}</Relationships>",
        }
        | {f"word/{name}": content for name, (_n, content) in
           ((name, (name, content)) for name, content in parts.values())}
    )  # fmt: skip


def box(inside: str) -> str:
    return (
        "<w:r><w:drawing><wp:anchor xmlns:wp='wp'><wp:posOffset>914400</wp:posOffset>"
        f"<wps:txbx xmlns:wps='wps'><w:txbxContent>{inside}</w:txbxContent></wps:txbx>"
        "</wp:anchor></w:drawing></w:r>"
    )


def vml(inside: str) -> str:
    return (
        "<w:r><w:pict><v:shape xmlns:v='v'><v:textbox><w:txbxContent>"
        f"{inside}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
    )


def either(first: str, second: str) -> str:
    return (
        "<mc:AlternateContent xmlns:mc='mc'><mc:Choice Requires='wps'>"
        f"{first}</mc:Choice><mc:Fallback>{second}</mc:Fallback></mc:AlternateContent>"
    )


@pytest.mark.parametrize("shape", [box, vml, lambda inside: either(box(inside), vml(inside))])
def test_a_text_box_is_read_once_and_follows_its_paragraph(shape) -> None:  # type: ignore[no-untyped-def]
    inside = p(r("A letter")) + p(r("lay there."))
    found = read(p(r("He ") + shape(inside) + r("went.")) + p(r("She stayed.")))
    assert found.text.split("\n\n") == ["He went.", "A letter", "lay there.", "She stayed."]
    assert found.notes == ()


def test_a_paragraph_that_only_holds_a_box_is_no_blank_line() -> None:
    prose = p(r("He went.")) * 6
    assert words(prose + p(box(p(r("Boxed.")))) + prose) == [
        *["He went."] * 6,
        "Boxed.",
        *["He went."] * 6,
    ]


def test_boxes_within_boxes_and_tables_within_boxes() -> None:
    inner = p(r("Outer") + box(p(r("Inner"))))
    table = f"<w:tbl><w:tr><w:tc>{p(r(LONG))}</w:tc></w:tr></w:tbl>"
    assert words(p(r("Text") + box(inner + table))) == ["Text", "Outer", "Inner", LONG]


def test_what_no_choice_says_is_read_from_the_fallback() -> None:
    unknown = "<x:new xmlns:x='x'/>"
    assert words(p(r("He") + either(unknown, box(p(r("Boxed")))))) == ["He", "Boxed"]
    assert words(either(p(r("One")), p(r("Other")))) == ["One"]
    chart = "<w:drawing><c:chart xmlns:c='c'/></w:drawing>"
    found = read(p(r("He") + either(chart, r("This chart cannot be shown."))))
    assert found.text == "He"
    assert "1 chart was left out." in found.notes


def test_word_art_is_text() -> None:
    art = (
        "<w:r><w:pict><v:shape xmlns:v='v'><v:textpath string='THE END'/></v:shape></w:pict></w:r>"
    )
    assert words(p(r("He went.") + art)) == ["He went.", "THE END"]


@pytest.mark.parametrize(
    ("font", "code", "sign"),
    [
        ("Wingdings", "F04A", "☺"),
        ("Wingdings", "4A", "☺"),
        ("wingdings", "F0E0", "🡪"),
        ("Symbol", "F061", "α"),
        ("Symbol", "F0B7", "•"),
        ("Webdings", "F0FC", "🌍"),
        ("Times New Roman", "2014", "—"),
        ("Segoe UI Emoji", "1F600", "😀"),
    ],
)
def test_symbols_are_their_unicode_characters(font: str, code: str, sign: str) -> None:
    assert (
        read(p(r("a") + f"<w:r><w:sym w:font='{font}' w:char='{code}'/></w:r>")).text == f"a{sign}"
    )


def test_a_symbol_that_nobody_knows_says_so() -> None:
    found = read(p(r("a") + "<w:r><w:sym w:font='Runes' w:char='F04A'/></w:r>" + r("b")))
    assert found.text == "a\ufffdb"
    assert any("1 symbol of a font that is not known" in note for note in found.notes)


def test_letters_in_a_symbol_font_are_signs() -> None:
    wingdings = "<w:rFonts w:ascii='Wingdings' w:hAnsi='Wingdings'/>"
    assert read(p(r("Well ") + r("J", wingdings) + r(" J"))).text == "Well ☺ J"


def test_signs_of_a_font_that_nobody_names_are_counted() -> None:
    known = r("\uf04a", "<w:rFonts w:hAnsi='Wingdings'/>")
    reading = read(p(r("He \uf04a ") + known))
    assert reading.text == "He \ufffd ☺"
    assert reading.notes == ("1 symbol of a font that is not known is shown as “\ufffd”.",)


def test_a_positional_tab_and_a_column_break_part_words() -> None:
    body = p(r("Left") + "<w:r><w:ptab w:alignment='right'/></w:r>" + r("right"))
    assert read(body).text == "Left\tright"
    body = p(r("one") + "<w:r><w:br w:type='column'/></w:r>" + r("two"))
    assert read(body).text == "one\ntwo"


CHUNK = "<w:altChunk r:id='aFChunk1'/>"


def with_chunk(name: str, content: bytes | str, said: str = "", body: str = CHUNK) -> Reading:
    around = p(r("Before.")) + body + p(r("After."))
    data = packed(around, {"aFChunk1": (name, content)}, {name: said} if said else {})
    return docx.run("a.docx", data, docx.Spec())


ARCHIVED = (
    "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=XX\r\n\r\n--XX\r\n"
    "Content-Type: text/html; charset=gb2312\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    "\r\n<html><body><p>=CB=AE</p></body></html>\r\n--XX--\r\n"
)


@pytest.mark.parametrize(
    ("name", "content", "said", "lines"),
    [
        ("a.html", "<html><body><h1>One</h1><p>Two</p></body></html>", "", ["# One", "Two"]),
        ("a.xhtml", manuscripts.xhtml("<p>Two</p>"), "", ["Two"]),
        ("a.dat", "<p>Two</p>", "text/html", ["Two"]),
        ("a.rtf", manuscripts.rtf("One\\par 水"), "", ["One", "水"]),
        ("a.txt", "One\nTwo", "", ["One", "Two"]),
        ("a.txt", "One\nline\n\nTwo", "", ["One\nline", "Two"]),
        ("a.docx", manuscripts.docx(("Heading 1", "One"), ("Normal", "水")), "", ["# One", "水"]),
        ("a.mht", ARCHIVED, "", ["水"]),
        ("a.xml", f"<w:document {manuscripts.W}><w:body>{p(r('Flat'))}</w:body></w:document>",
         "application/xml", ["Flat"]),
    ],
)  # fmt: skip
def test_a_document_within_the_document_is_read_in_its_place(
    name: str, content: bytes | str, said: str, lines: list[str]
) -> None:
    found = with_chunk(name, content, said)
    assert found.text.split("\n\n") == ["Before.", *lines, "After."]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("content", "why"), [(b"\xd0\xcf\x11\xe0" + bytes(99), "Word"), (bytes(range(256)) * 9, "")]
)
def test_a_document_within_that_cannot_be_read_is_named(content: bytes, why: str) -> None:
    found = with_chunk("a.bin", content)
    assert found.text.split("\n\n") == ["Before.", "After."]
    assert any("word/a.bin" in note and why in note for note in found.notes)


def test_a_document_within_that_is_missing_is_named() -> None:
    found = with_chunk("a.html", "<p>Two</p>", body="<w:altChunk r:id='gone'/>")
    assert any("gone" in note for note in found.notes)
    assert any("word/a.html" in note for note in found.notes)


def test_a_document_in_itself_ends() -> None:
    data: bytes = raw_docx(p(r("Deepest")))
    for depth in range(9):
        data = packed(p(r(f"Depth{depth}")) + CHUNK, {"aFChunk1": ("a.docx", data)})
    found = docx.run("a.docx", data, docx.Spec())
    assert found.text.split("\n\n") == [f"Depth{depth}" for depth in (8, 7, 6, 5, 4)]
    assert any("too deep" in note for note in found.notes)


def test_documents_within_stand_in_cells_boxes_and_notes() -> None:
    cell = f"<w:tbl><w:tr><w:tc>{CHUNK}</w:tc></w:tr></w:tbl>"
    assert with_chunk("a.txt", "Two", body=cell).text.split("\n\n") == ["Before.", "Two", "After."]
    boxed = p(r("Text") + box(CHUNK))
    lines = with_chunk("a.txt", "Two", body=boxed).text.split("\n\n")
    assert lines == ["Before.", "Text", "Two", "After."]


CONTENTS = "<w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj>"


def sdt(inside: str, properties: str = "") -> str:
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{inside}</w:sdtContent></w:sdt>"


def test_only_the_table_of_contents_itself_goes() -> None:
    contents = sdt(p(r("Chapter 1 … 3")), CONTENTS)
    found = read(sdt(contents + p(r("He went.")) + p(r("She stayed."))))
    assert found.text.split("\n\n") == ["He went.", "She stayed."]
    assert "The table of contents was left out." in found.notes


def test_a_table_of_contents_around_a_story_leaves_the_story() -> None:
    found = read(sdt(p(r("Chapter 1 … 3")) + p(r("He.")) + p(r(LONG)), CONTENTS))
    assert found.text.split("\n\n") == ["He.", LONG]


@pytest.mark.parametrize("line", ["“No,” he said.", "她走了。"])
def test_a_story_of_short_lines_is_no_table_of_contents(line: str) -> None:
    gallery = "<w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj>"
    lines = p(r("Night 3")) + p(r("Day 5")) + p(r(line)) * 5
    body = f"<w:sdt><w:sdtPr>{gallery}</w:sdtPr><w:sdtContent>{lines}</w:sdtContent></w:sdt>"
    assert words(body) == [line] * 5


def test_headings_whose_style_is_nowhere_described() -> None:
    heading = "<w:pStyle w:val='Heading2'/>"
    assert words(p(r("Night"), heading) + p(r("He went."))) == ["## Night", "He went."]


def test_what_a_style_hides_is_hidden() -> None:
    styles = (
        f"<w:styles {manuscripts.W}><w:style w:styleId='z'><w:rPr><w:vanish/></w:rPr></w:style>"
        "<w:style w:styleId='y'><w:basedOn w:val='z'/></w:style>"
        "<w:style w:styleId='x'><w:basedOn w:val='z'/><w:rPr><w:vanish w:val='0'/></w:rPr>"
        "</w:style></w:styles>"
    )
    hidden = p(r("Top of Form"), "<w:pStyle w:val='y'/>")
    shown = r("He went.", "<w:rStyle w:val='z'/><w:vanish w:val='0'/>")
    linked = p(f"<w:hyperlink>{r('Bottom of Form')}</w:hyperlink>", "<w:pStyle w:val='y'/>")
    again = p(r("She stayed."), "<w:pStyle w:val='x'/>")
    went = p(shown + r(" x", "<w:rStyle w:val='z'/>"))
    reading = read(hidden + linked + went + again, styles=styles)
    assert reading.text == "He went.\n\nShe stayed."
    assert "3 pieces of hidden text were left out." in reading.notes


def test_content_controls_of_every_level() -> None:
    row = f"<w:tr>{sdt(f'<w:tc>{sdt(p(r(LONG)))}</w:tc>')}</w:tr>"
    body = p(r("One ") + sdt(r("two"))) + f"<w:tbl>{sdt(row)}</w:tbl>"
    assert words(body) == ["One two", LONG]


@pytest.mark.parametrize(
    "around",
    ["smartTag", "customXml", "hyperlink", "ins", "moveTo", "fldSimple", "bdo", "dir"],
)
def test_what_stands_around_a_run_keeps_it(around: str) -> None:
    assert read(p(r("a ") + f"<w:{around}>{r('b')}</w:{around}>" + r(" c"))).text == "a b c"


@pytest.mark.parametrize(
    ("inside", "note"),
    [
        (f"<w:del>{r('gone')}</w:del>", "1 tracked change"),
        (f"<w:moveFrom>{r('gone')}</w:moveFrom>", "1 tracked change"),
        (r("gone", "<w:vanish/>"), "hidden text"),
        (f"<w:r><w:ruby><w:rt>{r('gone')}</w:rt></w:ruby></w:r>", "reading aid"),
        ("<w:r><w:drawing><pic:pic xmlns:pic='p'/></w:drawing></w:r>", "1 picture"),
        ("<w:r><w:drawing><d:relIds xmlns:d='d'/></w:drawing></w:r>", "1 diagram"),
        ("<w:r><w:object><v:imagedata xmlns:v='v'/><o:OLEObject xmlns:o='o'/></w:object></w:r>",
         "1 embedded object"),
        ("<w:r><w:object><v:imagedata xmlns:v='v'/></w:object></w:r>", "1 picture"),
        ("<w:r><w:pict><v:textbox xmlns:v='v'>gone</v:textbox></w:pict></w:r>", "not known"),
        ("<w:r><w:contentPart/></w:r>", "1 drawing in ink"),
        ("<w:subDoc/>", "1 document that"),
        ("<w:strange>gone</w:strange>", "not known"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(inside: str, note: str) -> None:
    found = read(p(r("He ") + inside + r("went.")))
    assert found.text == "He went."
    assert [one for one in found.notes if note in one] == list(found.notes)
    assert len(found.notes) == 1


def test_deleted_rows_and_cells_are_counted() -> None:
    cell = f"<w:tc>{{}}{p(r(LONG))}</w:tc>"
    gone = cell.format("<w:tcPr><w:cellDel/></w:tcPr>")
    row = f"<w:tr><w:trPr><w:del/></w:trPr>{cell.format('')}</w:tr>"
    found = read(f"<w:tbl><w:tr>{cell.format('')}{gone}</w:tr>{row}</w:tbl>")
    assert found.text == LONG
    assert "2 tracked changes were taken as accepted." in found.notes


def test_headers_footers_comments_and_building_blocks_are_named() -> None:
    number = "<w:fldSimple w:instr='PAGE'>" + r("3") + "</w:fldSimple>"
    parts = {
        "header1": f"<w:hdr {manuscripts.W}>{p(r('The Tide Clerk'))}</w:hdr>",
        "header2": f"<w:hdr {manuscripts.W}>{p(number)}</w:hdr>",
        "footer1": "<broken",
        "comments": f"<w:comments {manuscripts.W}><w:comment>{p(r('Why?'))}</w:comment>"
        "</w:comments>",
        "glossary/document": f"<w:glossaryDocument {manuscripts.W}>{p(r('Type here'))}"
        "</w:glossaryDocument>",
    }
    found = read(p(r("He went.")), **parts)
    assert found.text == "He went."
    assert {
        "1 header or footer was left out.",
        "1 comment was left out.",
        "The building blocks that are kept with the document were left out.",
    } < set(found.notes)
    assert any("word/footer1.xml" in note for note in found.notes)
    assert len(found.notes) == 4


def test_notes_to_which_no_mark_leads_are_counted() -> None:
    note = f"<w:footnote w:id='2'>{p(r('Of 1871.'))}</w:footnote>"
    notes = f"<w:footnotes {manuscripts.W}>{note}</w:footnotes>"
    data = raw_docx(p(r("He went.")), footnotes=notes)
    for keep in (False, True):
        found = docx.run("a.docx", data, docx.Spec(footnotes=keep))
        assert found.text == "He went."
        assert "1 footnote was left out." in found.notes


def test_a_formula_is_written_in_one_line() -> None:
    def m(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    power = f"<m:sSup><m:e>{m('x')}</m:e><m:sup>{m('2')}</m:sup></m:sSup>"
    half = f"<m:f><m:fPr/><m:num>{m('1')}</m:num><m:den>{m('2')}</m:den></m:f>"
    brackets = f"<m:d><m:e>{power}{m('+')}{half}</m:e></m:d>"
    found = read(p(r("So ") + f"<m:oMath xmlns:m='m'>{brackets}</m:oMath>" + r(" it is.")))
    assert found.text == "So (x^2+1/2) it is."
    assert found.notes == ("1 formula is written in one line.",)


def field(code: str, result: str = "") -> str:
    shown = f"<w:r><w:fldChar w:fldCharType='separate'/></w:r>{result}" if result else ""
    return (
        f"<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>{code}</w:instrText></w:r>"
        f"{shown}<w:r><w:fldChar w:fldCharType='end'/></w:r>"
    )


@pytest.mark.parametrize(
    ("code", "result", "text"),
    [
        (
            " EQ \\* jc2 \\* &quot;Font:MS Mincho&quot; \\* hps10 \\o\\ad(\\s\\up 9(dù),渡)",
            "",
            "渡",
        ),
        (" SYMBOL 74 \\f &quot;Wingdings&quot; \\s 12", "", "☺"),
        (" MACROBUTTON NoMacro the name", "", "the name"),
        (" QUOTE &quot;the words&quot; ", r("the result"), "the result"),
        (" PAGEREF _Toc1 \\h ", r("7"), "7"),
        (" PAGE ", "", ""),
    ],
)
def test_fields_that_show_what_their_instruction_says(code: str, result: str, text: str) -> None:
    assert read(p(r("a") + field(code, result) + r("b"))).text == f"a{text}b"


def test_words_before_a_deleted_end_are_kept_where_nothing_follows() -> None:
    gone = "<w:rPr><w:del/></w:rPr>"
    assert words(p(r("He went."), gone)) == ["He went."]
    table = f"<w:tbl><w:tr><w:tc>{p(r(LONG), gone)}</w:tc></w:tr></w:tbl>"
    assert words(p(r("One "), gone) + table + p(r("two."))) == ["One", LONG, "two."]
    boxed = box(p(r("Boxed "), gone) + p(r("text")))
    assert words(p(r("He ") + boxed + r("went."))) == ["He went.", "Boxed text"]


def test_a_large_first_letter_belongs_to_its_paragraph() -> None:
    capital = p(r("T"), "<w:framePr w:dropCap='drop' w:lines='3'/>")
    assert words(p(r("One")) + capital + p(r("he water came."))) == ["One", "The water came."]


def test_an_empty_choice_says_nothing() -> None:
    assert words(p(either(r(""), r("text")))) == ["text"]


def test_the_choice_in_a_list_of_a_form() -> None:
    entries = "<w:listEntry w:val='red'/><w:listEntry w:val='blue'/>"
    begin = (
        "<w:r><w:fldChar w:fldCharType='begin'><w:ffData><w:ddList><w:result w:val='1'/>"
        f"{entries}</w:ddList></w:ffData></w:fldChar><w:instrText>FORMDROPDOWN</w:instrText></w:r>"
    )
    end = "<w:r><w:fldChar w:fldCharType='end'/></w:r>"
    assert read(p(r("It was ") + begin + end + r("."))).text == "It was blue."


def test_the_strict_form_is_read_by_its_relations() -> None:
    strict = "http://purl.oclc.org/ooxml"
    w = f"xmlns:w='{strict}/wordprocessingml/main' xmlns:r='{strict}/officeDocument/relationships'"

    def related(kind: str, target: str) -> str:
        types = f"{strict}/officeDocument/relationships/{kind}"
        return f"<Relationship Id='a' Type='{types}' Target='{target}'/>"

    style = f"<w:styles {w}><w:style w:styleId='x'><w:name w:val='heading 1'/></w:style></w:styles>"
    body = p(r("One"), "<w:pStyle w:val='x'/>") + p(r(CHINESE))
    data = zipped(
        {
            "_rels/.rels": f"<Relationships>{related('officeDocument', 'Word/Text2.xml')}"
            "</Relationships>",
            "word/text2.xml": f"<w:document {w}><w:body>{body}</w:body></w:document>",
            "word/_rels/text2.xml.rels": f"<Relationships>{related('styles', 'Styles2.xml')}"
            "</Relationships>",
            "word/styles2.xml": style,
        }
    )
    assert docx.run("a.docx", data, docx.Spec()).text == f"# One\n\n{CHINESE}"


def test_a_bomb_within_is_named_and_the_rest_is_read() -> None:
    found = with_chunk("a.html", "<p>" + " " * (30 << 20) + "</p>")
    assert found.text.split("\n\n") == ["Before.", "After."]
    assert any("word/a.html" in note for note in found.notes)


@pytest.mark.parametrize("name", ["a.html", "a.docx"])
def test_documents_within_are_read_up_to_a_limit(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worddocument, "LARGEST", 5000)
    content = (
        f"<p>Once</p>{' ' * 1500}" if name == "a.html" else raw_docx(p(r("Once")) + " " * 1500)
    )
    found = with_chunk(name, content, body=CHUNK * 9)
    assert 0 < found.text.count("Once") < 9
    assert any("too large" in note for note in found.notes)


@pytest.mark.parametrize(
    "part", ["word/_rels/document.xml.rels", "[Content_Types].xml", "word/footnotes.xml"]
)
def test_a_damaged_part_beside_the_text_does_not_take_the_text(part: str) -> None:
    main = f"<w:document {manuscripts.W}><w:body>{p(r('He went.'))}</w:body></w:document>"
    data = zipped({"word/document.xml": main, part: "<broken"})
    assert docx.run("a.docx", data, docx.Spec()).text == "He went."


def test_a_damaged_text_is_refused_as_before() -> None:
    with pytest.raises(StudioError, match="damaged"):
        docx.run("a.docx", zipped({"word/document.xml": "<w:document"}), docx.Spec())


def test_a_box_at_the_beginning_of_a_paragraph_stands_before_it() -> None:
    box = f"<w:r><w:pict><w:txbxContent>{p(r('Box.'))}</w:txbxContent></w:pict></w:r>"
    assert words(p(box + r("Text."))) == ["Box.", "Text."]
    assert words(p(r("Text.") + box)) == ["Text.", "Box."]
    assert words(p(r("One.")) + p(box) + p(r("Two."))) == ["One.", "Box.", "Two."]


def test_what_a_field_asks_for_is_no_text() -> None:
    prompt = "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    reading = read(p(r("He. ") + prompt.format(r("Click here to enter text."))) + p(r("She.")))
    assert reading.text == "He.\n\nShe."
    assert any("1 prompt of a field" in note for note in reading.notes)
    filled = prompt.replace("<w:showingPlcHdr/>", "<w:showingPlcHdr w:val='0'/>")
    assert words(p(filled.format(r("Words.")))) == ["Words."]


def test_what_a_field_shows_within_an_instruction_is_part_of_it() -> None:
    def mark(kind: str, code: str = "") -> str:
        text = f"<w:r><w:instrText>{code}</w:instrText></w:r>" if code else ""
        return f"<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>{text}"

    inner = mark("begin", "MERGEFIELD a") + mark("separate") + r("asked") + mark("end")
    outer = mark("begin", "IF ") + inner + mark("separate") + r("told") + mark("end")
    assert words(p(r("He ") + outer + r(" her."))) == ["He told her."]
