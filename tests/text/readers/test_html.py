"""Web pages: blocks are paragraphs, and the rest is no prose."""

from __future__ import annotations

import pytest

from studio.errors import StudioError
from studio.text.closing import closed
from studio.text.importing import read_file, read_manuscript
from studio.text.readers.html import plugin as html
from studio.text.reading import Reading
from tests import manuscripts


def read(body: str, **options: bool) -> Reading:
    return html.run("a.html", f"<html><body>{body}</body></html>".encode(), html.Spec(**options))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>One\n  two</p><p>Three", "One two\n\nThree"),
        ("<h1>The Quay</h1><h3>Night</h3>He.", "# The Quay\n\n### Night\n\nHe."),
        ("<h2>Chapter 1<br>The Quay</h2>", "## Chapter 1 The Quay"),
        ("<p>a</p><hr/><p>b</p>", "a\n\n* * *\n\nb"),
        ("<p>a<br/>b</p>", "a\nb"),
        ("a<br><br>b", "a\n\nb"),
        ("<div>a<div>b</div>c</div>", "a\n\nb\n\nc"),
        ("<p>caf&eacute; &mdash; &#x6C34;&nbsp;</p>", "café — 水"),
        ("<p>He <em>went</em>, <b>she</b>stayed.</p>", "He went, shestayed."),
        ("<p><ruby>渡<rp>(</rp><rt>dù</rt><rp>)</rp></ruby>船</p>", "渡船"),
        ("<style>p{}</style><nav>Home</nav><script>1</script><p>a<!-- b --></p>", "a"),
        ("<p hidden>a</p><p style='DISPLAY : none'>b</p><p aria-hidden='true'>c</p><p>d</p>", "d"),
        ("<pre>one\n  two</pre>", "one\ntwo"),
        ("<ul><li>a<li>b</ul>", "a\n\nb"),
        ("<p>a <del>b</del><ins>c</ins></p>", "a c"),
        ("<table><tr><td>1<td>2</table><p>a", "a"),
        ("<p># no heading?</p>", "# no heading?"),
        ("<p><img alt='T'/>he night.</p>", "The night."),
        ("<p><span><img alt='“T'/></span>he night.</p>", "“The night."),
        ("<p>One <img alt='T'/>he.</p><p><img alt='T'/> he.</p>", "One he.\n\nhe."),
    ],
)
def test_what_a_page_says(body: str, text: str) -> None:
    assert read(body).text == text


PROSE = "<p>He went.</p><p>She stayed, and said nothing of it.</p>"


@pytest.mark.parametrize(
    "around",
    ["form", "noscript", "template", "dialog", "footer", "nav", "button", "aside", "details",
     "header", "object", "fieldset", "search", "center", "div hidden", "noframes",
     "div style='visibility:hidden'", "body aria-hidden='true'", "div role='navigation'"],
)  # fmt: skip
def test_what_is_around_the_prose_of_a_page_is_read(around: str) -> None:
    name = around.partition(" ")[0]
    page = f"<h1>The Quay</h1><{around}>{PROSE}</{name}>"
    lines = read(page).text.split("\n\n")
    assert lines == ["# The Quay", "He went.", "She stayed, and said nothing of it."]


def test_prose_in_several_parts_is_read_and_what_is_beside_it_is_not() -> None:
    parts = "".join(f"<form><p>He went {n}.</p></form>" for n in range(4))
    assert read(parts).text.count("He went") == 4
    parts = f"<form>{PROSE}<div hidden>Seen by nobody.</div></form>"
    assert "nobody" not in read(parts).text


def test_what_is_beside_the_prose_is_left_out_and_named() -> None:
    beside = "<form><label>Your name</label> <button>Send</button></form>"
    beside += "<div hidden>Nobody sees this</div><nav><a href='/'>Home</a></nav>"
    beside += "<p>He <del>never</del> went.</p><select><option>Chapter 2</option></select>"
    reading = read(PROSE + beside)
    assert reading.text.endswith("She stayed, and said nothing of it.\n\nHe went.")
    (note,) = reading.notes
    for words in ("“Your name Send”", "“Nobody sees this”", "“never”", "“Chapter 2”"):
        assert words in note
    assert "Home" not in note


