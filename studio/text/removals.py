"""What is found in a file beside the author's prose, and what becomes of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from studio.domain.manuscripts import Decisions, Removal, RemovalKind
from studio.text import boilerplate, editorial, pagination
from studio.text.blocks import UNKNOWN_GAP, Block
from studio.text.finding import Finding


class Judged(NamedTuple):
    """A finding and what was decided on it. ``block`` is where it began, among those left."""

    finding: Finding
    id: str
    removed: bool
    block: int

    def removal(self, at: int) -> Removal:
        return Removal(
            id=self.id,
            kind=self.finding.kind,
            text=self.finding.text,
            at=at,
            note=self.finding.note,
            count=self.finding.times,
            removed=self.removed,
        )


def identify(kind: RemovalKind, text: str) -> str:
    """The id of something found: the same whenever the same is found."""
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def is_removed(removal_id: str, offered: bool, decisions: Decisions) -> bool:
    return removal_id in decisions.drop if offered else removal_id not in decisions.keep


def take_out(blocks: Sequence[Block], decisions: Decisions) -> tuple[list[Block], list[Judged]]:
    """The blocks without what is taken out of them, and all that was found."""
    judged = _judge(_found(blocks), decisions)
    if not judged:
        return list(blocks), []
    kept, places = _left(blocks, [j.finding for j in judged if j.removed])
    return kept, [j._replace(block=places[j.block]) for j in judged]


def _found(blocks: Sequence[Block]) -> list[Finding]:
    found = [*boilerplate.find(blocks), *pagination.find(blocks), *editorial.find(blocks)]
    return sorted(found, key=lambda finding: min(finding.lines))


def _judge(found: Iterable[Finding], decisions: Decisions) -> list[Judged]:
    seen: Counter[str] = Counter()
    judged = []
    for finding in found:
        name = identify(finding.kind, finding.text)
        seen[name] += 1
        name += f"-{seen[name]}" if seen[name] > 1 else ""
        removed = is_removed(name, finding.offered, decisions)
        judged.append(Judged(finding, name, removed, min(finding.lines)))
    return judged


def _left(blocks: Sequence[Block], removed: Sequence[Finding]) -> tuple[list[Block], list[int]]:
    """What is left, and for each block the index of what is left of it, or comes after it."""
    gone: dict[int, set[int]] = {}
    for finding in removed:
        for index, lines in finding.lines.items():
            gone.setdefault(index, set()).update(lines)
    bridges = frozenset[int]().union(*(f.bridges for f in removed))
    kept: list[Block] = []
    places = []
    hole = False
    for index, block in enumerate(blocks):
        places.append(len(kept))
        text = _without(block.text, gone, index)
        if not text:
            hole = True
        elif kept and index in bridges:
            kept[-1] = kept[-1]._replace(text=_bridged(kept[-1].text, text))
            hole = False
        else:
            kept.append(Block(text, UNKNOWN_GAP if hole else block.gap))
            hole = False
    return kept, places


def _without(text: str, gone: Mapping[int, set[int]], index: int) -> str:
    if index not in gone:
        return text
    lines = enumerate(text.split("\n"))
    return "\n".join(line for number, line in lines if number not in gone[index])


def _bridged(before: str, after: str) -> str:
    """Two halves of a paragraph that a page's end had parted."""
    whole_paragraphs = "\n" not in before and "\n" not in after
    if not whole_paragraphs:
        return f"{before}\n{after}"
    joint = " " if before[-1].isascii() and after[0].isascii() else ""
    return f"{before}{joint}{after.lstrip()}"
