"""Words that were broken at a line's end, and those that have a hyphen of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from studio.text.blocks import Block

FEWEST = 5
"""Words that the text also has in one, before one that it has nowhere else is joined too."""
_BROKEN = re.compile(r"(?<=[^\W\d_])-\n[ \u3000]*(?=[^\W\d_])")
_HEAD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*$")
_TAIL = re.compile(r"[^\W\d_]+")
_LONGEST = 40

Break = tuple[str, str]
"""The letters before and after the hyphen at a line's end."""


def broken_words(blocks: Sequence[Block]) -> frozenset[Break]:
    """The breaks that are joined: those whose word stands elsewhere in one, not with a hyphen.

    Where a text breaks many words so, those that stand nowhere else are joined as well.
    """
    breaks = {b for block in blocks if "-\n" in block.text for b in _breaks(block.text)}
    if not breaks:
        return frozenset()
    known = _known(blocks, breaks)
    joined = {b for b in breaks if _is_known(b, "", known) and not _is_known(b, "-", known)}
    hyphened = {b for b in breaks if _is_known(b, "-", known)}
    if len(joined) >= max(FEWEST, 2 * len(hyphened)):
        joined = breaks - hyphened
    return frozenset(b for b in joined if b[1].islower())


def break_at(line: str, following: str) -> Break | None:
    """The word that the end of a line breaks, if it does."""
    if not line.endswith("-") or not (head := _HEAD.search(line[-_LONGEST:-1])):
        return None
    tail = _TAIL.match(following.lstrip(" \u3000"))
    return (head[0], tail[0]) if tail else None


def _breaks(text: str) -> Iterable[Break]:
    for match in _BROKEN.finditer(text):
        head = _HEAD.search(text, max(0, match.start() - _LONGEST), match.start())
        tail = _TAIL.match(text, match.end(), match.end() + _LONGEST)
        if head and tail:
            yield head[0], tail[0]


def _known(blocks: Sequence[Block], breaks: Iterable[Break]) -> set[str]:
    """Those of the words in question that stand somewhere whole."""
    forms = {f"{a}{joint}{b}".lower() for a, b in breaks for joint in ("", "-")}
    wanted = forms | {form.capitalize() for form in forms}
    found: set[str] = set()
    for block in blocks:
        found |= wanted.intersection(block.text.split())
    return {word.lower() for word in found}


def _is_known(broken: Break, joint: str, known: set[str]) -> bool:
    return f"{broken[0]}{joint}{broken[1]}".lower() in known