def test_chapters_in_parts_that_a_script_would_show_are_read() -> None:
    chapter = f"<p>{manuscripts.ENGLISH * 20}</p>"
    page = "".join(f"<div style='display:none'><h2>{n}</h2>{chapter}</div>" for n in (1, 2, 3))
    assert read(page).text.count(manuscripts.ENGLISH * 20) == 3


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<title>Tide<body><p>He went.</p>", "He went."),
        ("<p>He.</p><script>x<p>She.</p>", "He.\n\nx\n\nShe."),
        ("<p>He.</p><textarea><p>She.</p>", "He.\n\nShe."),
        ("<p>He.</p><!-- x <p>She.</p>", "He.\n\n<!-- x\n\nShe."),
        ("<head><title/><script src='a'/></head><p>He went.</p>", "He went."),
        ("<p>He <![CDATA[went & came]]>.</p>", "He went & came."),
        ("<div hidden='hidden'/>He went.", "He went."),
        ("<iframe srcdoc='&lt;p>He went.'></iframe>", "He went."),
        ("<svg><title>x</title><text>He went.</text><text>She stayed.</text></svg>",
         "He went.\n\nShe stayed."),
        ("<dl><dt>Tide<dd>Water.</dl>", "Tide\n\nWater."),
        ("<textarea>He went.\n\nShe stayed.</textarea>", "He went.\n\nShe stayed."),
        ("<table><tr><td>He went.<tr><td>She stayed.</table>", "He went.\n\nShe stayed."),
    ],
)  # fmt: skip
def test_nothing_swallows_the_text(page: str, text: str) -> None:
    assert html.run("a.html", page.encode(), html.Spec()).text == text


@pytest.mark.parametrize("mark", ["<script>", "<title><p>", "<!--", "<![CDATA[", "<title>"])
def test_marks_without_an_end_are_looked_at_once(mark: str) -> None:
    closed(mark * 100_000 + "<p></title>")


def test_tables_for_layout_are_read() -> None:
    cell = manuscripts.ENGLISH * 2
    assert read(f"<table><tr><td><p>{cell}</p></td></tr></table>").text == cell
    assert any("1 table" in note for note in read("<table><td>1</table>").notes)


def test_blank_paragraphs_part_scenes_when_they_are_rare() -> None:
    prose = "<p>He went.</p>" * 5
    assert read(prose + "<p>&nbsp;</p>" + prose).text.count("* * *") == 1
    assert "*" not in read("<p>He went.</p><p></p>" * 5).text


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("gb2312", "gb18030"),
        ("GBK", "gbk"),
        ("big5", "big5"),
        ("utf-8", "utf-8"),
        ("utf-8", "gb18030"),
        ("iso-8859-1", "utf-8"),
        ("utf-16", "utf-8"),
        ("nonsense", "utf-8"),
        ("hex", "utf-8"),
    ],
)
def test_the_encoding_is_what_it_says_if_that_is_true(declared: str, written: str) -> None:
    text = "那年春天，他走到水下的地方，人不在。" * 3
    data = f"<html><head><meta charset='{declared}'></head><p>{text}</p></html>".encode(written)
    reading = html.run("a.html", data, html.Spec())
    if declared != "iso-8859-1":
        assert reading.text == text


def test_a_declaration_of_xml_counts_too() -> None:
    data = '<?xml version="1.0" encoding="shift_jis"?><html><p>水が来た。</p></html>'
    assert html.run("a.xhtml", data.encode("cp932"), html.Spec()).text == "水が来た。"


def test_xhtml_with_empty_elements_and_names_of_characters() -> None:
    page = manuscripts.xhtml("<a id='x'/><p/><p>caf&eacute;&nbsp;&amp; <i/>tea &lt;b&gt;</p>")
    reading = html.run(
        "a.xhtml", page.replace("<title>Page</title>", "<title/>").encode(), html.Spec()
    )
    assert reading.text == "café\u00a0& tea <b>"


def test_a_page_that_only_says_it_is_xml() -> None:
    page = manuscripts.xhtml("<p>One<p>Two & three")
    assert html.run("a.xhtml", page.encode(), html.Spec()).text == "One\n\nTwo & three"


def test_a_novel_as_a_page() -> None:
    chapters = "".join(f"<h2>第{n}章</h2>" + f"<p>{manuscripts.CHINESE}</p>" * 30 for n in "一二三")
    data = f"<title>渡船</title><meta charset=gbk><body>{chapters}".encode("gbk")
    manuscript = read_manuscript("novel.htm", data)
    assert (manuscript.title, manuscript.encoding) == ("渡船", "gb18030")
    assert [c.title for c in manuscript.chapters] == ["第一章", "第二章", "第三章"]


