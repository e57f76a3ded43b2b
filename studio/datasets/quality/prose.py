"""Passages that are no prose: tables of contents, copyright pages, indexes, lists."""

from __future__ import annotations

import re
from typing import Literal

NonProse = Literal["contents", "copyright", "index", "list"]

FEWEST_LINES = 4
MOST = 0.6
"""Share of a passage's lines that must look alike."""
LONGEST_LINE = 90
"""Characters; a line of prose is longer, once its paragraph is joined."""
CUES = 3
"""Different marks of a copyright page; a story may name a publisher, not all of them."""

_LEADER = re.compile(r"(?:[.·…‥\s]{3,}|\s)(?:\d{1,4}|[ivxlc]{1,6})\s*$")
_HEADING = re.compile(
    r"\s*(?:(?:chapter|book|part|volume|canto|act|scene|appendix)\s+(?:[\divxlc]+|[a-z]+)\b"
    r"|第[零〇一二三四五六七八九十百千\d]+[章回节節卷部篇]"
    r"|[ivxlc]+\.\s|\d{1,3}[.、]\s?\S)",
    re.IGNORECASE,
)
_ENTRY = re.compile(r".{2,80}?[,，]\s*\d{1,4}(?:\s*[-–—,，]\s*\d{1,4})*(?:\s*[nf]{1,2}\.?)?\s*$")
_ITEM = re.compile(
    r"\s*(?:[-*•·◦▪■●–]\s+|\(?\d{1,3}[.)、]\s?|[(（][一二三四五六七八九十\d]+[)）]|[一二三四五六七八九十]+、)"
)
_CUES = re.compile(
    r"(?P<sign>©|\(c\)\s*(?:19|20)\d\d|copyright)"
    r"|(?P<rights>all rights reserved|no part of this (?:book|publication)|版[权權]所有|翻印必究)"
    r"|(?P<isbn>\bISBN\b|\bISSN\b|书号|書號)"
    r"|(?P<catalogue>library of congress|cataloging|cataloguing|CIP\s?数据|图书在版编目)"
    r"|(?P<printed>printed (?:and bound )?(?:in|by)|印刷|印次|印张|印數|印数|装订)"
    r"|(?P<published>published (?:in|by)|first edition|出版社|出版[发發]行|版次|第\d版)"
    r"|(?P<price>定价|定價|开本|開本|字数[:：])"
    r"|(?P<likeness>any resemblance to (?:actual|real)|names, characters,? (?:places|and))"
    r"|(?P<gutenberg>project gutenberg)",
    re.IGNORECASE,
)


def non_prose(text: str) -> NonProse | None:
    """What the passage is, if it is no prose."""
    if len({cue.lastgroup for cue in _CUES.finditer(text)}) >= CUES:
        return "copyright"
    lines = [line for line in text.splitlines() if line.strip()]
    short = [line for line in lines if len(line) <= LONGEST_LINE]
    if len(short) < max(FEWEST_LINES, MOST * len(lines)):
        return None
    return _kind_of(short)


def _kind_of(lines: list[str]) -> NonProse | None:
    def most(pattern: re.Pattern[str]) -> bool:
        return sum(bool(pattern.match(line)) for line in lines) >= MOST * len(lines)

    if most(_ENTRY):
        return "index"
    paged = sum(bool(_LEADER.search(line)) for line in lines) >= MOST * len(lines)
    if paged or (most(_HEADING) and not most(_ITEM)):
        return "contents"
    return "list" if most(_ITEM) else None
