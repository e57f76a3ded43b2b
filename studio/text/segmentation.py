"""The chapters of a cleaned text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import NamedTuple

from studio.domain.manuscripts import Chapter
from studio.text import headings
from studio.text.headings import Heading
from studio.text.languages import language_of

FRONT_PROSE = 400
"""Characters of prose before the first heading that make a chapter of their own."""
EMPTY = 160
"""Fewer characters between two headings are no chapter but a line of a table of contents."""
UNSURE = ("capitals", "centred")
SHORTEST = 200
"""Characters that the middle chapter must have before mere numbers count as headings."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_PARAGRAPH_END = re.compile(r"\n\n+")
_OPENING = {"en": "Opening", "zh": "开篇"}
_LIST = re.compile(r"(?:[^\n]{1,90}\n){5}")
_EMPHASIS = "_*"


class Candidate(NamedTuple):
    """A paragraph that may be a heading: ``text[start:end]``."""

    start: int
    end: int
    text: str
    heading: Heading
    subtitle: str = ""


def chapters_of(text: str, centred: frozenset[int], title: str) -> tuple[Chapter, ...]:
    """The chapters of a cleaned text, which they tile without gaps.

    ``centred`` are offsets of paragraphs that were set in like titles; ``title`` names the
    only chapter of a text without headings.
    """
    found = list(_candidates(text, centred))
    unsure = [c for c in found if c.heading.kind in UNSURE]
    sure = [c for c in found if c.heading.kind not in UNSURE]
    parts, chapters = _choose(_without_contents(sure, text) + unsure, text)
    return _tile(text, parts, _with_subtitles(chapters, text), title)


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each paragraph, the blank lines after it left out."""
    start = 0
    for gap in _PARAGRAPH_END.finditer(text):
        yield start, gap.start()
        start = gap.end()
    if start < len(text):
        yield start, len(text)


def _candidates(text: str, centred: frozenset[int]) -> Iterator[Candidate]:
    for start, end in paragraphs(text):
        if end - start > headings.LONGEST_CHAPTER:
            continue
        line = text[start:end]
        heading = headings.read(line.strip(_EMPHASIS))
        if heading is None and start in centred and _may_be_title(line):
            heading = Heading("centred", titled=True)
        if heading and not headings.is_scene_break(line):
            yield Candidate(start, end, line.strip(_EMPHASIS), heading)


def _may_be_title(line: str) -> bool:
    limit = 24 if _HAN.search(line) else 60
    return len(line) <= limit and not line.endswith(tuple("。！？，；：”’」』…,;:?!\"'.)"))


def _without_contents(found: list[Candidate], text: str) -> list[Candidate]:
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


def _choose(found: list[Candidate], text: str) -> tuple[list[Candidate], list[Candidate]]:
    """The headings of parts and those of chapters: the strongest kind that the text uses."""
    marked = [c for c in found if c.heading.kind == "markdown"]
    if marked:
        return _markdown_levels(marked)
    of_kind = _by_kind(found)
    parts = _opening(of_kind("part"), text)
    special = of_kind("special")
    if chapters := of_kind("chapter"):
        return parts, _sorted(_extended(chapters, of_kind("titled")) + special)
    for kind in ("titled", "bare", "section"):
        numbered = _counting(of_kind(kind))
        if numbered and _are_long(numbered, text):
            return parts, _sorted(numbered + special)
    if len(parts) > 1:
        return [], _sorted(parts + special)
    for kind in ("centred", "capitals"):
        named = of_kind(kind)
        if len(named) > 1 and _are_long(named, text):
            return parts, _sorted(named + special)
    return parts, special


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
    return [c for c in last.values() if not _LIST.match(text, _below(c, text))]


def _extended(chapters: list[Candidate], titled: list[Candidate]) -> list[Candidate]:
    """Chapters that drop the word halfway: ADVENTURE VI. …, then VII. …"""
    result: list[Candidate] = []
    reached = 0
    for candidate in _sorted(chapters + titled):
        number = candidate.heading.number or 0
        if candidate.heading.kind == "chapter" or number == reached + 1 > 1:
            result.append(candidate)
            reached = number
    return result


def _counting(numbered: list[Candidate]) -> list[Candidate]:
    """Those that count one, two, three …, perhaps anew in each part; a misprint is forgiven."""
    result: list[Candidate] = []
    reached = 0
    for candidate, following in zip_longest(numbered, numbered[1:]):
        number = candidate.heading.number
        after = following.heading.number if following else None
        if number == 1 or (result and (number == reached + 1 or after == reached + 2)):
            result.append(candidate)
            reached = 1 if number == 1 else reached + 1
    return result if len(result) > 1 and 2 * len(result) > len(numbered) else []


def _are_long(chosen: list[Candidate], text: str) -> bool:
    ends = [*(c.start for c in chosen[1:]), len(text)]
    sizes = sorted(end - c.end for c, end in zip(chosen, ends, strict=True))
    return sizes[len(sizes) // 2] >= SHORTEST


def _with_subtitles(chapters: list[Candidate], text: str) -> list[Candidate]:
    """Take in the titles that stand in a line of their own below the numbers."""
    found = [_subtitle(c, text) for c in chapters]
    untitled = [c for c in chapters if not c.heading.titled]
    if 2 * sum(new != old for new, old in zip(found, chapters, strict=True)) < len(untitled):
        return chapters
    taken = {c.end for c in found if c.subtitle}
    return [c for c in found if c.end not in taken or c.subtitle]


def _subtitle(chapter: Candidate, text: str) -> Candidate:
    start = _below(chapter, text)
    end = text.find("\n\n", start)
    end = len(text) if end < 0 else end
    line = text[start:end] if end - start <= headings.LONGEST else ""
    if chapter.heading.titled or "\n" in line or not line or not _reads_as_title(line):
        return chapter
    return chapter._replace(end=end, subtitle=line.strip(_EMPHASIS))


def _reads_as_title(line: str) -> bool:
    other = headings.read(line)
    if headings.is_scene_break(line) or (other and other.kind not in ("special", "capitals")):
        return False
    if line.isupper():
        return True
    words = [w for w in line.split() if len(w) > 3]
    capitalised = sum(w.lstrip("“‘\"'(")[:1].isupper() for w in words)
    return _may_be_title(line) and (bool(_HAN.search(line)) or 2 * capitalised > len(words))


def _tile(
    text: str, parts: list[Candidate], chosen: list[Candidate], title: str
) -> tuple[Chapter, ...]:
    if not chosen:
        return (Chapter(title=title, start=0, end=len(text), body=0),)
    starts = _starts(text, parts, chosen)
    chapters = [
        Chapter(title=_title(c), start=start, end=end, body=_body(text, c, end), part=part)
        for c, (start, part), (end, _next) in zip(
            chosen, starts, [*starts[1:], (len(text), "")], strict=True
        )
    ]
    return tuple(_with_front(text, chapters))


def _starts(text: str, parts: list[Candidate], chosen: list[Candidate]) -> list[tuple[int, str]]:
    """Where each chapter begins (at its part's heading if it opens one), and its part."""
    result: list[tuple[int, str]] = []
    waiting = list(reversed(parts))
    part, previous = "", 0
    for chapter in chosen:
        start = chapter.start
        while waiting and waiting[-1].start < chapter.start:
            opened = waiting.pop()
            part = _part_title(text, opened, chapter.start)
            start = opened.start if opened.start >= previous else start
        result.append((start, part))
        previous = chapter.end
    return result


def _part_title(text: str, part: Candidate, before: int) -> str:
    found = part if part.heading.titled else _subtitle(part, text)
    return _title(found if found.end <= before else part)


def _title(candidate: Candidate) -> str:
    line = re.sub(r"^#+\s+|\s*#+$", "", candidate.text).strip(_EMPHASIS + " ")
    if not candidate.subtitle:
        return line
    joint = " " if line.endswith((".", ":", "：", "、")) or _HAN.search(line) else ". "
    return f"{line}{joint}{candidate.subtitle}"


def _body(text: str, chapter: Candidate, end: int) -> int:
    return min(_below(chapter, text), end)


def _below(heading: Candidate, text: str) -> int:
    """Where the next paragraph begins."""
    gap = _PARAGRAPH_END.match(text, heading.end)
    return gap.end() if gap else heading.end


def _with_front(text: str, chapters: list[Chapter]) -> Iterator[Chapter]:
    """What stands before the first heading: a chapter if it is prose, else part of the first."""
    first = chapters[0]
    before = (text[a:b] for a, b in paragraphs(text[: first.start]))
    prose = sum(len(p) for p in before if len(p) > headings.LONGEST and _is_prose(p))
    if first.start and prose >= FRONT_PROSE:
        yield Chapter(title=_OPENING[language_of(text)], start=0, end=first.start, body=0)
    else:
        chapters[0] = first.model_copy(update={"start": 0})
    yield from chapters


def _is_prose(paragraph: str) -> bool:
    return "\n" not in paragraph and not headings.strong(paragraph)
