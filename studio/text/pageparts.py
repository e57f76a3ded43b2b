"""What the parts of a page are: paragraphs, headings, notes, and what seldom is prose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from studio.language import _
from studio.text import composition, markup, symbols
from studio.text.markup import attribute, local, named
from studio.text.numerals import HAN, SPELLED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element as Element

DOUBTFUL = frozenset(
    {"nav", "footer", "form", "button", "textarea", "dialog", "noscript", "template", "svg",
     "iframe", "object", "audio", "video", "canvas"}
)  # fmt: skip
"""Elements that are left out unless they hold the prose of their page."""
NAMED = frozenset({"select", "del", "math"})
"""Elements without prose whose words are named, as a writer may miss them."""
PARAGRAPHS = frozenset(
    {"p", "div", "section", "article", "main", "header", "aside", "body", "blockquote", "pre",
     "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "tr", "td", "th", "figure",
     "figcaption", "address", "center", "hgroup", "details", "summary", "fieldset", "legend",
     "menu", "search", "noframes", "text"} | DOUBTFUL
)  # fmt: skip
VERBATIM = frozenset({"pre", "textarea", "xmp", "listing", "plaintext"})
"""Elements whose lines are lines."""
HEADINGS = {f"h{level}": level for level in range(1, 7)}
NOTES = frozenset(["footnote", "endnote", "footnotes", "endnotes", "rearnote", "rearnotes"])
NOTE_ROLES = frozenset(["doc-footnote", "doc-endnote", "doc-endnotes"])
LISTS = frozenset({"cover", "toc", "nav", "landmarks", "page-list", "loi", "lot"})
"""What a book's guide calls pages that hold no prose."""
NO_PROSE = LISTS | {"doc-toc", "doc-cover", "doc-pagelist"}
"""What a part of a book calls itself that is a list of names, as long as it is one."""
LONGEST_NUMBER = 20
"""Characters of what a page of the printed book is called."""

