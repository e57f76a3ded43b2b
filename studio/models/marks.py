"""Which strings a tokenizer takes for marks, and how text is cut so that it never writes one.

What a person wrote is always characters: a story that holds ``<|im_end|>`` holds ten letters and
signs. Training and the desk cut such a text in the same place and encode what goes on in the same
way, so that both have the same ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

Span = tuple[int, int]
Encode = Callable[[str], Sequence[int]]

GUARDS = ("\n", "1", "|", "。")
"""Characters before a text that goes on from another: the first that stays a token of its own."""
LEFT, RIGHT = "left", "right"
Sides = tuple[str, ...]
_SPACES = "".join(c for c in map(chr, range(0x3001)) if c.isspace() and not "\x1c" <= c <= "\x1f")
"""White space as the tokenizers know it, which is that of Unicode; Python knows four more."""
_SIGN = re.compile(r"<[|｜].*[|｜]>", re.S)


class Marks:
    """``controls`` are those at which writing stops; ``others`` are marks within a turn.

    ``strips`` are marks that take the white space beside them along when transformers finds them,
    and on which sides. llama.cpp does not, so that no text for a model holds any there.
    """

    def __init__(
        self,
        controls: Iterable[str],
        others: Iterable[str] = (),
        strips: Mapping[str, Sides] | None = None,
    ) -> None:
        self.strips = dict(strips or {})
        self.controls = frozenset(mark for mark in controls if mark)
        self._all = self.controls.union(filter(None, others))
        lengths: dict[str, set[int]] = {}
        for mark in self._all:
            lengths.setdefault(mark[0], set()).add(len(mark))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}
        firsts = "".join(map(re.escape, self._lengths))
        self._firsts = re.compile(f"[{firsts}]" if firsts else r"(?!)")

    def control_at(self, text: str, place: int) -> int:
        """Where the mark ends that begins at this place and ends a turn; 0 where there is none."""
        for length in self._lengths.get(text[place : place + 1], ()):
            if text[place : place + length] in self.controls:
                return min(place + length, len(text))
        return 0

    def control_within(self, text: str, start: int, end: int) -> int:
        """Where the first such mark between two places ends; 0 where there is none."""
        for found in self._firsts.finditer(text, start, end):
            if stop := self.control_at(text[:end], found.start()):
                return stop
        return 0

    def cuts(self, text: str, words: Sequence[Span]) -> list[int]:
        """Where the text has to be cut so that nothing within ``words`` is read as a mark, or taken
        along by one: after the first character of everything that looks like one, and between
        white space and a mark."""
        beside = (place for place, _end in self._beside(text, words))
        found = [place for place in beside if any(place in span for span in words)]
        for first in self._firsts.finditer(text) if words else ():
            place = first.start()
            for length in self._lengths[text[place]]:
                mark = text[place : place + length]
                reached = place + len(mark)
                if (
                    mark[1:]
                    and mark in self._all
                    and any(a < reached and place < b for a, b in words)
                ):
                    found.append(place + 1)
                    break
        return sorted(set(found))

    def taken(self, text: str, words: Sequence[Span]) -> list[Span]:
        """White space of a template that its marks take along; of ``words`` none is."""
        found: set[Span] = set()
        edges = [edge for span in words for edge in span]
        for place, end in self._beside(text, words):
            if place < end:
                end = min([end, *(edge for edge in edges if edge >= place)])
            else:
                place, end = max([end, *(edge for edge in edges if edge <= place)]), place
            if place < end:
                found.add((place, end))
        return sorted(found)

    def _beside(self, text: str, words: Sequence[Span]) -> Iterator[Span]:
        """From where to where white space lies beside a mark of a template that takes it along,
        beginning at the mark."""
        reached = 0
        for first in self._firsts.finditer(text) if self.strips else ():
            place = first.start()
            mark = self._mark_at(text, place) if place >= reached else ""
            if not mark or any(a < place + len(mark) and place < b for a, b in words):
                continue
            reached = place + len(mark)
            sides = self.strips.get(mark, ())
            before = len(text[:place].rstrip(_SPACES))
            after = len(text) - len(text[reached:].lstrip(_SPACES))
            if LEFT in sides and before < place:
                yield place, before
            if RIGHT in sides and reached < after:
                yield reached, after

    def _mark_at(self, text: str, place: int) -> str:
        found = (text[place : place + length] for length in self._lengths.get(text[place], ()))
        return next((mark for mark in found if mark in self._all), "")


def is_mark(content: str, control: bool) -> bool:
    """Whether an added token is a mark. Runs of spaces and words that were added to a vocabulary
    are how a text is usually written, and are none."""
    if control or _SIGN.fullmatch(content):
        return True
    inner = content.strip()
    framed = len(inner) > 2 and not (inner[0].isalnum() or inner[-1].isalnum())
    return framed and any(letter.isalnum() for letter in inner)


def marks_of(tokenizer: Any) -> Marks:
    """The marks of a tokenizer of transformers, found once for as many tokens as it has."""
    known = _KNOWN.get(tokenizer)
    if known is None or known[0] != len(tokenizer):
        known = _KNOWN[tokenizer] = (len(tokenizer), _found(tokenizer))
    return known[1]


_KNOWN: WeakKeyDictionary[Any, tuple[int, Marks]] = WeakKeyDictionary()


def _found(tokenizer: Any) -> Marks:
    added = tokenizer.added_tokens_decoder.values()
    controls = {t.content for t in added if t.special or _SIGN.fullmatch(t.content)}
    controls.update(tokenizer.all_special_tokens)
    sides = {t.content: (LEFT,) * bool(t.lstrip) + (RIGHT,) * bool(t.rstrip) for t in added}
    strips = {mark: those for mark, those in sides.items() if those and mark.strip()}
    return Marks(controls, (t.content for t in added if is_mark(t.content, False)), strips)


def parts(text: str, cuts: Sequence[int]) -> list[str]:
    """The text in the pieces between its cuts."""
    edges = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


def guard(encode: Encode, part: str) -> str:
    """What to put before a part that goes on from another, so that a tokenizer which begins each
    text with a space puts none there. Its ids come before those of the part, and are dropped."""
    if list(encode("1a")) == [*encode("1"), *encode("a")]:
        return ""
    for before in GUARDS:
        head = list(encode(before))
        if head and list(encode(before + part))[: len(head)] == head:
            return before
    return ""


def ids_of(text: str, cuts: Sequence[int], encode: Encode) -> list[int]:
    """Ids of a text that is cut in these places."""
    first, *more = parts(text, cuts)
    ids = list(encode(first))
    for part in more:
        before = guard(encode, part)
        ids += list(encode(before + part))[len(encode(before)) if before else 0 :]
    return ids
