"""The chapters of a cleaned text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.domain.manuscripts import Chapter
from studio.text import headings, lookalikes
from studio.text.candidates import Candidate, below
from studio.text.choosing import choose
from studio.text.headings import Heading
from studio.text.languages import language_of

FRONT_PROSE = 400
"""Characters of prose before the first heading that make a chapter of their own."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_PARAGRAPH_END = re.compile(r"\n\n+")
_OPENING = {"en": "Opening", "zh": "开篇"}
_EMPHASIS = "_*"
_BETWEEN = " \u3000,;.:：·、|｜/／—–_-"
"""May stand between a volume and a chapter on one line."""


def chapters_of(text: str, centred: frozenset[int], title: str) -> tuple[Chapter, ...]:
    """The chapters of a cleaned text, which they tile without gaps.

    ``centred`` are offsets of paragraphs that were set in like titles; ``title`` names the
    only chapter of a text without headings.
    """
    parts, chapters = choose(list(_candidates(text, centred)), text)
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
        plain = line.strip(_EMPHASIS)
        if not plain or headings.is_scene_break(line):
            continue
        heading = headings.read(plain)
        if heading is None and start in centred and _may_be_title(line):
            heading = Heading("centred", titled=True)
        if heading:
            yield Candidate(start, end, plain, heading)
        if heading is None or heading.kind in ("titled", "capitals", "centred"):
            doubtful = lookalikes.unsure(plain)
            if doubtful:
                yield Candidate(start, end, plain, doubtful)


def _may_be_title(line: str) -> bool:
    limit = 24 if _HAN.search(line) else 60
    return len(line) <= limit and not line.endswith(tuple("。！？，；：”’」』…,;:?!\"'.)"))


def _with_subtitles(chapters: list[Candidate], text: str) -> list[Candidate]:
    """Take in the titles that stand in a line of their own below the numbers."""
    found = [_subtitle(c, text) for c in chapters]
    untitled = [c for c in chapters if not c.heading.titled]
    if 2 * sum(new != old for new, old in zip(found, chapters, strict=True)) < len(untitled):
        return chapters
    taken = {c.end for c in found if c.subtitle}
    return [c for c in found if c.end not in taken or c.subtitle]


def _subtitle(chapter: Candidate, text: str) -> Candidate:
    start = below(chapter, text)
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
    words = [w for w in line.split() if len(w) > 3] or line.split()
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
        part = chapter.heading.volume.strip(_BETWEEN) or part
        result.append((start, part))
        previous = chapter.end
    return result


def _part_title(text: str, part: Candidate, before: int) -> str:
    found = part if part.heading.titled else _subtitle(part, text)
    return _title(found if found.end <= before else part)


def _title(candidate: Candidate) -> str:
    volume = candidate.heading.volume
    if volume:
        line = candidate.text.partition(volume)[2].lstrip(_BETWEEN)
        return f"{line} {candidate.subtitle}".rstrip()
    line = re.sub(r"^#+\s+|\s*#+$", "", candidate.text).strip(_EMPHASIS + " ")
    if not candidate.subtitle:
        return line
    joint = " " if line.endswith((".", ":", "：", "、")) or _HAN.search(line) else ". "
    return f"{line}{joint}{candidate.subtitle}"


def _body(text: str, chapter: Candidate, end: int) -> int:
    return min(below(chapter, text), end)


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
