"""The paragraphs of a Word document, with what hangs on them, put together to blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from studio.text.composition import Blocks, cells_of
from studio.text.leftovers import Leftovers
from studio.text.markup import named
from studio.text.numbering import Numbering
from studio.text.wordstyles import (
    Styles,
    has_rule,
    is_joined,
    listed,
    outline,
    properties_of,
    value,
)

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_LETTERS = re.compile(r"[^\W\d_]+")
_ENTRY = re.compile(r".{0,300}\d\s*", re.DOTALL)
"""A line of a table of contents: it ends in the number of a page."""

WIDE = 200
"""Cells. No line of a table of contents is as wide; a paragraph of a story often is."""
_STOPS = tuple(".!?…。！？”’」』")


class Level:
    """What a paragraph has so far; the first level is the document around all of them."""

    __slots__ = ("before", "beside", "carried", "element", "words")

    def __init__(self, element: Element | None, words: list[str], beside: Blocks) -> None:
        self.element = element
        self.words = words
        self.carried: list[str] = []
        """Words of a paragraph below whose end was deleted: the next one begins with them."""
        self.before = Blocks()
        self.beside = beside
        """Text boxes and whole documents that hang on the paragraph: those that stand at its
        beginning come before it, others follow it."""

    @property
    def place(self) -> Blocks:
        """Where something goes that hangs on the paragraph here."""
        begins = self.element is not None and not "".join(self.words).strip()
        return self.before if begins else self.beside


class Paragraphs:
    """Fills ``blocks`` with paragraphs, ``left`` with what is no part of the story.

    A paragraph that stands within another one, as in a text box, comes after it, or before it
    where the other has said nothing yet.
    """

    def __init__(self, styles: Styles, numbering: Numbering, left: Leftovers) -> None:
        self.blocks = Blocks()
        self.title = ""
        self.left = left
        self._styles = styles
        self._numbering = numbering
        self._levels = [Level(None, [], self.blocks)]
        self._words = self._levels[0].words
        self._contents = 0
        """Tables of contents around the place that is read."""
        self._many_titles = False

    def _enter_paragraph(self, paragraph: Element) -> bool:
        above = self._levels[-1]
        if above.element is None:
            above.carried, above.words = above.words, []
        self._levels.append(Level(paragraph, above.carried, Blocks()))
        above.carried = []
        self._words = self._levels[-1].words
        return True

    def _leave_paragraph(self, _paragraph: Element) -> None:
        level = self._levels.pop()
        above = self._levels[-1]
        self._words = above.words
        if level.carried:
            level.beside.paragraph("".join(level.carried))
        place = above.place
        place.extend(level.before)
        properties = properties_of(level.element) if level.element is not None else None
        if is_joined(properties):
            if above.element is None:
                self._words = above.words = level.words
            else:
                above.carried = level.words
        else:
            self._end_paragraph(level, place, properties)
        place.extend(level.beside)

    def _end_paragraph(self, level: Level, blocks: Blocks, properties: Element | None) -> None:
        text = "".join(level.words)
        role = outline(properties) or self._styles.role(value(properties, "pStyle"))
        if role == "contents" or (self._contents and _ENTRY.fullmatch(text)):
            self.left.add("contents", int(bool(text.strip())))
            return
        text = self._numbered(properties, role, text)
        if role == "title" and not self._many_titles:
            self.title = " ".join(text.split())
        if role.isdecimal() or (role == "title" and self._many_titles):
            blocks.heading(text, int(role) if role.isdecimal() else 1)
        elif not text.strip() and has_rule(properties):
            blocks.scene_break()
        elif text.strip() or (level.before.is_empty and level.beside.is_empty):
            blocks.paragraph(text)

    def _holds_story(self, contents: Element) -> bool:
        """Whether there is more in a control than the table of contents that it calls itself."""
        styles = (value(properties_of(p), "pStyle") for p in named(contents, "p"))
        texts = ("".join(t.text or "" for t in named(p, "t")) for p in named(contents, "p"))
        others = [
            text
            for style, text in zip(styles, texts, strict=True)
            if text.strip() and self._styles.role(style) != "contents"
        ]
        spoken = sum(text.rstrip().endswith(_STOPS) for text in others)
        return 2 * spoken > len(others) or any(cells_of(text) >= WIDE for text in others)

    def _flush(self, _cell: Element | None = None) -> None:
        """What is left of a paragraph whose end was deleted, where no other follows it."""
        level = self._levels[-1]
        waiting = level.words if level.element is None else level.carried
        if text := "".join(waiting).strip():
            level.beside.paragraph(text)
        waiting.clear()

    def _numbered(self, properties: Element | None, role: str, text: str) -> str:
        """With the number that the program shows before a heading, or before a line that it
        names a chapter; the numbers of lists are left to the eye."""
        number, level = listed(properties)
        of_style, its_level = self._styles.numbered(value(properties, "pStyle"))
        level = level or its_level or "0"
        label = self._numbering.label(number or of_style, int(level) if level.isdecimal() else 0)
        names_itself = any(len(word) > 1 or word > "\u2e80" for word in _LETTERS.findall(label))
        if not label or not (role.isdecimal() or names_itself):
            return text
        return f"{label} {text.lstrip()}".strip()
