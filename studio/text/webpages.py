"""The prose of an HTML page: its paragraphs, headings and scene breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from studio.text import composition, markup
from studio.text.composition import Blocks
from studio.text.markup import attribute, local, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element as Element

SKIPPED = frozenset(
    {"head", "script", "style", "template", "noscript", "nav", "footer", "svg", "math", "iframe",
     "object", "embed", "audio", "video", "canvas", "map", "form", "select", "button", "textarea",
     "input", "rt", "rp", "del", "img", "dialog"}
)  # fmt: skip
PARAGRAPHS = frozenset(
    {"p", "div", "section", "article", "main", "header", "aside", "body", "blockquote", "pre",
     "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "tr", "td", "th", "figure",
     "figcaption", "address", "center", "hgroup", "details", "summary", "fieldset"}
)  # fmt: skip
HEADINGS = {f"h{level}": level for level in range(1, 7)}
NOTES = frozenset(["footnote", "endnote", "footnotes", "endnotes", "rearnote", "rearnotes"])
NOTE_ROLES = frozenset(["doc-footnote", "doc-endnote", "doc-endnotes"])

_SPACE = re.compile(r"[ \t\r\n\f]+")
_SPACES_IN_A_ROW = re.compile(r" {2,}")
_BESIDE_BREAK = re.compile(r" ?\n ?")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NUMBER = re.compile(r"[\[(]?(?:\d{1,4}|[*†‡§¶]{1,3}|[①-⑳])[\])]?")


class Page:
    """Fills ``blocks`` with what ``read`` finds in a page.

    ``titles`` gives headings, as title and level, to the elements with these ids; the one
    for the page itself has the empty id.
    """

    def __init__(
        self, footnotes: bool = False, titles: Mapping[str, tuple[str, int]] | None = None
    ) -> None:
        self.blocks = Blocks()
        self.footnotes = self.tables = 0
        self._keep_notes = footnotes
        self._notes: dict[str, str] = {}
        self._titles = dict(titles or {})
        self._words: list[str] = []
        self._verbatim = 0

    def read(self, root: Element) -> None:
        if self._keep_notes:
            marks = {attribute(a, "href")[1:] for a in named(root, "a") if _is_reference(a)}
            notes = ((attribute(n, "id"), n) for n in root.iter() if _is_note(n))
            self._notes = {mark: _note(note) for mark, note in notes if mark in marks}
        if any(True for _heading in named(root, *HEADINGS)):
            self._titles = {}
        self._head_of("")
        markup.traverse(root, self)
        self._end_paragraph()

    def enter(self, element: Element) -> bool:
        name = local(element)
        if name in SKIPPED or _is_hidden(element):
            return False
        if _is_note(element) and attribute(element, "id") in self._notes:
            return False
        if _is_note(element) and not self._keep_notes:
            self.footnotes += 1
            return False
        if name == "a" and _is_reference(element):
            return self._refer(attribute(element, "href"))
        if name == "table" and not self._is_prose(element):
            self.tables += 1
            return False
        if name in PARAGRAPHS or name in HEADINGS or name == "hr":
            self._end_paragraph()
        if mark := self._titles and attribute(element, "id"):
            self._head_of(mark)
        self._verbatim += name == "pre"
        return True

    def leave(self, element: Element) -> None:
        name = local(element)
        self._verbatim -= name == "pre"
        if name in HEADINGS:
            self.blocks.heading(self._taken(), HEADINGS[name])
        elif name == "p" and not "".join(self._words).strip() and not len(element):
            self._words = []
            self.blocks.blank()
        elif name in PARAGRAPHS:
            self._end_paragraph()
        elif name == "br":
            self._words.append("\n")
        elif name == "hr":
            self.blocks.scene_break()

    def text(self, text: str) -> None:
        self._words.append(text if self._verbatim else _SPACE.sub(" ", text))

    def _taken(self) -> str:
        text = _SPACES_IN_A_ROW.sub(" ", _BESIDE_BREAK.sub("\n", "".join(self._words)))
        self._words = []
        return text

    def _end_paragraph(self) -> None:
        if (text := self._taken()).strip():
            # Two line breaks in a row are how old pages part their paragraphs.
            for paragraph in text.split("\n\n"):
                self.blocks.paragraph(paragraph)

    def _head_of(self, mark: str) -> None:
        if titled := self._titles.pop(mark, None):
            self._end_paragraph()
            self.blocks.heading(*titled)

    def _refer(self, target: str) -> bool:
        """The mark of a note is not part of the story; the note is, if it is wanted."""
        if note := self._notes.get(target.rpartition("#")[2]):
            self._words.append(f" [{note}]")
        return False

    def _is_prose(self, table: Element) -> bool:
        return composition.is_prose([markup.words(cell) for cell in named(table, "td", "th")])


def title_of(root: Element) -> str:
    """What stands in the ``<title>`` of the page."""
    found = next(named(root, "title"), None)
    return markup.words(found) if found is not None else ""


def types(element: Element) -> set[str]:
    """The ``epub:type`` and the ARIA role of an element."""
    return {*attribute(element, "type").lower().split(), *attribute(element, "role").split()}


def _is_note(element: Element) -> bool:
    return local(element) in ("aside", "section", "div", "li", "p", "ol") and bool(
        types(element) & (NOTES | NOTE_ROLES)
    )


def _note(element: Element) -> str:
    page = Page()
    for child in element:
        markup.traverse(child, page)
        page.text(child.tail or "")
    page.text(element.text or "")
    page._end_paragraph()
    return page.blocks.prose()


def _is_reference(link: Element) -> bool:
    """The small number that leads to a note, or back from it."""
    if types(link) & {"noteref", "doc-noteref", "doc-backlink", "backlink"}:
        return True
    above = link.getparent()
    beside = link if above is None else above
    raised = local(beside) == "sup" or any(local(child) == "sup" for child in link)
    return raised and "#" in attribute(link, "href") and bool(_NUMBER.fullmatch(markup.words(link)))


def _is_hidden(element: Element) -> bool:
    if not element.attrib:
        return False
    return (
        "hidden" in element.attrib
        or attribute(element, "aria-hidden") == "true"
        or bool(_HIDDEN.search(attribute(element, "style")))
    )
