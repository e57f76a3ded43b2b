"""Rich Text Format: the words of a document, without how they look.

Control words are those of the RTF specification 1.9.1; which groups hold no text and which
encoding a font has is known to striprtf.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from studio.errors import StudioError
from studio.language import _
from studio.text.composition import Blocks

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
_SIGNS = {b"~": "\u00a0", b"_": "-"}
_WORDS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "emspace": " ",
    "enspace": " ", "qmspace": " ", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”",
}  # fmt: skip
_ENDS = frozenset(["par", "sect", "page", "cell", "nestcell", "row", "nestrow"])
_HEADING = re.compile(r"(?:heading|标题|標題)\s?(?P<level>[1-9])", re.IGNORECASE)
_UNNAMED_CHARSETS = (0, 1, 2)
_WIDER = {"cp936": "gb18030", "cp10008": "gb18030", "cp10000": "mac_roman", "cp0": "cp1252"}


class State(NamedTuple):
    """What a group begins with and its end brings back."""

    place: str = "body"
    """``body``, ``fonts``, ``styles``, ``note``, or ``nowhere``."""
    hidden: bool = False
    deleted: bool = False
    font: int = -1
    skip: int = 1
    """Characters that stand for one Unicode character, for programs that know none."""
    level: int = 0
    style: int = -1


class Document:
    """Fills ``blocks`` with what ``read`` finds. ``encoding`` is what the file says of itself."""

    def __init__(self, name: str, keep_notes: bool = False) -> None:
        self.blocks = Blocks()
        self.footnotes = 0
        self.encoding = "cp1252"
        self._name = name
        self._keep_notes = keep_notes
        self._state = State()
        self._stack: list[State] = []
        self._words: list[str] = []
        self._bytes = bytearray()
        self._units: list[int] = []
        self._left = 0
        self._starred = False
        self._fonts: dict[int, str] = {}
        self._levels: dict[int, int] = {}

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
                break
            else:
                self._take(match)
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
        was, self._state = self._state, self._stack.pop()
        if was.place == "note" != self._state.place and self._keep_notes:
            self._words.append("]")

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
            self._say(_SIGNS.get(sign, ""))

    def _word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._flush_bytes()
            self._units.append(number & 0xFFFF)
            self._left = self._state.skip
            return
        self._flush()
        self._left = 0
        starred, self._starred = self._starred, False
        if word in ("fonttbl", "stylesheet", "footnote") or word in _destinations() or starred:
            self._destination(word)
        elif word in _WORDS:
            self._say(_WORDS[word])
        elif word in _ENDS:
            self._end(word)
        else:
            self._format(word, number)

    def _destination(self, word: str) -> None:
        place = self._state.place
        if word in ("fonttbl", "stylesheet") and place == "body":
            place = "fonts" if word == "fonttbl" else "styles"
        elif word == "footnote" and place == "body":
            place = "note"
            self.footnotes += not self._keep_notes
            self._words += [" ["] if self._keep_notes else []
        elif word == "ud":
            place = "body"  # The Unicode form of what the group around it says without.
        else:
            place = "nowhere"
        self._state = self._state._replace(place=place)

    def _format(self, word: str, number: int | None) -> None:
        state, value = self._state, 0 if number is None else number
        if word == "plain":
            self._state = state._replace(hidden=False, deleted=False)
        elif word == "pard":
            self._state = state._replace(level=0, style=-1)
        elif word == "v":
            self._state = state._replace(hidden=number != 0)
        elif word == "deleted":
            self._state = state._replace(deleted=number != 0)
        elif word == "f":
            self._state = state._replace(font=value)
        elif word == "uc":
            self._state = state._replace(skip=min(max(value, 0), 9))
        elif word == "s":
            self._state = state._replace(style=value)
        elif word == "outlinelevel":
            level = value + 1 if 0 <= value < 6 else 0
            self._state = state._replace(level=level)
            if state.place == "styles" and level:
                self._levels[state.style] = level
        elif word == "ansicpg":
            self.encoding = _codec(f"cp{value}") or self.encoding
        elif word == "mac":
            self.encoding = "mac_roman"
        elif word in ("fcharset", "cpg") and state.place == "fonts":
            self._fonts[state.font] = _encoding_of(word, value)

    def _say_bytes(self, data: bytes) -> None:
        if data:
            self._flush_units()
            self._bytes += data

    def _flush(self) -> None:
        self._flush_bytes()
        self._flush_units()

    def _flush_bytes(self) -> None:
        if self._bytes:
            encoding = self._fonts.get(self._state.font) or self.encoding
            self._say(self._bytes.decode(encoding, errors="replace"))
            self._bytes.clear()

    def _flush_units(self) -> None:
        if self._units:
            raw = b"".join(unit.to_bytes(2, "little") for unit in self._units)
            self._units.clear()
            self._say(raw.decode("utf-16-le", errors="replace"))

    def _say(self, text: str) -> None:
        state = self._state
        if state.place == "styles":
            if match := _HEADING.match(text.strip()):
                self._levels.setdefault(state.style, int(match["level"]))
        elif state.hidden or state.deleted:
            return
        elif state.place == "body" or (state.place == "note" and self._keep_notes):
            self._words.append(text)

    def _end(self, word: str) -> None:
        if self._state.place == "note":
            self._say(" ")
        elif self._state.place == "body" and not (self._state.deleted and word == "par"):
            self._end_paragraph(word)

    def _end_paragraph(self, word: str = "") -> None:
        self._flush()
        text, self._words = "".join(self._words), []
        level = self._state.level or self._levels.get(self._state.style, 0)
        if level and text.strip():
            self.blocks.heading(text, level)
        elif word == "par" or text.strip():
            self.blocks.paragraph(text)

    def _refuse(self) -> None:
        raise StudioError(
            _("“{name}” is too large.").format(name=self._name),
            _("It has more than {count} marks; a long novel has half of that.").format(
                count=MOST_WORDS
            ),
            _("Save it as .docx or plain text, and import that."),
        )


def _destinations() -> frozenset[str]:
    from striprtf import striprtf

    return striprtf.destinations  # type: ignore[no-any-return]


def _encoding_of(word: str, value: int) -> str:
    """Empty for the charsets that mean “that of the document”."""
    from striprtf import striprtf

    if word == "cpg":
        return _codec(f"cp{value}")
    if value in _UNNAMED_CHARSETS:
        return ""
    return _codec(striprtf.charset_map.get(value, ""))


def _codec(name: str) -> str:
    """The name of the codec to read with; empty where Python has none."""
    name = _WIDER.get(name, name)
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError:
        return ""
