"""The body of a Word document (Office Open XML), as the writer would see it.

Element names are those of ECMA-376 part 1: chapter 17 for the text, 20 for drawings, 22 for
formulas; namespaces make no difference, so that the strict form is read as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from studio.text import composition, fields, markup, symbols
from studio.text.composition import Blocks
from studio.text.leftovers import Leftovers
from studio.text.markup import attribute, local, named
from studio.text.numbering import Numbering
from studio.text.wordparagraphs import Paragraphs
from studio.text.wordstyles import OFF, Styles, is_contents, is_prompt, stands_for_object

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

WITHOUT_TEXT = frozenset({"rPr", "pPr", "delInstrText", "fldData", "binData", "tblGrid",
                          "lstStyle"})  # fmt: skip
"""Beside these all whose names end in “Pr”: properties."""
MARKS = {"tab": "\t", "ptab": "\t", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
SIGNS = {"den": "/", "sup": "^", "sub": "_"}
"""What stands before the lower and raised parts of a formula that is written in one line."""
LEFT_OUT = {"pic": "picture", "imagedata": "picture", "chart": "chart", "relIds": "diagram",
            "contentPart": "ink", "OLEObject": "object", "control": "object",
            "subDoc": "subdocument"}  # fmt: skip
DRAWN = frozenset({"drawing", "pict", "object"})
SHOWN = ("t", "sym", "chart", "relIds", "contentPart", "textpath")
"""Of the ways to say one thing, the first that has one of these is the one that is read."""
Chunk = Callable[[str], "Blocks | None"]
"""The text of another document that stands in this one, by the id of its relation."""


class Body(Paragraphs):
    """Fills ``blocks`` with what ``read`` finds in a document, ``left`` with what it passes by."""

    def __init__(
        self,
        styles: Styles,
        notes: Mapping[tuple[str, str], str],
        numbering: Numbering | None = None,
        left: Leftovers | None = None,
        chunk: Chunk | None = None,
    ) -> None:
        super().__init__(styles, numbering or Numbering(None), left or Leftovers())
        self.referred: set[tuple[str, str]] = set()
        """Foot- and endnotes whose marks were met, by kind and number."""
        self._notes = notes
        self._chunk = chunk
        self._alternatives: list[Element | None] = []
        self._fields: list[fields.Field] = []
        self._font = ""
        self._in_text = False
        self._drawn = 0
        self._drawings: list[int] = []

    def read(self, root: Element) -> None:
        """Go through the whole document, or one note of it."""
        titles = (
            p for p in root.iter("{*}pStyle") if self._styles.role(attribute(p, "val")) == "title"
        )
        self._many_titles = len(list(itertools.islice(titles, 2))) > 1
        markup.traverse(root, self)
        self._flush()

    def enter(self, element: Element) -> bool:
        name = local(element)
        if handler := _ENTER.get(name):
            return handler(self, element)
        if name.endswith("Pr"):
            return False
        if name in MARKS:
            self._words.append(MARKS[name])
        elif name in SIGNS and _has_text(element):
            self._words.append(SIGNS[name])
        elif name in LEFT_OUT and not (name == "imagedata" and stands_for_object(element)):
            self.left.add(LEFT_OUT[name])
        elif name in DRAWN:
            self._drawn += 1
            if any(attribute(rule, "hr") for rule in element):
                self._words.append("\n***\n")
        return True

    def leave(self, element: Element) -> None:
        if handler := _LEAVE.get(local(element)):
            handler(self, element)

    def text(self, text: str) -> None:
        if self._in_text:
            if self._font or symbols.is_private(text):
                text = symbols.written(self._font, text)
                self.left.add("symbol", text.count(symbols.UNKNOWN))
            self._words.append(text)
        elif text and not self._drawn and not text.isspace():
            self.left.add("other")

    def _enter_text(self, _element: Element) -> bool:
        self._in_text = True
        return True

    def _leave_text(self, _element: Element) -> None:
        self._in_text = False

    def _enter_run(self, run: Element) -> bool:
        first = next(iter(run), None)  # The properties come before all else.
        hidden, font = self._styles.hide(run), ""
        for each in () if first is None or local(first) != "rPr" else first:
            name = str(each.tag)
            if name.endswith("}vanish"):
                hidden = attribute(each, "val") not in OFF
            elif name.endswith("}rFonts"):
                font = attribute(each, "ascii") or attribute(each, "hAnsi")
        if hidden:
            self.left.add("hidden", int(_has_text(run)))
        elif font and symbols.is_known(font):
            self._font = font
        return not hidden

    def _leave_run(self, _run: Element) -> None:
        self._font = ""

    def _enter_box(self, _element: Element) -> bool:
        self._drawings.append(self._drawn)
        self._drawn = 0
        return True

    def _leave_box(self, _element: Element) -> None:
        self._drawn = self._drawings.pop()

    def _leave_drawing(self, _element: Element) -> None:
        self._drawn -= 1

    def _enter_note(self, mark: Element) -> bool:
        key = local(mark).removesuffix("Reference"), attribute(mark, "id")
        self.referred.add(key)
        if note := self._notes.get(key):
            self._words.append(f" [{note}]")
        return True

    def _enter_deleted(self, _element: Element) -> bool:
        self.left.add("change")
        return False

    def _enter_inserted(self, _element: Element) -> bool:
        self.left.add("change")
        return True

    def _enter_break(self, element: Element) -> bool:
        self._words.append("\n")
        return True

    def _enter_symbol(self, element: Element) -> bool:
        code = attribute(element, "char")
        if not code:
            return False  # A drawing's name for the font of its symbols.
        try:
            shown = symbols.character(attribute(element, "font"), int(code, 16))
        except ValueError:
            shown = symbols.UNKNOWN
        self.left.add("symbol", int(shown == symbols.UNKNOWN))
        self._words.append(shown)
        return False

    def _enter_word_art(self, element: Element) -> bool:
        self._levels[-1].place.paragraph(attribute(element, "string"))
        return True

    def _enter_ruby(self, reading: Element) -> bool:
        self.left.add("reading", int(_has_text(reading)))
        return False

    def _enter_formula(self, _element: Element) -> bool:
        self.left.add("formula")
        return True

    def _enter_operator(self, element: Element) -> bool:
        signs = [attribute(sign, "val") for sign in named(element, "chr")]
        self._words.append(signs[0] if signs else "∫")
        return True

    def _enter_brackets(self, _element: Element) -> bool:
        self._words.append("(")
        return True

    def _leave_brackets(self, _element: Element) -> None:
        self._words.append(")")

    def _enter_alternatives(self, element: Element) -> bool:
        """Several ways to say one thing: the first that says something."""
        ways = [way for way in element if local(way) in ("Choice", "Fallback")]
        speaking = (way for way in ways if any(map(_says, named(way, *SHOWN))))
        self._alternatives.append(next(speaking, ways[0] if ways else None))
        return True

    def _leave_alternatives(self, _element: Element) -> None:
        self._alternatives.pop()

    def _enter_way(self, way: Element) -> bool:
        return not self._alternatives or way is self._alternatives[-1]

    def _enter_instruction(self, element: Element) -> bool:
        if self._fields:
            self._fields[-1].code.append(element.text or "")
        return False

    def _enter_field_mark(self, element: Element) -> bool:
        kind = attribute(element, "fldCharType")
        if kind == "begin":
            self._fields.append(fields.Field(fields.chosen(element)).open(self._words))
        elif kind == "separate" and self._fields:
            self._fields[-1].begin(self._words)
        elif kind == "end":
            self._end_field()
        return False

    def _enter_simple_field(self, element: Element) -> bool:
        self._fields.append(fields.Field(attribute(element, "instr")))
        self._fields[-1].begin(self._words)
        return True

    def _end_field(self, _element: Element | None = None) -> None:
        if self._fields and (shown := self._fields.pop().missing(self._words)):
            self._words.append(shown)

    def _enter_chunk(self, element: Element) -> bool:
        self._flush()
        found = self._chunk(attribute(element, "id")) if self._chunk else None
        if found is None:
            self.left.add("other", int(self._chunk is None))
        else:
            self._levels[-1].place.extend(found)
        return False

    def _enter_control(self, control: Element) -> bool:
        if is_prompt(control):
            self.left.add("prompt", int(_has_text(control)))
            return False
        if not is_contents(control):
            return True
        if self._holds_story(control) or any(True for _chunk in named(control, "altChunk")):
            self._contents += 1
            return True
        self.left.add("contents")
        return False

    def _leave_control(self, control: Element) -> None:
        self._contents -= is_contents(control)

    def _enter_table(self, table: Element) -> bool:
        self._flush()
        cells = ["".join(t.text or "" for t in named(cell, "t")) for cell in named(table, "tc")]
        if composition.is_prose(cells) or any(True for _chunk in named(table, "altChunk")):
            return True
        self.left.add("table")
        return False

    def _enter_part(self, part: Element) -> bool:
        """A row or a cell of a table, which may have been deleted."""
        kinds = (each for each in part if local(each) in ("trPr", "tcPr"))
        deleted = any(local(mark) in ("del", "cellDel") for each in kinds for mark in each)
        return self._enter_deleted(part) if deleted else True


_ENTER: Mapping[str, Callable[[Body, Element], bool]] = {
    "t": Body._enter_text, "r": Body._enter_run, "p": Body._enter_paragraph,
    "del": Body._enter_deleted, "moveFrom": Body._enter_deleted, "delText": Body._enter_deleted,
    "ins": Body._enter_inserted, "moveTo": Body._enter_inserted,
    "footnoteReference": Body._enter_note, "endnoteReference": Body._enter_note,
    "br": Body._enter_break, "sym": Body._enter_symbol, "textpath": Body._enter_word_art,
    "rt": Body._enter_ruby, "oMath": Body._enter_formula, "nary": Body._enter_operator,
    "d": Body._enter_brackets, "AlternateContent": Body._enter_alternatives,
    "Choice": Body._enter_way, "Fallback": Body._enter_way,
    "instrText": Body._enter_instruction, "fldChar": Body._enter_field_mark,
    "fldSimple": Body._enter_simple_field, "altChunk": Body._enter_chunk,
    "sdt": Body._enter_control, "tbl": Body._enter_table, "tr": Body._enter_part,
    "tc": Body._enter_part, "txbxContent": Body._enter_box, "textbox": Body._enter_box,
} | dict.fromkeys(WITHOUT_TEXT, lambda _body, _element: False)  # fmt: skip
_LEAVE: Mapping[str, Callable[[Body, Element], None]] = {
    "t": Body._leave_text, "r": Body._leave_run, "p": Body._leave_paragraph,
    "tc": Body._flush, "sdt": Body._leave_control, "fldSimple": Body._end_field,
    "AlternateContent": Body._leave_alternatives, "d": Body._leave_brackets,
    "txbxContent": Body._leave_box, "textbox": Body._leave_box,
} | dict.fromkeys(DRAWN, Body._leave_drawing)  # fmt: skip


def _says(element: Element) -> bool:
    return local(element) != "t" or bool((element.text or "").strip())


def _has_text(element: Element) -> bool:
    return any(map(_says, named(element, "t", "sym")))
