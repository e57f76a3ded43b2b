"""Fields of word processors whose text stands in their instruction and nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from studio.text import symbols
from studio.text.markup import attribute, named

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_NAME = re.compile(r"\s*(?P<name>[A-Za-z]+)\s*(?P<rest>.*)", re.DOTALL)
_SYMBOL = re.compile(r"\s*(?P<code>0x[0-9A-Fa-f]{1,6}|\d{1,7})")
_FONT = re.compile(r"\\f\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>\S+))")
_OVER = re.compile(r"\\o(?:\\a[a-z])?\s*\((?P<inside>.*)\)", re.DOTALL)
_QUOTED = re.compile(r"\"([^\"]*)\"")
_SWITCH = re.compile(r"\\[*#@]\s*(?:\"[^\"]*\"|\S+)")


class Field:
    """A field that is being read."""

    def __init__(self, code: str = "") -> None:
        self.code = [code]
        self._words: list[str] | None = None
        self._start = 0
        self._before: tuple[list[str], int] | None = None

    def open(self, words: list[str]) -> Field:
        """The instruction begins after these words; what fields within it show is part of it."""
        self._before = words, len(words)
        return self

    def begin(self, words: list[str]) -> None:
        """The result begins: what comes after the words so far."""
        if self._before and self._before[0] is words:
            del words[self._before[1] :]
        self._words, self._start = words, len(words)

    def missing(self, words: list[str]) -> str:
        """What the field shows, where its result has not said it."""
        if self._words is not None and (
            self._words is not words or "".join(words[self._start :]).strip()
        ):
            return ""
        return shown("".join(self.code))


def chosen(mark: Element) -> str:
    """The choice in a drop-down list that begins here, as an instruction; empty for others."""
    entries = [attribute(entry, "val") for entry in named(mark, "listEntry")]
    numbers = [attribute(number, "val") for number in named(mark, "result", "default")]
    number = int(numbers[0]) if numbers and numbers[0].isdecimal() else 0
    return f'QUOTE "{entries[number]}" ' if number < len(entries) else ""


def shown(code: str) -> str:
    """What a field with this instruction shows without a result; empty for most."""
    match = _NAME.match(code)
    if not match:
        return ""
    name, rest = match["name"].upper(), match["rest"]
    if name == "SYMBOL":
        return _symbol(rest)
    if name == "EQ":
        return _equation(rest)
    if name in ("MACROBUTTON", "GOTOBUTTON"):
        return _SWITCH.sub("", rest).partition(" ")[2].strip().strip('"')
    if name == "QUOTE":
        return "".join(_QUOTED.findall(_SWITCH.sub("", rest)))
    return ""


def _symbol(rest: str) -> str:
    code, font = _SYMBOL.match(rest), _FONT.search(rest)
    if not code:
        return ""
    return symbols.character(
        (font["quoted"] or font["plain"]) if font else "", int(code["code"], 0)
    )


def _equation(rest: str) -> str:
    """The base of a reading aid, the last of what is drawn over one another; else all as it is."""
    match = _OVER.search(rest)
    if not match:
        return re.sub(r"\\[a-z]+", "", _SWITCH.sub("", rest)).strip()
    depth, start = 0, 0
    inside = match["inside"]
    for place, character in enumerate(inside):
        depth += (character == "(") - (character == ")")
        if character in ",;" and depth == 0:
            start = place + 1
    return inside[start:].strip()
