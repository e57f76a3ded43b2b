"""What a Rich Text document says: its paragraphs, its text boxes, and what is passed by."""

from __future__ import annotations

import re
from typing import NamedTuple

from studio.text import fields, symbols
from studio.text.composition import Blocks
from studio.text.leftovers import Leftovers
from studio.text.richwords import HEADING

COUNTED = frozenset(["running", "comment", "other"])
"""Places whose text is left out, and counted if there is any."""
WORD_ART = "gtextUNICODE"
"""The property of a shape that holds the text of WordArt."""
_HEX = re.compile(r"[\s0-9A-Fa-f;]*")


class State(NamedTuple):
    """What a group begins with and its end brings back."""

    place: str = "body"
    """``body``, ``fonts``, ``styles``, ``note``, ``instruction`` of a field, name and value of a
    property, one of ``COUNTED``, or ``nowhere``."""
    around: str = "body"
    """The place around a group that says one thing in two ways."""
    hidden: bool = False
    deleted: bool = False
    capital: bool = False
    """The paragraph is a large first letter, which belongs to the next one."""
    font: int = -1
    skip: int = 1
    """Characters that stand for one Unicode character, for programs that know none."""
    level: int = 0
    style: int = -1
    shape: int = 0
    """How many boxes had been read when the shape around it began."""
    boxes: int = 0
    """Text boxes around it; then embedded objects, and fields."""
    objects: int = 0
    fields: int = 0


class Field(NamedTuple):
    said: int
    """How much had been said when it began."""
    code: list[str]


class Story:
    """Fills ``blocks`` with what is said, ``left`` with what is passed by."""

    def __init__(self, keep_notes: bool) -> None:
        self.blocks = Blocks()
        self.left = Leftovers()
        self._keep_notes = keep_notes
        self._state = State()
        self._words: list[str] = []
        self._target = self.blocks
        self._beside = Blocks()
        self._frames: list[tuple[list[str], Blocks, Blocks]] = []
        self._boxes_read = self._said = 0
        self._heard: list[str] = []
        self._fields: list[Field] = []
        self._objects: list[int] = []
        self._passed = ""
        self._property = ""
        self._encodings: dict[int, str] = {}
        self._font_names: dict[int, str] = {}
        self._levels: dict[int, int] = {}

    def _say(self, text: str) -> None:
        place = self._state.place
        if place == "body" or (place == "note" and self._keep_notes):
            passed = "hidden" if self._state.hidden else "change" if self._state.deleted else ""
            if not passed:
                self._words.append(text)
                self._said += bool(text.strip())
            elif passed != self._passed and text.strip():
                self.left.add(passed)
            self._passed = passed if text.strip() else self._passed
        elif place == "styles":
            if match := HEADING.match(text.strip()):
                self._levels.setdefault(self._state.style, int(match["level"]))
        elif place == "fonts":
            font = self._state.font
            self._font_names[font] = (self._font_names.get(font, "") + text).partition(";")[0]
        elif place == "instruction":
            self._fields[-1].code.append(text)
        elif place == "name":
            self._property += text
        elif place == "value" or place in COUNTED:
            self._heard.append(text)

    def _say_signs(self, text: str) -> None:
        """Text that may be in a font of signs."""
        font = self._font_names.get(self._state.font, "")
        if symbols.is_known(font) or symbols.is_private(text):
            text = symbols.written(font, text)
            if self._state.place == "body":
                self.left.add("symbol", text.count(symbols.UNKNOWN))
        self._say(text)

    def _open_box(self) -> None:
        self._frames.append((self._words, self._target, self._beside))
        self._words, self._target, self._beside = [], Blocks(), Blocks()
        self._state = self._state._replace(
            boxes=self._state.boxes + 1, level=0, style=-1, hidden=False, capital=False
        )

    def _close_box(self) -> None:
        self._end_paragraph()
        box = self._target
        self._words, self._target, self._beside = self._frames.pop()
        self._boxes_read += not box.is_empty
        begins = not "".join(self._words).strip()
        (self._target if begins else self._beside).extend(box)

    def _close(self, was: State) -> None:
        """A group has ended, and the state of the one around it is back."""
        place = self._state.place
        if was.place in COUNTED and was.place != place:
            text, self._heard = "".join(self._heard), []
            only_numbers = was.place == "running" and not any(c.isalpha() for c in text)
            data = was.place == "other" and _HEX.fullmatch(text)
            self.left.add(was.place, int(bool(text.strip()) and not only_numbers and not data))
        if was.place == "note" != place and self._keep_notes:
            self._words.append("]")
        if was.place == "value" != place:
            text, self._heard = "".join(self._heard), []
            self._beside.paragraph(text)
        if was.objects > self._state.objects:
            self.left.add("object", int(self._said == self._objects.pop()))
        if was.fields > self._state.fields:
            field = self._fields.pop()
            if self._said == field.said and (shown := fields.shown("".join(field.code))):
                self._say(shown)

    def _end(self, word: str) -> None:
        if self._state.place == "note":
            self._say(" ")
        elif self._state.place in COUNTED:
            self._heard.append(" ")
        elif self._state.place == "body":
            joined = word == "par" and (self._state.deleted or self._state.capital)
            if not joined:
                self._end_paragraph(word)

    def _end_paragraph(self, word: str = "") -> None:
        text, self._words = "".join(self._words), []
        level = self._state.level or self._levels.get(self._state.style, 0)
        if level and text.strip():
            self._target.heading(text, level)
        elif text.strip() or (word == "par" and self._beside.is_empty):
            self._target.paragraph(text)
        if not self._beside.is_empty:
            self._target.extend(self._beside)
            self._beside = Blocks()
