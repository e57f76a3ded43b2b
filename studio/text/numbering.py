"""The numbers that a word processor writes before headings and list items by itself.

Element names are those of ECMA-376 part 1, section 17.9.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from studio.text.markup import attribute, children

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LEVELS = 9
LARGEST = 100_000
"""A start beyond which a document is damaged rather than long."""
_PLACE = re.compile(r"%([1-9])")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_CHINESE = "零一二三四五六七八九"
_SMALL = (
    "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten",
    "Eleven", "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen",
    "Nineteen",
)  # fmt: skip
_TENS = ("Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety")


class Level(NamedTuple):
    """``text`` has %1 to %9 for the numbers of this level and those above it."""

    start: int
    format: str
    text: str
    decimal: bool = False
    """All numbers in it are written with digits."""


class Numbering:
    """Counts as a word processor does, from the first paragraph of a document to the last."""

    def __init__(self, root: Element | None) -> None:
        parts = [] if root is None else children(root, "abstractNum")
        lists = {attribute(part, "abstractNumId"): _levels(part) for part in parts}
        self._lists: dict[str, tuple[str, dict[int, Level]]] = {}
        for number in [] if root is None else children(root, "num"):
            of = _value(number, "abstractNumId")
            self._lists[attribute(number, "numId")] = (of, lists.get(of, {}) | _overrides(number))
        self._counts: dict[str, dict[int, int]] = {}

    def label(self, number: str, level: int) -> str:
        """What stands before the next paragraph of this list and level; empty for bullets."""
        of, levels = self._lists.get(number, ("", {}))
        if level not in levels:
            return ""
        counts = self._counts.setdefault(of, {})
        counts[level] = counts.get(level, levels[level].start - 1) + 1
        for deeper in [each for each in counts if each > level]:
            del counts[deeper]
        return self._written(levels, level, counts).strip()

    def _written(self, levels: dict[int, Level], level: int, counts: dict[int, int]) -> str:
        own = levels[level]
        if own.format in ("bullet", "none"):
            return "" if own.format == "bullet" else _PLACE.sub("", own.text)

        def number(found: re.Match[str]) -> str:
            place = int(found[1]) - 1
            if place not in levels:
                return ""
            count = counts.get(place, levels[place].start)
            return written(count, "decimal" if own.decimal else levels[place].format)

        return _PLACE.sub(number, own.text)


def written(number: int, form: str) -> str:
    """A number as a numFmt wants it; with digits where it is none of those that books use."""
    if form in ("upperRoman", "lowerRoman") and 0 < number < 4000:
        roman = _roman(number)
        return roman.upper() if form == "upperRoman" else roman
    if form in ("upperLetter", "lowerLetter") and number > 0:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form.startswith(("chinese", "taiwanese", "japaneseCounting")) and 0 <= number < 10_000:
        return _chinese(number)
    if form == "cardinalText" and 0 <= number < 100:
        return _spelled(number)
    return f"{number:02}" if form == "decimalZero" else str(number)


def _roman(number: int) -> str:
    found = ""
    for value, letters in _ROMAN:
        found += letters * (number // value)
        number %= value
    return found


def _chinese(number: int) -> str:
    if number < 10:
        return _CHINESE[number]
    digits = [int(digit) for digit in str(number)]
    units = ["千", "百", "十", ""][-len(digits) :]
    parts = [_CHINESE[d] + unit if d else "零" for d, unit in zip(digits, units, strict=True)]
    text = re.sub("零+", "零", "".join(parts)).rstrip("零")
    return text.removeprefix("一") if 10 <= number < 20 else text


def _spelled(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")


def _levels(part: Element) -> dict[int, Level]:
    return {place: _level(each) for each in children(part, "lvl") if (place := _place(each)) >= 0}


def _overrides(number: Element) -> dict[int, Level]:
    return {
        place: _level(each)
        for override in children(number, "lvlOverride")
        for each in children(override, "lvl")
        if (place := _place(each)) >= 0
    }


def _place(level: Element) -> int:
    said = attribute(level, "ilvl")
    return int(said) if said in {str(n) for n in range(LEVELS)} else -1


def _level(element: Element) -> Level:
    start = _value(element, "start")
    return Level(
        start=min(int(start), LARGEST) if start.isdecimal() else 1,
        format=_value(element, "numFmt") or "decimal",
        text=_value(element, "lvlText")[:200],
        decimal=bool(children(element, "isLgl")),
    )


def _value(element: Element, name: str) -> str:
    found = children(element, name)
    return attribute(found[0], "val") if found else ""
