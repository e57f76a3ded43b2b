"""E-books: reading order, names of chapters, and what is no prose."""

from __future__ import annotations

import pytest

from studio.errors import StudioError
from studio.text.importing import read_manuscript
from studio.text.readers.epub import plugin as epub
from studio.text.reading import Reading
from tests import manuscripts
from tests.manuscripts import NAV_ITEM, NCX_ITEM

ENCRYPTED = (
    '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
    '<e:EncryptionMethod Algorithm="{}"/><e:CipherData><e:CipherReference URI="{}"/>'
    "</e:CipherData></e:EncryptedData></encryption>"
)


def read(data: bytes, **options: bool) -> Reading:
    return epub.run("a.epub", data, epub.Spec(**options))


def lines(data: bytes) -> list[str]:
    return read(data).text.split("\n\n")


def test_documents_come_in_the_order_of_the_spine() -> None:
    data = manuscripts.epub(
        {"z.xhtml": "<h1>One</h1><p>He.</p>", "a.xhtml": "<h1>二</h1><p>水。</p>"}
    )
    assert lines(data) == ["# One", "He.", "# 二", "水。"]
    assert read(data).title == "The Tide"


def test_it_becomes_a_manuscript() -> None:
    page = "<h2>{}</h2>" + f"<p>{manuscripts.CHINESE}</p>" * 20
    data = manuscripts.epub({f"{n}.xhtml": page.format(n) for n in ("渡船", "灯塔", "码头")})
    manuscript = read_manuscript("a.epub", data)
    assert manuscript.title == "The Tide"
    assert manuscript.language == "zh"
    assert [c.title for c in manuscript.chapters] == ["渡船", "灯塔", "码头"]


def test_the_contents_name_documents_without_headings() -> None:
    nav = '<li><a href="a.xhtml">The <i>Quay</i></a><ol>'
    nav += '<li><a href="b.xhtml">第二章 渡船</a></li></ol></li>'
    pages = {"a.xhtml": "<p>He.</p>", "b.xhtml": "<p>水。</p>"}
    data = manuscripts.epub(pages, nav=nav, opf=NAV_ITEM)
    assert lines(data) == ["# The Quay", "He.", "## 第二章 渡船", "水。"]
    ncx = (
        "<navPoint><navLabel><text>The Quay</text></navLabel><content src='a.xhtml'/>"
        "<navPoint><navLabel><text>Night</text></navLabel><content src='a.xhtml#n'/></navPoint>"
        "</navPoint>"
    )
    data = manuscripts.epub({"a.xhtml": "<p>He.</p><p id='n'>She.</p>"}, ncx=ncx, opf=NCX_ITEM)
    assert lines(data) == ["# The Quay", "He.", "## Night", "She."]


def test_a_title_that_stands_below_its_name_in_the_contents_is_said_once() -> None:
    nav = '<li><a href="a.xhtml">Chapter 1: The Quay</a></li><li><a href="b.xhtml">He</a></li>'
    pages = {
        "a.xhtml": "<p>Chapter 1</p><p>The Quay</p><p>The Quay lay dry.</p>",
        "b.xhtml": "<p>He.</p><p>He</p>",
    }
    data = manuscripts.epub(pages, nav=nav, opf=NAV_ITEM)
    assert lines(data) == ["# Chapter 1: The Quay", "The Quay lay dry.", "# He", "He.", "He"]


def test_headings_of_the_document_go_before_those_of_the_contents() -> None:
    nav = '<li><a href="a.xhtml">Contents name</a></li>'
    data = manuscripts.epub({"a.xhtml": "<h1>Own</h1><p>He.</p>"}, nav=nav, opf=NAV_ITEM)
    assert lines(data) == ["# Own", "He."]


def test_cover_navigation_and_what_is_not_linear_are_left_out() -> None:
    pages = {
        "cover.xhtml": '<section epub:type="cover"><p>Cover words</p></section>',
        "toc.xhtml": '<section epub:type="toc"><p>One</p></section>',
        "a.xhtml": "<p>He.</p>",
    }
    assert lines(manuscripts.epub(pages)) == ["He."]


def test_images_scripts_and_pictures_hold_no_prose() -> None:
    body = "<p>He<script>no</script><img alt='no'/> went.</p><svg><text>no</text></svg>"
    assert lines(manuscripts.epub({"a.xhtml": body})) == ["He went."]


