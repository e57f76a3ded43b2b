"""Rich Text Format: the words of a document, without how they look."""

from __future__ import annotations

import re

from studio.errors import StudioError
from studio.language import _
from studio.text import symbols
from studio.text.richstory import COUNTED, WORD_ART, Field, State, Story
from studio.text.richwords import (
    BOXES,
    ENDS,
    FORMULAS,
    RUNNING,
    SIGNS,
    THROUGH,
    WORDS,
    codec,
    destinations,
    encoding_of,
)

MOST_WORDS = 4_000_000
"""Control words and groups in one document; a long Chinese novel has half as many."""
DEEPEST = 1000
"""Groups within groups."""
START = b"{\\rtf"

_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})?[ ]?|\\'(?P<hex>[0-9A-Fa-f]{2})"
    rb"|\\(?P<sign>[^A-Za-z])|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_TEXT = re.compile(rb"\w")
_PICTURE = re.compile(rb"\{\{\\NeXTGraphic\b[^{}]{0,2000}\}\s*(?:\xac|\\'ac)?\s*\}")
"""A picture beside the document, by its name, and the sign that stands for it, as macOS writes."""


class Document(Story):
    """Fills ``blocks`` with what ``read`` finds. ``encoding`` is what the file says of itself."""

    def __init__(self, name: str, keep_notes: bool = False) -> None:
        super().__init__(keep_notes)
        self.encoding = "cp1252"
        self._name = name
        self._stack: list[State] = []
        self._bytes = bytearray()
        self._units: list[int] = []
        self._left = 0
        self._starred = False
        self._default_font = -1
        self._destinations = destinations()

    def read(self, data: bytes) -> None:
        """Go through the document.

        Raises:
            StudioError: no RTF, or with more control words and groups than any text has.
        """
        if not data.lstrip().startswith(START):
            raise StudioError(
                _("“{name}” is no RTF file.").format(name=self._name),
                _("It does not begin as such files do."),
                _("Open it in the program it was made with, save it as .docx, and import that."),
            )
        if b"\\NeXTGraphic" in data:
            data = _PICTURE.sub(rb"{\\pict}", data)
        if data.count(b"\\") + data.count(b"{") > MOST_WORDS:
            self._refuse()
        position = 0
        while match := _TOKEN.search(data, position):
            position = match.end()
            if len(self._stack) > DEEPEST:
                self._refuse()
            if match["word"] == b"bin":
                position += max(0, int(match["number"] or 0))
            elif match["brace"] == b"}" and len(self._stack) <= 1:
                self.left.add("after", int(bool(_TEXT.search(data, position))))
                break
            else:
                self._take(match)
        self._flush()
        while self._frames:
            self._close_box()
        self._end_paragraph()

    def _take(self, match: re.Match[bytes]) -> None:
        if text := match["text"]:
            self._say_bytes(text[self._left :])
            self._left = max(0, self._left - len(text))
        elif code := match["hex"]:
            if self._left:
                self._left -= 1
            else:
                self._say_bytes(bytes.fromhex(code.decode()))
        elif brace := match["brace"]:
            self._group(brace)
        elif word := match["word"]:
            self._word(word.decode(), None if match["number"] is None else int(match["number"]))
        else:
            self._sign(match["sign"])

    def _group(self, brace: bytes) -> None:
        self._flush()
        self._left, self._starred = 0, False
        if brace == b"{":
            self._stack.append(self._state)
            return
        if self._stack[-1].boxes < self._state.boxes:
            self._close_box()
        was, self._state = self._state, self._stack.pop()
        self._close(was)

    def _sign(self, sign: bytes) -> None:
        if sign in b"{}\\" and not self._left:
            self._say_bytes(sign)  # It may be the second half of a Chinese character.
            return
        self._flush()
        if sign == b"*":
            self._starred = True
        elif sign in b"\r\n":
            self._word("par", None)
        elif self._left:
            self._left -= 1
        else:
            self._say(SIGNS.get(sign, ""))

    def _word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._flush_bytes()
            self._units.append(number & 0xFFFF)
            self._left = self._state.skip
            return
        self._flush()
        starred, self._starred = self._starred, False
        if word in WORDS:
            if self._left:
                self._left -= 1  # It stands for the Unicode character before it.
            else:
                self._say(WORDS[word])
            return
        self._left = 0
        if starred or word in self._destinations:
            self._destination(word, starred)
        elif word in ENDS:
            self._end(word)
        else:
            self._format(word, number)

    def _destination(self, word: str, starred: bool) -> None:
        state, place = self._state, self._state.place
        if word == "upr":
            self._state = state._replace(place="nowhere", around=place)
        elif word == "ud":
            # The Unicode form of what the group around it says without.
            self._state = state._replace(place=state.around)
        elif place not in ("body", "note", "instruction") and place not in COUNTED:
            self._state = state._replace(place="nowhere")
        elif word in THROUGH:
            self._go_through(word)
        elif word == "footnote" and place == "body":
            self.left.add("footnote", int(not self._keep_notes))
            self._words += [" ["] if self._keep_notes else []
            self._state = state._replace(place="note")
        elif word in BOXES and place == "body":
            self._open_box()
        elif word == "fldinst" and self._fields:
            self._state = state._replace(place="instruction")
        elif word != "footnote":
            self._state = state._replace(place=self._place_of(word, starred))

    def _go_through(self, word: str) -> None:
        state = self._state
        if word in ("shp", "shpgrp"):
            self._state = state._replace(shape=self._boxes_read)
        elif word == "shprslt" and self._boxes_read > state.shape:
            self._state = state._replace(place="nowhere")  # What the shape has said already.
        elif word == "object":
            self._objects.append(self._said)
            self._state = state._replace(objects=state.objects + 1)
        elif word == "field":
            self._fields.append(Field(self._said, []))
            self._state = state._replace(fields=state.fields + 1)
        elif word == "moMath":
            self.left.add("formula", int(state.place == "body"))
        elif sign := FORMULAS.get(word):
            self._say(sign)

    def _place_of(self, word: str, starred: bool) -> str:
        """Where a group leads that is no part of the text."""
        if self._state.place != "body":
            return self._state.place if word in BOXES else "nowhere"
        if word == "pict":
            self.left.add("picture", int(not self._state.objects))
        if word in ("fonttbl", "stylesheet"):
            return "fonts" if word == "fonttbl" else "styles"
        if word == "sn":
            self._property = ""
            return "name"
        if word == "sv" and self._property.strip() == WORD_ART:
            return "value"
        if word in RUNNING or word == "annotation":
            return "running" if word in RUNNING else "comment"
        return "other" if starred and word not in self._destinations else "nowhere"

    def _format(self, word: str, number: int | None) -> None:
        state, value = self._state, 0 if number is None else number
        if word == "plain":
            font = self._default_font
            self._state = state._replace(hidden=False, deleted=False, font=font)
        elif word == "pard":
            self._state = state._replace(level=0, style=-1, capital=False)
        elif word == "v":
            self._state = state._replace(hidden=number != 0)
        elif word == "deleted":
            self._state = state._replace(deleted=number != 0)
        elif word in ("f", "deff"):
            self._state = state._replace(font=value)
            self._default_font = value if word == "deff" else self._default_font
        elif word == "uc":
            self._state = state._replace(skip=min(max(value, 0), 9))
        elif word == "dropcapli":
            self._state = state._replace(capital=True)
        elif word == "s":
            self._state = state._replace(style=value)
        elif word == "outlinelevel":
            level = value + 1 if 0 <= value < 6 else 0
            self._state = state._replace(level=level)
            if state.place == "styles" and level:
                self._levels[state.style] = level
        elif word == "ansicpg":
            self.encoding = codec(f"cp{value}") or self.encoding
        elif word == "mac":
            self.encoding = "mac_roman"
        elif word in ("pc", "pca"):
            self.encoding = "cp437" if word == "pc" else "cp850"
        elif word in ("fcharset", "cpg") and state.place == "fonts":
            self._encodings[state.font] = encoding_of(word, value)

    def _say_bytes(self, data: bytes) -> None:
        if data:
            self._flush_units()
            self._bytes += data

    def _flush(self) -> None:
        self._flush_bytes()
        self._flush_units()

    def _flush_bytes(self) -> None:
        if self._bytes:
            encoding = self._encodings.get(self._state.font) or self.encoding
            if symbols.is_known(self._font_names.get(self._state.font, "")):
                encoding = "latin-1"
            self._say_signs(self._bytes.decode(encoding, errors="replace"))
            self._bytes.clear()

    def _flush_units(self) -> None:
        if self._units:
            raw = b"".join(unit.to_bytes(2, "little") for unit in self._units)
            self._units.clear()
            self._say_signs(raw.decode("utf-16-le", errors="replace"))

    def _refuse(self) -> None:
        raise StudioError(
            _("“{name}” is too large.").format(name=self._name),
            _("It has more than {count} marks; a long novel has half of that.").format(
                count=MOST_WORDS
            ),
            _("Save it as .docx or plain text, and import that."),
        )