_KINDS = ("type", "role")
_PAGE_CLASSES = frozenset(
    {"pagenum", "pageno", "page-num", "page-number", "page_number", "pagenumber", "pagebreak"}
)
"""What books made from printed ones call the number of a page in their margin."""
_QUOTES = ("", *"“”\"„«»‹›‘’'「『")
_PAGE = re.compile(
    r"\W{0,2}(?:(?:p|pg|page|seite|s)\b\.?\s?)?(?:\d{1,4}|[ivxlc]{1,8})?\W{0,2}", re.IGNORECASE
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_FONT = re.compile(r"font-family\s*:\s*[\"']?([A-Za-z0-9 ]{1,40})", re.IGNORECASE)
_NUMBER = re.compile(r"[\[(]?(?:\d{1,4}|[*†‡§¶]{1,3}|[①-⑳])[\])]?")
_MARK = re.compile(
    r"[\[(（【〔]?(?:(?:notes?|fn|footnote|endnote|注|註|脚注|注释)\W{0,2})?"
    r"(?:\d{1,4}|x{0,3}(?:ix|iv|v?i{0,3})|[^\W\d]|[^\w\s]{1,3})\W{0,2}"
    r"|\W{0,3}(?:back|return|返回)?\W{0,3}",
    re.IGNORECASE,
)
_INITIAL = re.compile("[“\"‘']?[A-Za-zÀ-ž]")
_LETTERS = re.compile(r"\w+")
_COUNTED = "第章回节節卷話话集"
_COUNTS = re.compile(rf"\d{{1,4}}|[ivxlc]{{1,9}}|[{HAN}]{{1,6}}|{SPELLED}")


def title_of(root: Element) -> str:
    """What stands in the ``<title>`` of the page."""
    found = next(named(root, "title"), None)
    return markup.words(found) if found is not None else ""


def left_out(parts: Sequence[str]) -> tuple[str, ...]:
    """What to tell the writer of parts that are no prose, named by their first words."""
    return composition.named(_("Left out, because it is not the page’s prose: {names}."), parts)


def types(element: Element) -> set[str]:
    """The ``epub:type`` and the ARIA role of an element."""
    found: set[str] = set()
    for key, value in ((str(key), str(value)) for key, value in element.items()):
        if key in _KINDS or key.endswith((":type", "}type")):
            found.update(value.lower().split())
    return found


def is_doubtful(element: Element) -> bool:
    """An element that is left out unless it holds prose."""
    if local(element) in DOUBTFUL or local(element) == "table":
        return True
    return bool(element.attrib) and (is_hidden(element) or bool(types(element) & NO_PROSE))


def marks(element: Element) -> Iterator[str]:
    """What links within the book may call this place."""
    if mark := attribute(element, "id"):
        yield mark
    if local(element) == "a" and (mark := attribute(element, "name")):
        yield mark


def is_block(element: Element) -> bool:
    return local(element) in PARAGRAPHS or local(element) in HEADINGS


def letters(text: str) -> str:
    return "".join(_LETTERS.findall(text)).casefold()


def after(title: str, text: str) -> str | None:
    """What is left of a title after the words of this text; None if it does not begin so, or
    with other words before the same number."""
    wanted, said = letters(text), ""
    is_number = _COUNTS.fullmatch(wanted)
    for word in _LETTERS.finditer(title):
        said += word[0].casefold()
        if said == wanted or (is_number and word[0].casefold().strip(_COUNTED) == wanted):
            return title[word.end() :]
    return None


def is_initial(image: Element) -> bool:
    """The picture of a letter that the word behind it begins with."""
    if not _INITIAL.fullmatch(attribute(image, "alt").strip()):
        return False
    behind: Element | None = image
    while behind is not None and not behind.tail and behind.getnext() is None:
        behind = behind.getparent()
        if behind is None or is_block(behind):
            return False
    return behind is not None and (behind.tail or "")[:1].isalpha()


def is_page_number(element: Element, kinds: set[str]) -> bool:
    """The number of a page of the printed book, which stands between two words."""
    if kinds & {"pagebreak", "doc-pagebreak"}:
        return len(markup.words(element)) <= LONGEST_NUMBER
    classes = element.get("class")
    if classes is None or _PAGE_CLASSES.isdisjoint(classes.lower().split()):
        return False
    return bool(_PAGE.fullmatch(markup.words(element)))


def sign_font(element: Element) -> str:
    """The font of signs that its words are in, as Word writes arrows; empty for any other."""
    style, face = element.get("style"), element.get("face")
    if style is not None and (match := _FONT.search(style)):
        face = match[1]
    return face.strip() if face and symbols.is_known(face) else ""


def is_quoted(quotation: Element) -> bool:
    """Whether the words of a ``<q>`` have the marks that a browser would put around them."""
    return markup.words(quotation)[:1] in _QUOTES


def is_note(element: Element) -> bool:
    return (
        bool(element.attrib)
        and local(element) in ("aside", "section", "div", "li", "p", "ol", "dl", "dd")
        and bool(types(element) & (NOTES | NOTE_ROLES))
    )


def is_mark(link: Element) -> bool:
    """Nothing but the sign of a note, or the way back from one."""
    return bool(_MARK.fullmatch(markup.words(link)))


def is_reference(link: Element) -> bool:
    """The small number that leads to a note, or back from it."""
    if types(link) & {"noteref", "doc-noteref", "doc-backlink", "backlink"}:
        return True
    above = link.getparent()
    beside = link if above is None else above
    raised = local(beside) == "sup" or any(local(child) == "sup" for child in link)
    return raised and "#" in attribute(link, "href") and bool(_NUMBER.fullmatch(markup.words(link)))


def _is_a_word(element: Element) -> bool:
    """Words within a paragraph, which browsers show although they are not to be read aloud; not
    the signs that lead to a heading."""
    return not is_block(element) and local(element) != "a" and bool(letters(markup.words(element)))


def is_hidden(element: Element) -> bool:
    """Whether a browser would not show the element."""
    if element.get("hidden") is not None:
        return True
    if element.get("aria-hidden") == "true" and not _is_a_word(element):
        return True
    style = element.get("style")
    return style is not None and bool(_HIDDEN.search(style))