NOTED = (
    "<p>The flood<a epub:type='noteref' href='#n1'>1</a> came<sup><a href='#n2'>2</a></sup>.</p>"
    "<aside epub:type='footnote' id='n1'><p>Of 1871.</p></aside>"
)


def test_footnotes() -> None:
    data = manuscripts.epub({"a.xhtml": NOTED})
    assert read(data).text == "The flood came."
    assert any("1 footnote" in note for note in read(data).notes)
    assert read(data, footnotes=True).text == "The flood [Of 1871.] came."


@pytest.mark.parametrize("algorithm", ["http://www.w3.org/2001/04/xmlenc#aes128-cbc", ""])
def test_a_protected_book_is_refused_in_plain_words(algorithm: str) -> None:
    data = manuscripts.epub(
        {"a.xhtml": "<p>He.</p>"},
        **{"META-INF__encryption.xml": ENCRYPTED.format(algorithm, "OEBPS/a.xhtml")},
    )
    with pytest.raises(StudioError, match="DRM"):
        read(data)


@pytest.mark.parametrize(
    "algorithm", ["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"]
)
def test_hidden_fonts_are_no_protection(algorithm: str) -> None:
    data = manuscripts.epub(
        {"a.xhtml": "<p>He.</p>"},
        **{"META-INF__encryption.xml": ENCRYPTED.format(algorithm, "OEBPS/font.otf")},
    )
    assert lines(data) == ["He."]


def test_a_zip_of_something_else() -> None:
    with pytest.raises(StudioError, match="no EPUB"):
        epub.check("a.epub", manuscripts.zipped({"a.txt": "x"}))


def said(data: bytes) -> str:
    return " ".join(read(data).notes)


def opf(manifest: str, spine: str, guide: str = "") -> str:
    return (
        f"<package><manifest>{manifest}</manifest><spine>{spine}</spine>"
        f"<guide>{guide}</guide></package>"
    )


def item(key: str, href: str, kind: str = "application/xhtml+xml", more: str = "") -> str:
    return f'<item id="{key}" href="{href}" media-type="{kind}" {more}/>'


def reference(*keys: str, more: str = "") -> str:
    return "".join(f'<itemref idref="{key}" {more}/>' for key in keys)


def book(pages: dict[str, str], package: str, **more: str) -> bytes:
    """A book of these pages (name in the archive to body) and this package document."""
    files = {name: manuscripts.xhtml(body) for name, body in pages.items()}
    container = '<container><rootfile full-path="OEBPS/b.opf"/></container>'
    meta = {"META-INF/container.xml": container, "OEBPS/b.opf": package}
    more = {name.replace("__", "/"): content for name, content in more.items()}
    return manuscripts.zipped({n: c for n, c in (meta | files | more).items() if c})


@pytest.mark.parametrize(
    ("href", "name"),
    [
        ("Chapter1.XHTML", "OEBPS/chapter1.xhtml"),
        ("chapter%201.xhtml", "OEBPS/chapter 1.xhtml"),
        ("chapter 1.xhtml", "OEBPS/chapter%201.xhtml"),
        ("caf\u00e9.xhtml", "OEBPS/cafe\u0301.xhtml"),
        ("./a.xhtml", "OEBPS/a.xhtml"),
        ("text\\a.xhtml", "OEBPS/text/a.xhtml"),
        ("/OEBPS/a.xhtml", "OEBPS/a.xhtml"),
        ("/a.xhtml", "OEBPS/a.xhtml"),
        ("OEBPS/a.xhtml", "OEBPS/a.xhtml"),
        ("../a.xhtml", "OEBPS/text/a.xhtml"),
    ],
)
def test_documents_are_found_by_what_their_names_mean(href: str, name: str) -> None:
    pages = {"OEBPS/first.xhtml": "<p>He.</p>", name: "<p>She.</p>"}
    package = opf(item("f", "first.xhtml") + item("i", href), reference("f", "i"))
    data = book(pages, package)
    assert lines(data) == ["He.", "She."]
    assert read(data).notes == ()


