"""Sections that an editor, a translator or a publisher wrote; found, and left to the writer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from studio.language import _
from studio.text import headings
from studio.text.blocks import Block
from studio.text.finding import Finding, text_of, whole

_HEAD = re.compile(
    r"[\s_*#\[]*(?:(?:original |the )?(?:editor|translator|transcriber|publisher|author)"
    r"(?:'s|’s|s'|s’)? (?:notes?|preface|introduction|foreword)|footnotes?|endnotes|"
    r"notes(?: to the text)?|about the (?:author|translator|editor)s?|acknowledge?ments?|"
    r"bibliography|(?:also|other books) by .{2,40}|copyright(?: page| notice)?|"
    r"编者按|编者注|编者的话|编辑后记|译者序|译序|译者注|译后记|出版说明|出版者的话|"
    r"校勘记|校记|注释|注释：|脚注|作者简介|内容简介|版权页?|版权信息|版权声明)[.:：_*\]\s]*",
    re.IGNORECASE,
)
_INLINE = re.compile(
    r"\s*[\[（(【](?:editor(?:'s|’s)? note|ed\.|tr\.|translator(?:'s|’s)? note|"
    r"编者[注按]|译者?注|校者?注|原注)\s*[:：.—-]?",
    re.IGNORECASE,
)
_CLOSED = ("]", "）", ")", "】")
LONGEST = 400
"""Blocks of a section; what runs on longer is more likely a book of such a name."""


def find(blocks: Sequence[Block]) -> Iterator[Finding]:
    """Sections under a heading of the kind, and paragraphs in brackets that name themselves."""
    taken = 0
    for index, block in enumerate(blocks):
        if index < taken:
            continue
        indices: Sequence[int] = ()
        if len(block.text) <= headings.LONGEST and _HEAD.fullmatch(block.text):
            indices = _section(blocks, index)
        elif _INLINE.match(block.text) and block.text.endswith(_CLOSED):
            indices = [index]
        if indices:
            taken = indices[-1] + 1
            text = text_of(blocks, indices)
            note = _("Notes of an editor, a translator or a publisher")
            yield Finding("notes", note, text, whole(blocks, indices), offered=True)


def _section(blocks: Sequence[Block], index: int) -> Sequence[int]:
    """The heading and what stands below it, up to the next heading."""
    limit = min(len(blocks), index + LONGEST + 1)
    for end in range(index + 1, limit):
        line = blocks[end].text.strip(" \u3000_*")
        if (headings.read(line) and not headings.is_scene_break(line)) or _HEAD.fullmatch(line):
            return range(index, end) if end > index + 1 else ()
    return range(index, limit) if limit == len(blocks) > index + 1 else ()
