"""The body of a Word document (Office Open XML), as the writer would see it.

Element names are those of ECMA-376 part 1, chapter 17.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio.text import composition, markup
from studio.text.composition import Blocks
from studio.text.markup import attribute, children, local, named
from studio.text.numbering import Numbering

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

SKIPPED = frozenset(
    {"del", "moveFrom", "pPr", "rPr", "sectPr", "tblPr", "trPr", "tcPr", "instrText", "delText",
     "delInstrText", "drawing", "object", "Fallback", "rt", "oMath", "oMathPara"}
)  # fmt: skip
"""What was deleted, how things look, pictures with their text boxes, and formulas."""
MARKS = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
NOTES = ("footnoteReference", "endnoteReference")

_HEADING_NAME = re.compile(r"(?:heading|标题|標題)\s?(?P<level>[1-9])", re.IGNORECASE)
_CONTENTS_NAME = re.compile(r"toc\s?(?:[1-9]|heading)|目录.*", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
_OFF = ("0", "false", "off", "none")


class Styles:
    """What the styles of a document mean: heading levels, and the kinds that are no prose."""

    def __init__(self, root: Element | None) -> None:
        self._styles = {} if root is None else {
            attribute(style, "styleId"): style for style in children(root, "style")
        }  # fmt: skip
        self._roles: dict[str, str] = {}

    def role(self, style_id: str) -> str:
        """``"1"`` to ``"9"`` for headings, ``title``, ``subtitle``, ``contents``, or empty."""
        if style_id not in self._roles:
            self._roles[style_id] = next(filter(None, map(_role, self._line(style_id))), "")
        return self._roles[style_id]

    def numbered(self, style_id: str) -> tuple[str, str]:
        """The list and the level (from 0) that a style numbers its paragraphs in, as written."""
        found = [_listed(properties) for properties in self._properties(style_id)]
        numbers = next((number for number, _level in found if number), "")
        return numbers, next((level for _number, level in found if level), "")

    def _properties(self, style_id: str) -> Iterator[Element | None]:
        for style in self._line(style_id):
            yield next(iter(children(style, "pPr")), None)

    def _line(self, style_id: str) -> Iterator[Element]:
        """The style and those that it is based on."""
        seen: set[str] = set()
        while style_id in self._styles and style_id not in seen:
            seen.add(style_id)
            style = self._styles[style_id]
            yield style
            style_id = _value(style, "basedOn")


def _role(style: Element) -> str:
    name = _value(style, "name")
    if match := _HEADING_NAME.fullmatch(name):
        return match["level"]
    if _CONTENTS_NAME.fullmatch(name):
        return "contents"
    if name.lower() in ("title", "subtitle"):
        return name.lower()
    (properties, *_more) = [*children(style, "pPr"), None]
    return _outline(properties)


def _outline(properties: Element | None) -> str:
    level = _value(properties, "outlineLvl")
    return str(int(level) + 1) if level.isdecimal() and int(level) < 9 else ""


def _listed(properties: Element | None) -> tuple[str, str]:
    """List and level of a numbered paragraph, or of a style; empty where they are not said."""
    found = [] if properties is None else children(properties, "numPr")
    return (_value(found[0], "numId"), _value(found[0], "ilvl")) if found else ("", "")


def _value(element: Element | None, name: str) -> str:
    """The ``val`` of a child element."""
    found = [] if element is None else children(element, name)
    return attribute(found[0], "val") if found else ""


def _is_on(element: Element | None, name: str) -> bool:
    found = [] if element is None else children(element, name)
    return bool(found) and attribute(found[0], "val") not in _OFF


class Body:
    """Fills ``blocks`` with what ``read`` finds in a document."""

    def __init__(
        self, styles: Styles, notes: dict[tuple[str, str], str], numbering: Numbering | None = None
    ) -> None:
        self.blocks = Blocks()
        self.title = ""
        self.footnotes = self.tables = self.changes = 0
        self._styles = styles
        self._notes = notes
        self._numbering = numbering or Numbering(None)
        self._words: list[str] = []
        self._open: list[Element] = []
        self._in_text = False
        self._many_titles = False

    def read(self, root: Element) -> None:
        """Go through the whole document, or one note of it."""
        titles = (
            p for p in named(root, "pStyle") if self._styles.role(attribute(p, "val")) == "title"
        )
        self._many_titles = len(list(itertools.islice(titles, 2))) > 1
        markup.traverse(root, self)

    def enter(self, element: Element) -> bool:
        name = local(element)
        if name in ("del", "moveFrom", "ins", "moveTo"):
            self.changes += 1
        if name in SKIPPED or (name == "r" and _is_on(_properties(element), "vanish")):
            return False
        if name == "p":
            self._open.append(element)
        elif name == "t":
            self._in_text = True
        elif name in NOTES:
            self._note(name.removesuffix("Reference"), attribute(element, "id"))
        else:
            return self._enter_other(element, name)
        return True

    def _enter_other(self, element: Element, name: str) -> bool:
        if name in MARKS:
            self._words.append(MARKS[name])
        elif name == "br" and attribute(element, "type") in ("", "textWrapping"):
            self._words.append("\n")
        elif name == "sym":
            self._words.append("*")
        elif name == "pict":
            if any(attribute(rule, "hr") for rule in element):
                self._words.append("\n***\n")
            return False
        elif name == "sdt":
            return not _is_contents(element)
        elif name == "tbl":
            return self._enter_table(element)
        elif name == "tr":
            return not any(children(p, "del") for p in children(element, "trPr"))
        return True

    def leave(self, element: Element) -> None:
        name = local(element)
        if name == "t":
            self._in_text = False
        elif name == "p":
            self._leave_paragraph(self._open.pop())

    def text(self, text: str) -> None:
        if self._in_text:
            self._words.append(text)

    def _leave_paragraph(self, paragraph: Element) -> None:
        (properties, *_more) = [*children(paragraph, "pPr"), None]
        if _is_joined(properties):
            return
        text = "".join(self._words)
        self._words = []
        role = _outline(properties) or self._styles.role(_value(properties, "pStyle"))
        text = self._numbered(properties, role, text)
        if role == "title" and not self._many_titles:
            self.title = " ".join(text.split())
        if role.isdecimal() or (role == "title" and self._many_titles):
            self.blocks.heading(text, int(role) if role.isdecimal() else 1)
        elif role != "contents" and not text.strip() and _has_rule(properties):
            self.blocks.scene_break()
        elif role != "contents":
            self.blocks.paragraph(text)

    def _numbered(self, properties: Element | None, role: str, text: str) -> str:
        """With the number that the program shows before a heading, or before a line that it
        names a chapter; the numbers of lists are left to the eye."""
        number, level = _listed(properties)
        of_style, its_level = self._styles.numbered(_value(properties, "pStyle"))
        level = level or its_level or "0"
        label = self._numbering.label(number or of_style, int(level) if level.isdecimal() else 0)
        names_itself = any(len(word) > 1 or word > "\u2e80" for word in _LETTERS.findall(label))
        if not label or not (role.isdecimal() or names_itself):
            return text
        return f"{label} {text.lstrip()}".strip()

    def _note(self, kind: str, number: str) -> None:
        if note := self._notes.get((kind, number)):
            self._words.append(f" [{note}]")
        else:
            self.footnotes += 1

    def _enter_table(self, table: Element) -> bool:
        cells = ["".join(t.text or "" for t in named(cell, "t")) for cell in named(table, "tc")]
        kept = composition.is_prose(cells)
        self.tables += not kept
        return kept


def footnotes(kind: str, root: Element, styles: Styles) -> dict[tuple[str, str], str]:
    """The notes of a document by kind (``footnote``, ``endnote``) and number."""
    found = {}
    for note in children(root, kind):
        if attribute(note, "type") in ("", "normal"):
            body = Body(styles, {})
            body.read(note)
            found[kind, attribute(note, "id")] = body.blocks.prose()
    return found


def _properties(run: Element) -> Element | None:
    return next(iter(children(run, "rPr")), None)


def _is_joined(properties: Element | None) -> bool:
    """The mark at the end of the paragraph was deleted: it runs on into the next."""
    run = None if properties is None else _properties(properties)
    return run is not None and any(local(mark) in ("del", "moveFrom") for mark in run)


def _has_rule(properties: Element | None) -> bool:
    """A line drawn above or below an empty paragraph."""
    borders = [] if properties is None else children(properties, "pBdr")
    return any(
        local(side) in ("top", "bottom", "between") and attribute(side, "val") not in _OFF
        for border in borders
        for side in border
    )


def _is_contents(element: Element) -> bool:
    galleries = (attribute(found, "val") for found in named(element, "docPartGallery"))
    return any("contents" in gallery.lower() for gallery in galleries)