def test_a_missing_document_is_named_and_its_neighbours_are_read() -> None:
    package = opf(item("a", "a.xhtml") + item("g", "gone.xhtml"), reference("a", "g", "nowhere"))
    data = book({"OEBPS/a.xhtml": "<p>He.</p>"}, package)
    assert lines(data) == ["He."]
    assert "Missing in the book: gone.xhtml, nowhere." in said(data)


@pytest.mark.parametrize("content", ["", " ", "<!-- x -->", "<?xml version='1.0'?>"])
def test_an_empty_document_does_not_close_the_book(content: str) -> None:
    data = manuscripts.epub({"a.xhtml": "<p>He.</p>", "b": ""}, OEBPS__b=content)
    assert lines(data) == ["He."]
    assert "Empty in the book: OEBPS/b." in said(data)


def test_what_is_not_in_the_reading_order_is_named() -> None:
    pages = {f"OEBPS/{n}.xhtml": f"<p>{n} says so.</p>" for n in "abc"}
    pages |= {"OEBPS/picture.xhtml": "<img src='x'/>", "OEBPS/empty.xhtml": "<p/>"}
    package = opf(
        item("a", "a.xhtml") + item("b", "b.xhtml") + item("e", "empty.xhtml"),
        reference("a", "e") + reference("b", more="linear='no'"),
    )
    data = book(pages, package)
    assert lines(data) == ["a says so."]
    assert "reading order: OEBPS/b.xhtml, OEBPS/c.xhtml." in said(data)
    everything = opf(item("a", "a.xhtml"), reference("a", more="linear='no'"))
    assert lines(book(pages, everything)) == ["a says so."]


def test_documents_of_other_types_are_read_or_named() -> None:
    pages = {f"OEBPS/{n}": "<p>He.</p>" for n in ("a.html", "b.xhtml", "c.xhtml", "d.svg")}
    package = opf(
        item("a", "a.html", "text/x") + item("b", "b.xhtml", "Application/XHTML+XML; x=y")
        + item("p", "p.pdf", "application/pdf", 'fallback="c"') + item("c", "c.xhtml")
        + item("d", "d.svg", "image/svg+xml") + item("j", "j.jpg", "image/jpeg"),
        reference("a", "b", "p", "d", "j"),
    )  # fmt: skip
    data = book(pages, package)
    assert lines(data) == ["He."] * 3
    assert "Missing in the book: d.svg." in said(data)


ONLY = "<h1 id='c1'>One</h1><p>He went.</p><h1>Two</h1><p>She stayed.</p>"
LISTED = "<div id='toc'><h2 id='top'>Contents</h2><p><a href='#c1'>The first</a></p></div>"


@pytest.mark.parametrize("mark", ["", "#toc", "#top", "#c1", "#gone"])
@pytest.mark.parametrize("kind", ["toc", "landmarks", "cover", "nav"])
def test_a_guide_does_not_empty_a_book(mark: str, kind: str) -> None:
    guide = f'<reference type="{kind}" href="a.xhtml{mark}"/>'
    package = opf(item("a", "a.xhtml"), reference("a"), guide)
    found = lines(book({"OEBPS/a.xhtml": LISTED + ONLY}, package))
    assert found[-4:] == ["# One", "He went.", "# Two", "She stayed."]
    assert (found[0] == "# One") == (mark in ("#toc", "#top"))
    alone = lines(book({"OEBPS/a.xhtml": "<p>Hello</p>"}, package))
    assert alone == ["Hello"]


def test_lists_are_left_out_and_named() -> None:
    contents = "<h1>Contents</h1>" + "<p><a href='a.xhtml'>One</a></p>" * 9
    pages = {"OEBPS/a.xhtml": ONLY, "OEBPS/t.xhtml": contents, "OEBPS/u.xhtml": contents}
    guide = '<reference type="toc" href="t.xhtml"/><reference type="toc" href="u.xhtml#x"/>'
    manifest = item("t", "t.xhtml") + item("u", "u.xhtml") + item("a", "a.xhtml")
    data = book(pages, opf(manifest, reference("t", "u", "a"), guide))
    assert lines(data)[0] == "# One"
    assert "cover or contents: OEBPS/t.xhtml, OEBPS/u.xhtml." in said(data)
    assert lines(data) == lines(book(pages, opf(manifest, reference("a"))))


