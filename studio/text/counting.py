"""Headings in doubt: they are believed where several of one form count upwards.

A line that only looks like a heading has no others that count on from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import zip_longest

from studio.text import headings, lookalikes
from studio.text.headings import DOUBTFUL, LOWER, RUN_ON, Heading

REPEATED = 64
"""Lines whose reading is kept for when they come again, as marks between scenes do."""
FEWEST = 2
"""Headings of a form that count on, before it is believed."""
MANY = 6
"""Of a form with so many that count on, it does not matter how many others there are."""
LARGEST_STEP = 3
"""By which a form that is believed may count on: a chapter or two may be missing."""

LOOSE = (RUN_ON, LOWER)
"""Forms that prose has as well: no more than one of them may be missing."""


def heads(lines: Iterable[str], any_number: bool) -> frozenset[str]:
    """The lines of a text, in order, that are headings by what they say and how they count;
    ``any_number``: those as well that say nothing but a number and a title."""
    groups: dict[str, list[tuple[str, Heading]]] = {}
    reading = lru_cache(REPEATED)(_reading)
    for line in lines:
        found = reading(line)
        if found and found.number and (found.kind != "counted" or any_number):
            form = found.form if found.kind == "counted" else ""
            groups.setdefault(f"{found.kind} {found.word} {form}", []).append((line, found))
    return frozenset(
        line
        for group in groups.values()
        for (line, _found), each in zip(group, believed([h for _l, h in group]), strict=True)
        if each
    )


def _reading(line: str) -> Heading | None:
    return (headings.named(line) or lookalikes.unsure(line)) if line else None


def believed(found: Sequence[Heading]) -> list[bool]:
    """Which of these are headings, in the order of the text, all of them counting the same.

    Those without a ``form`` are; the others need a place between those, and others of their
    form that count with them.
    """
    plain = [i for i, h in enumerate(found) if not h.form.endswith(DOUBTFUL)]
    kept = _believed_plainly([found[i] for i in plain])
    sure = {i for i, each in zip(plain, kept, strict=True) if each}
    if len(plain) < len(found):
        sure |= _missing(found, sure)
    return [i in sure for i in range(len(found))]


def _believed_plainly(found: Sequence[Heading]) -> list[bool]:
    fits = _between(found)
    linked = _linked_by_form(found, fits)
    counted = Counter(h.form for h, each in zip(found, linked, strict=True) if h.form and each)
    total = Counter(h.form for h, each in zip(found, fits, strict=True) if h.form and each)
    trusted = {f for f, n in counted.items() if n >= FEWEST and (2 * n >= total[f] or n >= MANY)}
    if any(not h.form for h in found):
        trusted.add(RUN_ON)
    kept = [
        each and (not h.form or gap or h.form in trusted)
        for h, each, gap in zip(found, fits, _filling(found), strict=True)
    ]
    return _counted_on(found, kept)


def _missing(found: Sequence[Heading], sure: set[int]) -> set[int]:
    """Of the doubtful ones, those that are missing among the others, and count on from them."""
    reached, result = 0, set()
    as_sure = [h._replace(form="") if i in sure else h for i, h in enumerate(found)]
    for i, (heading, after) in enumerate(zip(as_sure, _after(as_sure), strict=True)):
        value = heading.number or 0
        if heading.form.endswith(DOUBTFUL) and value == reached + 1 < after:
            result.add(i)
        if i in sure or i in result:
            reached = value
    return result


def _between(found: Sequence[Heading]) -> list[bool]:
    """There is room for its number between the sure ones before and after it."""
    return [
        not h.form or _has_room(h.number or 0, before, after)
        for h, before, after in zip(found, _before(found), _after(found), strict=True)
    ]


def _before(found: Sequence[Heading]) -> list[int]:
    """The number of the last sure one before each; 0 where there is none."""
    numbers, last = [], 0
    for heading in found:
        numbers.append(last)
        last = last if heading.form else heading.number or 0
    return numbers


def _after(found: Sequence[Heading]) -> list[int]:
    return _before(found[::-1])[::-1]


def _has_room(value: int, before: int, after: int) -> bool:
    if not after:
        return value > before or value == 1
    return before < value < after if before < after else value > before or value < after


def _filling(found: Sequence[Heading]) -> list[bool]:
    """It is the very one that is missing between two sure ones."""
    return [
        before + 1 == h.number == after - 1
        for h, before, after in zip(found, _before(found), _after(found), strict=True)
    ]


def _linked_by_form(found: Sequence[Heading], fits: Sequence[bool]) -> list[bool]:
    """Those that are linked with others of their form, or with those of any form."""
    result = _linked(found, fits)
    numbers: dict[str, set[int]] = {}
    for heading in found:
        numbers.setdefault(heading.form, set()).add(heading.number or 0)
    for form, own in numbers.items():
        if form and any(value + 1 in own for value in own):
            places = [i for i, h in enumerate(found) if fits[i] and h.form in ("", form)]
            linked = _linked([found[i] for i in places], [True] * len(places))
            for i, each in zip(places, linked, strict=True):
                result[i] |= each
    return result


def _linked(found: Sequence[Heading], fits: Sequence[bool]) -> list[bool]:
    """Those that count on from one before, or that another counts on from."""
    places = [i for i, each in enumerate(fits) if each]
    linked = [not h.form for h in found]
    following: dict[int, int] = {}
    ahead: dict[int, bool] = {}
    for i in reversed(places):
        value = found[i].number or 0
        ahead[i] = following.get(value + 1, len(found)) < following.get(value, len(found))
        following[value] = i
    reached = 0
    for i in places:
        value = found[i].number or 0
        onward = value == reached + 1 > 1 or (
            ahead[i] and (value > reached or value == 1 < reached)
        )
        if not found[i].form or onward:
            linked[i], reached = True, value
    return linked


def _counted_on(found: Sequence[Heading], kept: Sequence[bool]) -> list[bool]:
    """Of those that are believed, the ones that do count on; a misprint is forgiven."""
    places = [i for i, each in enumerate(kept) if each]
    result = [False] * len(found)
    reached = 0
    for i, following in zip_longest(places, places[1:]):
        heading = found[i]
        value = heading.number or 0
        after = 0 if following is None else found[following].number or 0
        if not heading.form:
            result[i], reached = True, value
        elif value == reached and heading.kind != "counted" and heading.form not in LOOSE:
            result[i] = True
            reached = after - 1 if after == reached + 2 else value
        elif _goes_on(value, reached, after, 2 if heading.form in LOOSE else LARGEST_STEP):
            result[i] = True
            reached = reached + 1 if after == reached + 2 else value
    return result


def _goes_on(value: int, reached: int, after: int, step: int) -> bool:
    if not reached or value == reached + 1 or (reached > 0 and after == reached + 2):
        return True
    if value == 1:
        return reached > 1
    far = step == LARGEST_STEP and value > reached and after == value + 1
    return reached < value <= reached + step or far
