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


def test_a_missing_document_is_passed_over_but_its_neighbours_are_read() -> None:
    extra = '<item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>'
    assert lines(manuscripts.epub({"a.xhtml": "<p>He.</p>"}, opf=extra)) == ["He."]


def test_a_link_that_leads_out_of_the_book_finds_nothing() -> None:
    extra = '<item id="i0" href="../../../etc/passwd" media-type="application/xhtml+xml"/>'
    data = manuscripts.epub({"a.xhtml": "<p>He.</p>"}, opf=extra)
    assert "root:" not in read(data).text
