"""Which of several words counts the chapters of a text: 章 or 回, chapter or letter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from studio.text.candidates import EMPTY, Candidate, are_long

CHAPTER = frozenset({"章", "chapter"})
"""Words that count nothing but chapters: others after them are what is told of."""


def of_one_rank(chapters: list[Candidate], text: str) -> tuple[list[Candidate], list[Candidate]]:
    """Chapters, and those that stand above them as parts.

    The word that comes first counts the chapters. Others do so as well where they stand before
    or behind, and not where several of them fall within one chapter.
    """
    words = list(dict.fromkeys(c.heading.word for c in chapters))
    of_word = {word: [c for c in chapters if c.heading.word == word] for word in words}
    groups = {word: _without_mentions(group) for word, group in of_word.items()}
    several = [word for word in words if len(groups[word]) > 1]
    above: list[Candidate] = []
    for word in several:
        starts = [c.start for c in chapters if c.heading.word != word]
        if 2 * sum(opens(c, starts) for c in groups[word]) <= len(groups[word]):
            others = [groups[w] for w in words if w != word and groups[w][0] not in above]
            beside = [
                c for group in others if _stands_beside(group, groups[word], text) for c in group
            ]
            return sorted(groups[word] + beside, key=lambda c: c.start), above
        above += groups[word]
    return [c for c in chapters if c not in above], above


def _stands_beside(group: list[Candidate], main: list[Candidate], text: str) -> bool:
    first, last = main[0].start, main[-1].start
    if group[-1].start < first:
        return True
    if group[0].start > last:
        counts = len(group) > 1 and _count_up(group) and are_long(group, text)
        return counts and main[0].heading.word not in CHAPTER
    within = [sum(a.start < c.start < b.start for c in group) for a, b in pairwise(main)]
    return max(within) == 1 < len(group) and _count_up(group) and are_long(group, text)


def stand_above(chapters: list[Candidate], numbered: list[Candidate]) -> bool:
    """They are the chapters, and not what is told of between mere numbers."""
    if not numbered or chapters[0].start < numbered[0].start:
        return True
    if len(chapters) == 1:
        return len(numbered) < 3
    return chapters[0].heading.word in CHAPTER


def opens(candidate: Candidate, starts: Sequence[int]) -> bool:
    """A chapter begins right under it."""
    return any(0 < start - candidate.end <= EMPTY for start in starts)


def _count_up(group: list[Candidate]) -> bool:
    numbers = [c.heading.number or 0 for c in group]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _without_mentions(chapters: list[Candidate]) -> list[Candidate]:
    """Without a chapter's name between two that follow each other: 1, 7, 2."""
    numbers = [c.heading.number or 0 for c in chapters]
    return [
        c
        for before, c, after in zip([0, *numbers], chapters, [*numbers[1:], 0], strict=False)
        if not 0 < before == after - 1 or (c.heading.number or 1) in (1, before, after)
    ]