def test_a_document_that_begins_with_contents_loses_them_alone() -> None:
    listed = "<section epub:type='toc'><p>One</p><p>Two</p></section>"
    assert lines(manuscripts.epub({"a.xhtml": listed + ONLY}))[0] == "# One"
    chapter = f"<section epub:type='toc'><p>{manuscripts.ENGLISH}</p></section>"
    assert lines(manuscripts.epub({"a.xhtml": chapter}))[0] == manuscripts.ENGLISH


NCX = (
    "<ncx><navMap><navPoint><navLabel><text>The Quay</text></navLabel><content src='a.xhtml'/>"
    "</navPoint><navPoint><navLabel><text>Ni"
)


@pytest.mark.parametrize("ncx", [NCX, NCX[:60], "", "no XML", "<ncx", NCX + "&x;"])
def test_a_broken_table_of_contents_does_not_close_the_book(ncx: str) -> None:
    package = opf(item("a", "a.xhtml") + NCX_ITEM, reference("a"))
    data = book({"OEBPS/a.xhtml": "<p>He.</p>"}, package, OEBPS__toc__ncx="", **{
        "OEBPS/toc.ncx": ncx or " "
    })  # fmt: skip
    assert lines(data) == (["# The Quay", "He."] if ncx.startswith(NCX) else ["He."])
    assert "table of contents is damaged" in said(data)


@pytest.mark.parametrize(
    "nav",
    ['<li><a href="a.xhtml#gone">Night</a></li>', '<li><a href="a.xhtml#n">Night</a></li>',
     '<li><a href="A.xhtml">Night</a></li>'],
)  # fmt: skip
def test_a_title_is_not_lost_with_its_place(nav: str) -> None:
    pages = {"a.xhtml": "<p>He.</p>"}
    assert lines(manuscripts.epub(pages, nav=nav, opf=NAV_ITEM)) == ["# Night", "He."]


def test_titles_by_names_and_beside_other_headings() -> None:
    nav = '<li><span>Part One</span><ol><li><a href="a.xhtml#n">Night</a></li>'
    nav += '<li><a href="a.xhtml#o">Own</a></li><li><a href="a.xhtml#d">Dawn</a></li></ol></li>'
    page = "<h1>The Tide</h1><p><a name='n'/>He.</p><h2 id='o'>Own</h2><p id='d'>She.</p>"
    found = lines(manuscripts.epub({"a.xhtml": page}, nav=nav, opf=NAV_ITEM))
    assert found == ["# The Tide", "# Part One", "## Night", "He.", "## Own", "## Dawn", "She."]


def test_a_damaged_package_is_read_as_far_as_it_goes() -> None:
    pages = {f"OEBPS/{n}.xhtml": f"<p>{n}.</p>" for n in "abc"}
    whole = opf("".join(item(n, f"{n}.xhtml") for n in "cab"), reference(*"cab"))
    for end in ("<itemref idref='a'", "<spine", '<item id="a"', "<package"):
        data = book(pages, whole[: whole.find(end)] or " ")
        assert sorted(lines(data)) == ["a.", "b.", "c."]
        assert "damaged" in said(data)


def test_a_book_without_a_container() -> None:
    package = opf(item("a", "a.xhtml"), reference("a"))
    pages = {"OEBPS/a.xhtml": "<p>He.</p>"}
    assert lines(book(pages, package, **{"META-INF/container.xml": ""})) == ["He."]
    cut = "<container><rootfile full-path='oebps/B.opf'/><root"
    assert lines(book(pages, package, **{"META-INF/container.xml": cut})) == ["He."]


def test_numbers_of_printed_pages_and_words_that_lead_to_notes() -> None:
    page = "<p>He we<span epub:type='pagebreak' id='p2'>12</span>nt to <a epub:type='noteref'"
    page += " href='#n'>the flood plain</a>.</p><aside epub:type='footnote' id='n'>Of 1871.</aside>"
    data = manuscripts.epub({"a.xhtml": page})
    assert lines(data) == ["He went to the flood plain."]
    assert read(data, footnotes=True).text == "He went to the flood plain [Of 1871.]."


