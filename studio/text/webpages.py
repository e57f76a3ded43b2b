"""The prose of an HTML page: its paragraphs, headings and scene breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from studio.errors import StudioError
from studio.text import composition, headings, markup, pageprose, symbols
from studio.text import pageparts as parts
from studio.text.composition import Blocks
from studio.text.leftovers import Leftovers
from studio.text.markup import attribute, local, named
from studio.text.pageprose import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml.etree import _Element as Element

DEEPEST = 3
"""Pages within pages."""

_STOPS = frozenset(".,;:!?…。，；：！？”’」』")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_SPACES_IN_A_ROW = re.compile(r" {2,}")
_BESIDE_BREAK = re.compile(r" ?\n ?")


class Page:
    """Fills ``blocks`` with what ``read`` finds in a page.

    ``titles`` gives headings, as titles and levels, to the elements with these ids; those
    for the page itself have the empty id. ``lists`` are ids of what is a list of names.
    """

    def __init__(
        self,
        footnotes: bool = False,
        titles: Mapping[str, Sequence[tuple[str, int]]] | None = None,
        lists: frozenset[str] = frozenset(),
        depth: int = 0,
    ) -> None:
        self.blocks = Blocks()
        self.left = Leftovers()
        self.left_out: list[str] = []
        """The first words of each part that was left out."""
        self._keep_notes = footnotes
        self._notes: dict[str, str] = {}
        self._titles = {mark: list(those) for mark, those in (titles or {}).items()}
        self._pending: list[tuple[str, int]] = []
        self._said: list[str] = []
        """Titles from the contents, right after which their words may stand again."""
        self._lists = lists
        self._listed: set[Element] = set()
        self._depth = depth
        self._words: list[str] = []
        self._fonts: list[str] = []
        """Fonts of signs around the place that is read."""
        self._verbatim = self._in_heading = 0

    def read(self, root: Element) -> None:
        self._weights = Weights(root, parts.is_doubtful)
        if self._keep_notes:
            marks = {attribute(a, "href")[1:] for a in named(root, "a") if parts.is_reference(a)}
            notes = ((attribute(n, "id"), n) for n in root.iter() if parts.is_note(n))
            self._notes = {mark: Page().words_of(note) for mark, note in notes if mark in marks}
        if self._titles:
            self._settle_titles(root)
        if self._lists:
            self._listed = pageprose.listed(root, self._lists, self._weights, parts.is_block)
        self._head_of("")
        markup.traverse(root, self)
        self._end_paragraph()
        self._say_titles()

    def words_of(self, element: Element) -> str:
        """All that stands in an element, whatever it is itself, on one line."""
        self._weights = Weights(element, parts.is_doubtful)
        self.text(element.text or "")
        for child in element:
            markup.traverse(child, self)
            self.text(child.tail or "")
        self._end_paragraph()
        return self.blocks.prose()

    def enter(self, element: Element) -> bool:
        name = local(element)
        if name in pageprose.NEVER:
            self._leave_out(element, name)
            return False
        if self._listed and element in self._listed:
            self._name(element)
            return False
        if element.attrib and self._is_passed_over(element, name):
            return False
        if name in parts.DOUBTFUL or (element.attrib and parts.is_hidden(element)):
            if name == "iframe" and attribute(element, "srcdoc"):
                self._read_inner(attribute(element, "srcdoc"))
                return False
            if not self._weights.holds_prose(element):
                self._name(element)
                return False
        if name == "table" and not self._is_prose(element):
            self.left.add("table")
            return False
        if name in parts.PARAGRAPHS or name in parts.HEADINGS or name == "hr":
            self._end_paragraph()
        if self._titles and element.attrib:
            for mark in parts.marks(element):
                self._head_of(mark)
        self._verbatim += name in parts.VERBATIM
        self._in_heading += name in parts.HEADINGS
        if name == "q" and not parts.is_quoted(element):
            self._words.append("“")
        if element.attrib and (font := parts.sign_font(element)):
            self._fonts.append(font)
        return True

    def leave(self, element: Element) -> None:
        name = local(element)
        if self._fonts and parts.sign_font(element):
            self._fonts.pop()
        self._verbatim -= name in parts.VERBATIM
        if name in parts.HEADINGS:
            self._in_heading -= 1
            if (text := self._taken()).strip():
                self._pending = []
            self.blocks.heading(text, parts.HEADINGS[name])
        elif name == "p" and not "".join(self._words).strip() and not len(element):
            self._words = []
            self.blocks.blank()
        elif name in parts.PARAGRAPHS:
            self._end_paragraph()
        elif name == "br":
            self._words.append("\n")
        elif name == "q" and not parts.is_quoted(element):
            self._words.append("”")
        elif name == "hr":
            self.blocks.scene_break()
        elif name == "a" and self._notes and parts.is_reference(element):
            self._refer(element)

    def text(self, text: str) -> None:
        if self._fonts:
            text = symbols.written(self._fonts[-1], text)
            self.left.add("symbol", text.count(symbols.UNKNOWN))
        self._words.append(text if self._verbatim else _SPACE.sub(" ", text))

    def notes(self) -> tuple[str, ...]:
        """What of the page was left out."""
        return (*parts.left_out(self.left_out), *self.left.notes())

    def _is_passed_over(self, element: Element, name: str) -> bool:
        """A note, the mark of one, the number of a page, or what calls itself a list of names."""
        if name == "a" and parts.is_reference(element) and parts.is_mark(element):
            self._refer(element)
            return True
        kinds = parts.types(element)
        if parts.is_page_number(element, kinds):
            for place in element.iter() if self._titles else ():
                for mark in parts.marks(place):
                    self._head_of(mark)
            return True
        if not kinds:
            return False
        if parts.is_note(element) and attribute(element, "id") in self._notes:
            return True
        if parts.is_note(element) and not self._keep_notes:
            self.left.add("footnote")
            return True
        if not kinds & parts.NO_PROSE or not self._weights.of(element).is_listing:
            return False
        self._name(element)
        return True

    def _leave_out(self, element: Element, name: str) -> None:
        """An element that is no prose, but for the picture of a first letter."""
        self.left.add("reading", int(name == "rt"))
        if name == "img" and parts.is_initial(element) and not "".join(self._words).strip():
            self._words.append(attribute(element, "alt").strip())
        if name in parts.NAMED:
            self._name(element)

    def _name(self, element: Element) -> None:
        weight = self._weights.of(element)
        is_links = local(element) == "nav" and bool(weight.linked) and not weight.plain
        if not is_links and (words := pageprose.first_words(element)):
            self.left_out.append(words)

    def _read_inner(self, source: str) -> None:
        """A page that another one shows within itself."""
        self._end_paragraph()
        if not source.strip():
            return
        root = self._inner(source) if self._depth < DEEPEST else None
        if root is None:
            self.left_out.append(pageprose.shown(" ".join(source.split())))
            return
        inner = Page(self._keep_notes, depth=self._depth + 1)
        inner.read(root)
        self.blocks.extend(inner.blocks)
        self.left_out += inner.left_out
        self.left.update(inner.left)

    @staticmethod
    def _inner(source: str) -> Element | None:
        try:
            return markup.page("srcdoc", source.encode("utf-8", "replace"))[0]
        except StudioError:
            return None

    def _taken(self) -> str:
        text = _SPACES_IN_A_ROW.sub(" ", _BESIDE_BREAK.sub("\n", "".join(self._words)))
        self._words = []
        return text

    def _end_paragraph(self) -> None:
        if (text := self._taken()).strip():
            self._say_titles()
            if self._said and not (text := self._unsaid(text)):
                return
            # Two line breaks in a row are how old pages part their paragraphs.
            for paragraph in text.split("\n\n"):
                self.blocks.paragraph(paragraph)

    def _settle_titles(self, root: Element) -> None:
        """Titles that the page's own headings say fall away; those that lead nowhere go to
        the top, where they are not lost."""
        own = [parts.letters(markup.words(heading)) for heading in named(root, *parts.HEADINGS)]
        own = [heading for heading in own if heading]
        if own:
            self._titles.pop("", None)
        ids = {mark for element in root.iter() if element.attrib for mark in parts.marks(element)}
        astray: list[tuple[str, int]] = []
        for mark in [mark for mark in self._titles if mark]:
            titles = [t for t in self._titles[mark] if parts.letters(t[0]) not in own]
            self._titles[mark] = titles
            if mark not in ids:
                del self._titles[mark]
                astray += titles
        if astray:
            self._titles[""] = [*self._titles.get("", ()), *astray]

    def _head_of(self, mark: str) -> None:
        if titled := self._titles.pop(mark, None):
            if not self._in_heading:
                self._end_paragraph()
            self._pending += titled

    def _say_titles(self) -> None:
        """A heading that follows at once goes before these."""
        pending, self._pending = self._pending, []
        self._said = [title for title, _level in pending] or self._said
        for title, level in pending:
            self.blocks.heading(title, level)

    def _unsaid(self, text: str) -> str:
        """The paragraph without what a title has said already: all of it, or the name of the
        chapter on its first line."""
        first, _line_end, rest = text.strip().partition("\n")
        if rest and not headings.strong(first):
            self._said = []
            return text
        if not self._is_said(first):
            return text
        return self._unsaid(rest) if rest else ""

    def _is_said(self, text: str) -> bool:
        """A paragraph that looks like a heading, and whose words a title has said already."""
        for place, title in enumerate(self._said):
            rest = parts.after(title, text)
            if rest is not None and (text[-1] not in _STOPS or title.endswith(text[-1])):
                self._said[place] = rest
                return True
        self._said = []
        return False

    def _refer(self, link: Element) -> None:
        """The mark of a note is not part of the story; the note is, if it is wanted."""
        if note := self._notes.get(attribute(link, "href").rpartition("#")[2]):
            self._words.append(f" [{note}]")

    def _is_prose(self, table: Element) -> bool:
        cells = [markup.words(cell) for cell in named(table, "td", "th")]
        return composition.is_prose(cells) or self._weights.holds_most(table)