MAIL = (
    b"From: <Saved by a browser>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n'
    b"Content-Type: text/html; charset=gb2312\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<meta charset=3Dgb2312><p>=C4=C7=C4=EA=B4=BA=CC=EC=A1=A3</p>\r\n--b--\r\n"
)


@pytest.mark.parametrize("name", ["a.html", "a.mht", "a.mhtml"])
def test_a_page_that_a_browser_saved_as_a_mail_is_read(name: str) -> None:
    assert read_file(name, MAIL).text == "那年春天。"


def test_a_mail_without_a_page_is_refused_in_words() -> None:
    with pytest.raises(StudioError, match="holds no web page"):
        read_file("a.html", b"MIME-Version: 1.0\nContent-Type: image/png\n\nx")


def test_how_its_bytes_were_read_is_said() -> None:
    data = "<p>Il était une fois, à l’aube ; déjà.</p>\n".encode() + b"<p>d\xe9j\xe0 vu</p>"
    reading = read_file("a.html", data)
    assert "déjà vu" in reading.text
    assert "Windows-1252" in " ".join(reading.notes)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>He <span aria-hidden='true'>really</span> went.</p>", "He really went."),
        ("<h2><a aria-hidden='true' href='#x'>#</a>Night</h2><p>He.</p>", "## Night\n\nHe."),
        ("<p>He<span aria-hidden='true'>•</span> went.</p><p>She.</p>", "He went.\n\nShe."),
        ("<p>He went.</p><div aria-hidden='true'>Menu</div>", "He went."),
    ],
)
def test_what_is_only_not_read_aloud_is_shown(body: str, text: str) -> None:
    assert read(body).text == text


def test_quotations_have_the_marks_that_a_browser_shows() -> None:
    page = "<p>He said <q>go, <i>now</i></q> and <q>“stay”</q>.</p>"
    assert read(page).text == "He said “go, now” and “stay”."


def test_words_in_a_font_of_signs_are_signs() -> None:
    page = (
        "<p>He <span style='font-size:9pt;font-family:\"Wingdings\"'>à</span> went"
        "<font face='Symbol'> a<b>b</b></font> à <span style='font-family:Georgia'>la</span>.</p>"
    )
    assert read(page).text == "He 🡪 went αβ à la."


@pytest.mark.parametrize(
    ("numbers", "titles"),
    [
        ("<div>Chapter {}</div>", ("Chapter 1 Stone", "Chapter 2 Wood", "Chapter 3 Straw")),
        ("<p>{}</p>", ("1 Stone", "2 Wood", "3 Straw")),
        ("<h1>Chapter {}</h1>", ("Chapter 1 Stone", "Chapter 2 Wood", "Chapter 3 Straw")),
        ("<p>{}7</p>", ("Stone", "Wood", "Straw")),
        ("<p>Chapter {}: Rain</p>", ("Stone", "Wood", "Straw")),
    ],
    ids=["word", "bare", "heading", "pages", "titled"],
)
def test_a_number_above_a_title_belongs_to_it(numbers: str, titles: tuple[str, ...]) -> None:
    prose = "<p>The wind rose over the quay and she went to see the boats.</p>" * 12
    body = "".join(
        f"{numbers.format(count)}<h1>{name}</h1>{prose}"
        for count, name in enumerate(("Stone", "Wood", "Straw"), 1)
    )
    found = [line[2:] for line in read(body).text.split("\n") if line.startswith("# ")]
    assert tuple(found) == titles


def test_a_list_of_chapters_and_one_not_yet_written_are_no_numbers_of_the_next() -> None:
    prose = "<p>The wind rose over the quay and she went to see the boats.</p>" * 12
    listed = "<p>Contents</p><p>Prologue</p><p>Chapter 1</p><p>Chapter 2</p>"
    body = f"{listed}<h1>Prologue</h1>{prose}<h1>Chapter 1</h1><h1>Epilogue</h1>{prose}"
    found = [line[2:] for line in read(body).text.split("\n") if line.startswith("# ")]
    assert found == ["Prologue", "Chapter 1", "Epilogue"]


def test_numbers_above_titles_may_begin_anew_in_each_part() -> None:
    prose = "<p>The wind rose over the quay and she went to see the boats.</p>" * 12
    names = ("Stone", "Wood", "Straw", "Water")
    body = "".join(
        f"<p>{count}</p><h1>{name}</h1>{prose}"
        for count, name in zip((1, 2, 1, 2), names, strict=True)
    )
    found = [line[2:] for line in read(body).text.split("\n") if line.startswith("# ")]
    assert found == ["1 Stone", "2 Wood", "1 Straw", "2 Water"]
