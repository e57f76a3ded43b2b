"""Which of the lines that may be headings are the headings of a text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise, zip_longest

from studio.text import counting, lookalikes, ranks
from studio.text.candidates import EMPTY, Candidate, are_long, below

UNSURE = ("capitals", "centred")
FEWEST_NUMBERS = 3
"""Headings that say nothing but a number which count on, if they do not begin with one."""

_LIST = re.compile(r"(?:[^\n]{1,90}\n){5}")


def _without_contents(found: list[Candidate]) -> list[Candidate]:
    """Drop a table of contents: headings with nothing under them that come again later."""
    again: Counter[str | int] = Counter(key for c in found for key in _keys(c))
    kept: list[Candidate] = []
    run: list[Candidate] = []
    for candidate, following in zip_longest(found, found[1:]):
        again.subtract(_keys(candidate))
        run.append(candidate)
        if following is None or following.start - candidate.end > EMPTY:
            kept += _headings_of_run(run, again)
            run = []
    return kept


def _keys(candidate: Candidate) -> set[str | int]:
    """What a heading and its line in the table of contents have in common."""
    letters = re.sub(r"\W", "", candidate.text).lower()
    return {letters} | ({candidate.heading.number} if candidate.heading.number else set())


def _headings_of_run(run: list[Candidate], again: Counter[str | int]) -> list[Candidate]:
    """Of headings that follow each other closely, those that have text under them."""
    *before, last = run
    listed = sum(any(again[key] for key in _keys(c)) for c in before)
    if len(before) < 3 or 2 * listed < len(before):
        return [c for c in before if _keys(c) != _keys(last)] + [last]
    seen = {key for c in before for key in _keys(c)}
    if not seen & _keys(last) and any(again[key] for key in _keys(last)):
        return []  # The table's last line, with a dedication or the like under it.
    opening = len(before)
    while opening and before[opening - 1].heading.kind == "part":
        opening -= 1
    return [*before[opening:], last]


def choose(found: list[Candidate], text: str) -> tuple[list[Candidate], list[Candidate]]:
    """The headings of parts and those of chapters: the strongest kind that the text uses."""
    of_kind = _by_kind(_in_the_text(found))
    if marked := of_kind("markdown"):
        return _markdown_levels(marked)
    parts = _opening(of_kind("part"), text)
    special = of_kind("special")
    numbered = _numbered(of_kind, text)
    if chapters := of_kind("chapter"):
        chapters, above = ranks.of_one_rank(chapters, text)
        if ranks.stand_above(chapters, numbered):
            extended = _extended(_sorted(chapters), _without_lists(of_kind("titled")))
            return _above(parts, extended) + above, _sorted(extended + special)
    if numbered:
        return _above(parts, numbered), _sorted(numbered + special)
    if len(parts) > 1:
        return [], _sorted(parts + special)
    for kind in UNSURE:
        named = of_kind(kind)
        if len(named) > 1 and are_long(named, text):
            return parts, _sorted(named + special)
    return parts, special


def _above(parts: list[Candidate], chapters: list[Candidate]) -> list[Candidate]:
    """Parts, and of those in doubt the ones that open a chapter."""
    starts = [c.start for c in chapters]
    return [c for c in parts if not c.heading.form or ranks.opens(c, starts)]


def _in_the_text(found: list[Candidate]) -> list[Candidate]:
    """Without those in doubt that nothing bears out, and without a table of contents."""
    counted = [c for c in found if c.heading.word]
    others = [c for c in found if not c.heading.word]
    groups: dict[tuple[str, str], list[Candidate]] = {}
    for c in counted:
        form = c.heading.form if c.heading.kind == "counted" else ""
        groups.setdefault((c.heading.kind + c.heading.word, form), []).append(c)
    believed = [c for group in groups.values() for c in _believed(group)]
    sure = [c for c in others if c.heading.kind not in UNSURE]
    named = [c for c in believed if c.heading.kind != "counted"]
    kept = _without_contents(_sorted(sure + named))
    for (_word, form), group in groups.items():
        kept += _without_contents(_believed(group)) if form else []
    return kept + [c for c in others if c.heading.kind in UNSURE]


def _believed(group: list[Candidate]) -> list[Candidate]:
    believed = counting.believed([c.heading for c in group])
    return [c for c, each in zip(group, believed, strict=True) if each]


def _numbered(of_kind: Callable[[str], list[Candidate]], text: str) -> list[Candidate]:
    """Headings that are little more than numbers, if the chapters between them are long."""
    counted: dict[str, list[Candidate]] = {}
    for c in of_kind("counted"):
        counted.setdefault(c.heading.form, []).append(c)
    titled: dict[str, list[Candidate]] = {}
    for c in of_kind("titled"):
        titled.setdefault(lookalikes.system(c.text), []).append(c)
    listed = (_without_lists(form) for form in counted.values())
    from_one = (f for f in listed if len(f) >= FEWEST_NUMBERS or (f and f[0].heading.number == 1))
    options = sorted(map(_counting, titled.values()), key=_start)
    bare: dict[str, list[Candidate]] = {}
    for c in of_kind("bare"):
        bare.setdefault(lookalikes.system(c.text.strip("—–-[](（【】)）#.、 \u3000")), []).append(c)
    options += sorted(map(_counting, bare.values()), key=_start)
    options.append(_counting(of_kind("section")))
    options += sorted(from_one, key=len, reverse=True)
    found: list[Candidate] = []
    for option in options:
        starts = {c.start for c in option}
        more = len(option) > len(found) and starts >= {c.start for c in found}
        if (
            len(option) > 1
            and more
            and are_long(option, text)
            and not any(_are_within(option, other, text) for other in options)
        ):
            found = option
    return found


def _start(option: list[Candidate]) -> int:
    return option[0].start if option else 0


def _without_lists(numbered: list[Candidate]) -> list[Candidate]:
    """Without lists within the prose: numbers that follow each other closely, and begin again
    or come again."""
    kept: list[Candidate] = []
    run: list[Candidate] = []
    for candidate, following in zip_longest(numbered, numbered[1:]):
        run.append(candidate)
        if following is None or following.start - candidate.end > EMPTY:
            reached = kept[-1].heading.number if kept else 0
            goes_on = run[0].heading.number == (reached or 0) + 1
            ends = following is None or following.heading.number in (
                1,
                (candidate.heading.number or 0) + 1,
            )
            kept += run if len(run) < 3 or (goes_on and ends) else []
            run = []
    return kept


def _by_kind(found: list[Candidate]) -> Callable[[str], list[Candidate]]:
    return lambda kind: [c for c in found if c.heading.kind == kind]


def _sorted(chosen: list[Candidate]) -> list[Candidate]:
    return sorted(chosen, key=lambda c: c.start)


def _markdown_levels(marked: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Chapters are the first level used twice or more; what stands above them are parts."""
    levels = Counter(c.heading.level for c in marked)
    chapter = min((level for level, n in levels.items() if n > 1), default=max(levels))
    above = [c for c in marked if c.heading.level < chapter]
    return above, [c for c in marked if c.heading.level == chapter]


