"""What is learned and what is held back: whole chapters from the end of each manuscript, or
whole manuscripts.

Held back before passages are cut, so that no sentence is on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from studio.domain.base import Language
from studio.domain.manuscripts import Manuscript
from studio.domain.recipes import HoldBack
from studio.errors import StudioError
from studio.language import _
from studio.text.segmentation import paragraphs
from studio.text.sentences import sentences


class Section(NamedTuple):
    """The prose of a chapter, or of the part of one, without its heading."""

    manuscript: int
    chapter: int
    title: str
    text: str
    language: Language


class Split(NamedTuple):
    train: list[Section]
    validation: list[Section]


def split(
    manuscripts: Sequence[Manuscript], share: float, hold_back: HoldBack = "chapters"
) -> Split:
    """About ``share`` (0 to 1) of the characters held back.

    By chapters: of each manuscript, from its end. A single chapter, or a last one that would be
    far too much to hold back, is cut at the end of a paragraph. By books: the manuscripts that
    come nearest to the share together.

    Raises:
        StudioError: a book is to be held back, and there is but one.
    """
    books = [_sections(number, manuscript) for number, manuscript in enumerate(manuscripts)]
    result = Split([], [])
    whole = _held_books(books, share) if hold_back == "books" else set()
    for number, sections in enumerate(books):
        if hold_back == "chapters":
            learned, held = _split_one(sections, share)
        else:
            learned, held = ([], sections) if number in whole else (sections, [])
        result.train.extend(learned)
        result.validation.extend(held)
    return result


def _held_books(books: Sequence[list[Section]], share: float) -> set[int]:
    """The one whose length is nearest to the share, and others while they bring it nearer."""
    lengths = [sum(len(section.text) for section in sections) for sections in books]
    written = [number for number, length in enumerate(lengths) if length]
    if len(written) < 2:
        raise StudioError(
            _("There is no book to hold back."),
            _(
                "A whole book can be held back where there are two or more, and {count} is chosen."
            ).format(count=len(written)),
            _("Choose more manuscripts, or hold back chapters."),
        )
    wanted = share * sum(lengths)
    nearest, *others = sorted(written, key=lambda n: (abs(lengths[n] - wanted), n))
    held, total = {nearest}, lengths[nearest]
    for number in others:
        if abs(total + lengths[number] - wanted) < abs(total - wanted):
            held.add(number)
            total += lengths[number]
    return held


def _sections(number: int, manuscript: Manuscript) -> list[Section]:
    return [
        Section(number, i, c.title, manuscript.text[c.prose_start : c.end], manuscript.language)
        for i, c in enumerate(manuscript.chapters)
        if manuscript.text[c.prose_start : c.end].strip()
    ]


def _split_one(sections: list[Section], share: float) -> tuple[list[Section], list[Section]]:
    wanted = share * sum(len(s.text) for s in sections)
    held = 0
    first = len(sections)
    while first > 1:
        following = held + len(sections[first - 1].text)
        if held and following - wanted > wanted - held:
            break
        held, first = following, first - 1
    if sections and not 0 < held <= 2.5 * wanted:
        *whole, last = sections[: first + 1] if not held else sections
        learned, rest = _cut(last, round(wanted))
        if rest or not held:
            return [*whole, *learned], rest
    return sections[:first], sections[first:]


def _cut(section: Section, held: int) -> tuple[list[Section], list[Section]]:
    """The section in two, at the paragraph's (or else sentence's) end nearest to ``held``
    characters from its end."""
    text = section.text
    places = [end for _start, end in paragraphs(text)][:-1]
    places = places or [end for _start, end in sentences(text)][:-1]
    if not places:
        return [section], []
    place = min(places, key=lambda end: abs(len(text) - end - held))
    return [section._replace(text=text[:place])], [section._replace(text=text[place:].lstrip())]
