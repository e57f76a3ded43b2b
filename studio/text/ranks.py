"""Which of several words counts the chapters of a text: 章 or 回, chapter or letter."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from studio.text.candidates import EMPTY, Candidate, are_long

TOO_LONG = 2
"""Times the middle chapter's length that no chapter has of something told in it."""
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
    above: set[str] = set()
    for word in several:
        starts = [c.start for c in chapters if c.heading.word != word]
        opening = sum(opens(c, starts) for c in groups[word])
        if 2 * opening <= len(groups[word]) or len(above) + 1 == len(words):
            kept = {word} | {
                w
                for w in set(words) - above - {word}
                if _stands_beside(groups[w], groups[word], text)
            }
            return _of(kept, groups), _of(above, groups)
        above.add(word)
    return _of(set(words) - above, groups), _of(above, groups)


def _of(words: set[str], groups: dict[str, list[Candidate]]) -> list[Candidate]:
    return sorted((c for word in words for c in groups[word]), key=lambda c: c.start)


def _stands_beside(group: list[Candidate], main: list[Candidate], text: str) -> bool:
    first, last = main[0].start, main[-1].start
    if group[-1].start < first:
        return True
    counts = len(group) > 1 and _count_up(group) and are_long(group, text)
    if counts and all(_are_a_book(run, main, text) for run in _runs(group)):
        return True
    if group[0].start > last:
        return counts and main[0].heading.word not in CHAPTER
    starts = [c.start for c in group]
    places = [bisect_left(starts, c.start) for c in main]
    most = max((b - a for a, b in pairwise(places)), default=0)
    sure = not any(c.heading.form for c in group)
    return most == 1 and sure and counts


def _runs(group: list[Candidate]) -> list[list[Candidate]]:
    """Those of each book: what counts anew begins another."""
    begins = [0, *(i for i, c in enumerate(group) if i and c.heading.number == 1)]
    return [group[a:b] for a, b in pairwise([*begins, len(group)])]


def _are_a_book(group: list[Candidate], main: list[Candidate], text: str) -> bool:
    """They stand behind a book's last chapter, which would be far too long with them in it."""
    starts = [*(c.start for c in main), len(text)]
    place = bisect_left(starts, group[0].start)
    is_last = place == len(main) or main[place].heading.number == 1
    sizes = sorted(b - a for a, b in pairwise(starts))
    return (
        is_last
        and group[-1].start < starts[place]
        and starts[place] - group[0].start > TOO_LONG * sizes[len(sizes) // 2]
    )


def stand_above(chapters: list[Candidate], numbered: list[Candidate]) -> bool:
    """They are the chapters, and not what is told of between mere numbers."""
    if not numbered or chapters[0].start < numbered[0].start:
        return True
    if len(chapters) == 1:
        return len(numbered) < 3
    in_doubt = all(c.heading.form for c in chapters) and len(chapters) <= len(numbered)
    return chapters[0].heading.word in CHAPTER and not in_doubt


def opens(candidate: Candidate, starts: Sequence[int]) -> bool:
    """One of ``starts``, which are in order, is right under it."""
    place = bisect_right(starts, candidate.end)
    return place < len(starts) and starts[place] - candidate.end <= EMPTY


def _count_up(group: list[Candidate]) -> bool:
    """They count on, perhaps anew in each of several books."""
    steps = [(b.heading.number or 0) - (a.heading.number or 0) for a, b in pairwise(group)]
    anew = [b for (_a, b), step in zip(pairwise(group), steps, strict=True) if step != 1]
    return 2 * len(anew) <= len(steps) and all(b.heading.number == 1 for b in anew)


def _without_mentions(chapters: list[Candidate]) -> list[Candidate]:
    """Without a chapter's name between two that follow each other: 1, 7, 2."""
    numbers = [c.heading.number or 0 for c in chapters]
    return [
        c
        for before, c, after in zip([0, *numbers], chapters, [*numbers[1:], 0], strict=False)
        if not 0 < before == after - 1 or (c.heading.number or 1) in (1, before, after)
    ]