def _opening(parts: list[Candidate], text: str) -> list[Candidate]:
    """Parts are not numbered anew: an earlier one of the same number was a mention. Nor does
    one open with a list, as the parts of a table of contents do."""
    last = {c.heading.number or c.text: c for c in parts}
    return [c for c in last.values() if not _LIST.match(text, below(c, text))]


def _extended(chapters: list[Candidate], titled: list[Candidate]) -> list[Candidate]:
    """Chapters that drop the word in the end of a book: ADVENTURE VI. …, then VII. …"""
    starts = [c.start for c in titled]
    result: list[Candidate] = []
    begin = 0
    for chapter, following in zip_longest(chapters, chapters[1:]):
        result.append(chapter)
        if chapter.heading.number == 1:
            begin = chapter.start
        if following is None or following.heading.number == 1:
            first, last = (bisect_left(starts, start) for start in (begin, chapter.start))
            end = bisect_left(starts, following.start) if following else None
            earlier = {c.heading.number for c in titled[first:last]}
            result += _going_on(chapter.heading.number or 0, titled[last:end], earlier)
    return result


def _going_on(
    reached: int, later: list[Candidate], earlier: set[int | None]
) -> Iterator[Candidate]:
    if not later or later[0].heading.number != reached + 1 or reached + 1 in earlier:
        return
    for candidate in later:
        if candidate.heading.number == reached + 1 > 1:
            yield candidate
            reached += 1


def _without_doubles(numbered: list[Candidate]) -> list[Candidate]:
    """Without what each chapter numbers as itself, where most do: an item of a list."""
    others = [b for a, b in pairwise(numbered) if a.heading.number != b.heading.number]
    doubles = len(numbered) - 1 - len(others)
    return numbered[:1] + others if 3 * doubles >= len(numbered) else numbered


def _are_within(others: list[Candidate], chapters: list[Candidate], text: str) -> bool:
    """They are told of in the chapters, one in each of which there is any; none of them stands
    before the first or right under its chapter, and chapters do not count anew under them."""
    starts = [c.start for c in chapters]
    places = [bisect_left(starts, c.start) for c in others]
    if not (chapters and others) or not places[0] or not are_long(chapters, text):
        return False
    anew = sum(p < len(starts) and chapters[p].heading.number == 1 for p in places)
    under = sum(
        ranks.opens(chapters[p - 1], [c.start]) for p, c in zip(places, others, strict=True)
    )
    return 2 * max(anew, under) < len(others) and 3 * len(set(places)) >= 2 * len(others)


def _counting(numbered: list[Candidate]) -> list[Candidate]:
    """Those that count one, two, three …, perhaps anew in each part; a misprint is forgiven."""
    numbered = _without_doubles(_without_lists(numbered))
    result: list[Candidate] = []
    reached = 0
    for candidate, following in zip_longest(numbered, numbered[1:]):
        number = candidate.heading.number
        after = following.heading.number if following else None
        first = not result and after == (number or 0) + 1
        if number == 1 or first or (result and (number == reached + 1 or after == reached + 2)):
            result.append(candidate)
            reached = (number or 0) if number == 1 or first else reached + 1
    counts_on = len({c.heading.number for c in result}) > 1
    return result if counts_on and 2 * len(result) > len(numbered) else []
