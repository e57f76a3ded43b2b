"""The outline of a manuscript: its parts, chapters and scenes, with their lengths."""

from __future__ import annotations

from itertools import groupby

from studio.domain.manuscripts import Chapter, Manuscript
from studio.domain.outlines import ChapterOutline, Part, SceneOutline
from studio.text import headings, statistics
from studio.text.scenes import scenes

OPENING = 70
"""Characters of a scene's first line that name it."""


def outline(manuscript: Manuscript) -> tuple[Part, ...]:
    """Parts in the order of the text; chapters of no part are in one without a title."""
    return tuple(
        Part(title=title, chapters=tuple(_chapter(manuscript, c) for c in chapters))
        for title, chapters in groupby(manuscript.chapters, key=lambda c: c.part)
    )


def _chapter(manuscript: Manuscript, chapter: Chapter) -> ChapterOutline:
    found = [
        _scene(manuscript, start, end)
        for start, end in scenes(manuscript.text, chapter.prose_start, chapter.end)
        if manuscript.text[start:end].strip()
    ]
    return ChapterOutline(
        title=chapter.title,
        at=chapter.start,
        length=_length(manuscript, chapter.start, chapter.end),
        scenes=tuple(found) if len(found) > 1 else (),
    )


def _scene(manuscript: Manuscript, start: int, end: int) -> SceneOutline:
    lines = manuscript.text[start:end].split("\n")
    named = next((line for line in lines if line and not headings.is_scene_break(line)), "")
    opening = named if len(named) <= OPENING else f"{named[:OPENING].rstrip()}…"
    return SceneOutline(title=opening, at=start, length=_length(manuscript, start, end))


def _length(manuscript: Manuscript, start: int, end: int) -> int:
    count = statistics.characters if manuscript.language == "zh" else statistics.words
    return count(manuscript.text[start:end])