def test_numbers_of_pages_that_are_known_by_their_class() -> None:
    page = (
        "<p>He we<span class='pagenum'><a id='p3'>[Pg 3]</a></span>nt to "
        "<span class='x pageno'>xiv</span>bed.</p><p class='pagenum'>The number ten.</p>"
    )
    assert lines(manuscripts.epub({"a.xhtml": page})) == ["He went to bed.", "The number ten."]
    nav = "<li><a href='a.xhtml#p3'>Night</a></li>"
    assert "# Night" in lines(manuscripts.epub({"a.xhtml": page}, nav=nav, opf=NAV_ITEM))


def test_a_damaged_document_is_named_and_the_others_are_read() -> None:
    pages = {"a.xhtml": "<p>He.</p>", "b": "", "c.xhtml": "<p>She.</p>"}
    reading = read(manuscripts.epub(pages, OEBPS__b="\0\1\2 no text \3" * 9))
    assert reading.text.split() == ["He.", "She."]
    assert any("“OEBPS/b” could not be read" in note for note in reading.notes)
    with pytest.raises(StudioError, match="cannot be read"):
        read(manuscripts.epub({"b": ""}, OEBPS__b="\0\1\2 no text \3" * 9))


def test_contents_that_name_no_more_than_the_beginning_give_way() -> None:
    pages = {f"{n}.xhtml": f"<p>He went {n}.</p>" for n in "abc"}
    points = "".join(
        f"<navPoint><navLabel><text>Night {n}</text></navLabel>"
        f"<content src='{n}.xhtml'/></navPoint>"
        for n in "abc"
    )
    nav = "<li><a href='a.xhtml'>Start</a></li>"
    data = manuscripts.epub(pages, nav=nav, ncx=points, opf=NAV_ITEM + NCX_ITEM)
    assert [line for line in lines(data) if "#" in line] == [f"# Night {n}" for n in "abc"]


def test_the_main_title_is_the_title() -> None:
    titles = (
        "<metadata><title id='s'>A tale</title><title id='m'>The <i>Tide</i></title>"
        "<meta refines='#m' property='title-type'>main</meta></metadata>"
    )
    package = opf(item("a", "a.xhtml"), reference("a")).replace("<manifest>", f"{titles}<manifest>")
    assert read(book({"a.xhtml": "<p>He.</p>"}, package)).title == "The Tide"


def test_a_link_that_leads_out_of_the_book_finds_nothing() -> None:
    extra = '<item id="i0" href="../../../etc/passwd" media-type="application/xhtml+xml"/>'
    data = manuscripts.epub({"a.xhtml": "<p>He.</p>"}, opf=extra)
    assert "root:" not in read(data).text


OWN = "<!DOCTYPE html [<!ENTITY dash \"&#8212;\"><!-- one --><!ENTITY who 'Anne'>]>"


def test_a_book_may_name_characters_of_its_own() -> None:
    page = f'<?xml version="1.0"?>{OWN}{manuscripts.xhtml("<p>&who; &dash; and he&nbsp;went.</p>")}'
    data = manuscripts.epub({"a.xhtml": ""}, **{"OEBPS/a.xhtml": page})
    assert lines(data) == ["Anne — and he\xa0went."]


@pytest.mark.parametrize(
    ("title", "body", "said"),
    [
        ("Chapter 1", "<p>1</p><p>He.</p>", ["# Chapter 1", "He."]),
        ("Chapter One: The Quay", "<p>One</p><p>The Quay</p><p>He.</p>",
         ["# Chapter One: The Quay", "He."]),
        ("第一章 归来", "<p>一</p><p>他走了。</p>", ["# 第一章 归来", "他走了。"]),
        ("Chapter 1", "<p>Chapter 1<br/>The Quay</p><p>He.</p>",
         ["# Chapter 1", "The Quay", "He."]),
        ("Chapter 1: The Quay", "<p>Chapter 1<br/>The Quay</p><p>He.</p>",
         ["# Chapter 1: The Quay", "He."]),
        ("He went", "<p>He went<br/>home.</p>", ["# He went", "He went\nhome."]),
        ("Chapter 1", "<p>2</p><p>He.</p>", ["# Chapter 1", "2", "He."]),
    ],
)  # fmt: skip
def test_a_number_or_a_line_that_repeats_the_contents_is_said_once(
    title: str, body: str, said: list[str]
) -> None:
    nav = f'<li><a href="a.xhtml">{title}</a></li>'
    assert lines(manuscripts.epub({"a.xhtml": body}, nav=nav, opf=NAV_ITEM)) == said
