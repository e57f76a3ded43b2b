"""What publishers of free books put around and into them: licences, credits, advertisements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from studio.language import _
from studio.text.blocks import Block
from studio.text.finding import Finding, text_of, whole

NEAR = 40
"""Blocks from either end of a text among which credits stand."""
_START = re.compile(
    r"\*{2,}\s*START OF (?:THE|THIS) PROJECT GUTENBERG|\*END\*\s*THE SMALL PRINT", re.IGNORECASE
)
_END = re.compile(
    r"\s*(?:\*{2,}\s*END OF (?:THE|THIS)|End of(?: the| this)?) PROJECT GUTENBERG",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"[\s\[_*]*(?:produced by|e-?text (?:was )?prepared by|transcribed from|scanned (?:and|by)|"
    r"html version by|this (?:e-?book|e-?text|file) was (?:produced|prepared)|"
    r"(?:\[|note: )?project gutenberg(?:'s|’s)? |(?:\[)?transcriber(?:'s|’s|s'|s’)? note|"
    r"(?:本书|本作品|本文)由.{1,30}(?:整理|制作|提供|上传|下载)|(?:更多|最新).{1,20}(?:请访问|尽在)|"
    r"声明[:：]本书|[=—-]*\s*(?:https?://|www\.)\S+\s*$)",
    re.IGNORECASE,
)
_BRACKETED_NOTE = re.compile(
    r"\s*\[\s*(?:project gutenberg|transcriber)(?:'s|’s|s'|s’)?\s", re.IGNORECASE
)
_ILLUSTRATION = re.compile(r"\s*\[(?:illustration|frontispiece|插图)", re.IGNORECASE)
_LONGEST_NOTE = 12


def find(blocks: Sequence[Block]) -> Iterator[Finding]:
    """The licence at either end, credits near the ends, notes in brackets, places of pictures."""
    first, last = _inside(blocks)
    if first:
        yield _finding(blocks, range(first), _("Project Gutenberg's header"))
    for indices in _credits(blocks, first, last):
        yield _finding(blocks, indices, _("A note on how the file was made"))
    if last < len(blocks):
        yield _finding(blocks, range(last, len(blocks)), _("Project Gutenberg's licence"))
    if pictures := [i for i in range(first, last) if _is_picture(blocks[i].text)]:
        note = _("Places where the printed book has pictures")
        lines = whole(blocks, pictures)
        text = text_of(blocks, pictures)
        yield Finding("illustrations", note, text, lines, len(pictures))


def _finding(blocks: Sequence[Block], indices: Sequence[int], note: str) -> Finding:
    return Finding("boilerplate", note, text_of(blocks, indices), whole(blocks, indices))


def _inside(blocks: Sequence[Block]) -> tuple[int, int]:
    """The first block after the header, and the first one of the licence."""
    named = [i for i, block in enumerate(blocks) if _names_gutenberg(block.text)]
    starts = [i for i in named if i < 10 * NEAR and _START.search(blocks[i].text)]
    first = starts[-1] + 1 if starts else 0
    ends = [i for i in named if i >= first and _END.match(blocks[i].text)]
    closing = [i for i in ends if starts or len(blocks) - i <= 4 * NEAR]
    return first, closing[0] if closing else len(blocks)


def _names_gutenberg(text: str) -> bool:
    return "utenberg" in text or "UTENBERG" in text or "SMALL PRINT" in text


def _credits(blocks: Sequence[Block], first: int, last: int) -> Iterator[list[int]]:
    taken = first
    for index in range(first, last):
        text = blocks[index].text
        near = index < first + NEAR or index >= last - NEAR
        if index < taken:
            continue
        if text.lstrip()[:1] == "[" and _BRACKETED_NOTE.match(text):
            indices = _bracketed(blocks, index, last)
        elif near and len(text) < 800 and _CREDIT.match(text):
            indices = [index]
        else:
            continue
        taken = indices[-1] + 1
        yield indices


def _bracketed(blocks: Sequence[Block], index: int, last: int) -> list[int]:
    for end in range(index, min(index + _LONGEST_NOTE, last)):
        if blocks[end].text.endswith("]"):
            return list(range(index, end + 1))
    return [index]


def _is_picture(text: str) -> bool:
    return text.endswith("]") and len(text) < 400 and bool(_ILLUSTRATION.match(text))
