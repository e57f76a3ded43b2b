"""How a template begins and ends a turn: what is learned of it, and what the desk asks with.

Both come from here. What is asked is the beginning of what was learned, up to the first letter of
the answer, whatever a template puts there on its own: an empty think block is left out of both.
An answer is learned with the mark at which writing stops.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from studio.errors import StudioError
from studio.language import _
from studio.models.marks import Marks, Span
from studio.models.templates import Rendered

Messages = Sequence[dict[str, str]]
Render = Callable[[Messages, bool], Rendered]
"""Writes turns, with or without asking for an answer; raises StudioError where it cannot."""

EMPTY = re.compile(r"(?:<([^<>\s/]+)>\s*</\1>|\[([^\[\]\s/]+)\]\s*\[/\2\])\s*$")
"""A block that a template opens and closes again before an answer, with nothing in it."""
SHOWN = 40
"""Characters of a turn that an error shows."""
ASKED = {"role": "user", "content": "What came in on the tide?"}
TOLD = {"role": "assistant", "content": "Nothing that anybody spoke of."}


class Written(NamedTuple):
    """A conversation as text."""

    text: str
    words: tuple[Span, ...]
    """What people wrote: characters, whatever mark they look like."""
    learned: tuple[Span, ...]
    """The answers, each with the mark that ends it."""
    unlearned: int = 0
    """Answers that the template leaves out, or marks as not to be learned."""


@dataclass(frozen=True)
class Form:
    """A template at work with the marks of one tokenizer."""

    render: Render
    marks: Marks

    def asked(self, messages: Messages, *, untaught: bool = False) -> Written:
        """The text up to where the answer begins. To an ``untaught`` model an empty think block
        is shown where the template has one, so that it writes at once.

        Raises:
            StudioError: the template does not take these turns, or leaves an answer out.
        """
        whole = self.render([*messages, TOLD], False)
        whole = whole if untaught else _stripped(whole, [*messages, TOLD])
        _check_said(whole, messages)
        start = self._start(whole, _span(whole, len(messages)))
        words = tuple((a, b) for _n, a, b in whole.words if b <= start)
        return self._tight(Written(whole.text[:start], words, ()))

    def told(self, messages: Messages) -> Written:
        """The whole text, and what of it is learned.

        Raises:
            StudioError: the template does not take these turns, leaves one of them out or changes
                its words, or ends the answer with nothing that writing could stop at.
        """
        whole = _stripped(self.render(messages, False), messages)
        _check_answer(whole, messages)
        _check_said(whole, messages)
        _check_unchanged(whole, messages)
        answers = [n for n, turn in enumerate(messages) if turn["role"] == "assistant"]
        if answers and answers[-1] == len(messages) - 1:
            whole = self._ended(whole, answers[-1])
        learned = []
        for number in answers:
            span = _found(whole, number)
            if span is not None and _is_learned(whole, span):
                learned.append((self._start(whole, span), self._end(whole, span)))
        words = tuple((a, b) for _n, a, b in whole.words)
        unlearned = len(answers) - len(learned)
        return self._tight(Written(whole.text, words, tuple(learned), unlearned))

    def check(self) -> None:
        """Raises StudioError where an answer ends with nothing that writing could stop at, or is
        left out. A template that does not take a plain question says so of each conversation."""
        try:
            self.render([ASKED, TOLD], False)
        except StudioError:
            return
        self.told([ASKED, TOLD])

    @property
    def asks_as_it_begins(self) -> bool:
        """Whether what it writes to ask for an answer is how it begins one."""
        return self._opening is not None

    def _tight(self, written: Written) -> Written:
        """Without the white space that the template's marks take along."""
        for a, b in reversed(self.marks.taken(written.text, written.words)):
            written = Written(
                written.text[:a] + written.text[b:],
                _moved(written.words, a, b),
                _moved(written.learned, a, b),
                written.unlearned,
            )
        return written

    def _start(self, whole: Rendered, span: Span) -> int:
        """Where an answer begins to be learned: with the space in front of it where that is no
        part of what asks for it."""
        start, lead = span[0], self._opening or ""
        return start - len(lead) if whole.text[:start].endswith(lead) else start

    def _end(self, whole: Rendered, span: Span) -> int:
        """Where the mark after an answer ends; where there is none, the answer itself."""
        end = span[1]
        for a, b in whole.learned or ():
            if a <= span[0] and span[1] <= b:
                end = b
        stop = self.marks.control_within(whole.text, span[1], end) or self._mark(whole.text, end)
        return stop or end

    def _mark(self, text: str, place: int) -> int:
        """The end of a control mark right here, behind nothing but white space."""
        rest = text[place:]
        return self.marks.control_at(text, place + len(rest) - len(rest.lstrip()))

    def _ended(self, whole: Rendered, number: int) -> Rendered:
        """The text with the mark that ends its last answer, where that is how the next turn would
        begin."""
        span = _span(whole, number)
        if self._end(whole, span) > span[1] and self._stops(whole, span):
            return whole
        if not self._closing:
            raise _endless()
        return whole._replace(text=whole.text[: span[1]] + self._closing)

    def _stops(self, whole: Rendered, span: Span) -> bool:
        end = self._end(whole, span)
        return bool(self.marks.control_within(whole.text, span[1], end))

    @cached_property
    def _opening(self) -> str | None:
        """White space that stands between what asks and an answer; None where what asks is not
        how a whole conversation begins."""
        try:
            whole = _stripped(self.render([ASKED, TOLD], False), [ASKED, TOLD])
            asked = self.render([ASKED], True).text
        except StudioError:
            return None
        start = _span(whole, 1)[0]
        between = whole.text[len(asked) : start]
        if whole.text[:start].startswith(asked) and not between.strip():
            return between
        return None

    @cached_property
    def _closing(self) -> str:
        """What stands between an answer and the next turn, up to the end of its first mark."""
        turns = [ASKED, TOLD, ASKED]
        try:
            whole = _stripped(self.render(turns, False), turns)
        except StudioError:
            return ""
        span = _span(whole, 1)
        return whole.text[span[1] : self._mark(whole.text, span[1])]


def _check_answer(whole: Rendered, messages: Messages) -> None:
    if messages and messages[-1]["role"] == "assistant":
        span = _span(whole, len(messages) - 1)
        if not _is_learned(whole, span):
            raise _left_out(
                _("It marks the last answer as not to be learned."),
                _("Put {% generation %}…{% endgeneration %} around the assistant's content."),
            )


def _check_said(whole: Rendered, messages: Messages) -> None:
    for number, turn in enumerate(messages):
        told, found = turn["content"].strip(), _found(whole, number)
        if found is None and told and turn["role"] != "assistant":
            raise StudioError(
                _("The template leaves out what a turn says."),
                _("A turn of the {role} is not in what it writes, or not whole: “{text}”.").format(
                    role=turn["role"], text=told[:SHOWN]
                ),
                _("Leave out the system turn, or choose another format.")
                if turn["role"] == "system"
                else _("Choose another format."),
            )


def _check_unchanged(whole: Rendered, messages: Messages) -> None:
    for number, a, b in whole.words:
        told, written = messages[number]["content"].strip(), whole.text[a:b].strip()
        if written != told:
            raise _changed(told, written)


def _found(whole: Rendered, number: int) -> Span | None:
    return next(((a, b) for n, a, b in whole.words if n == number), None)


def _span(whole: Rendered, number: int) -> Span:
    """Where the words of an answer stand that must be there."""
    found = _found(whole, number)
    if found is None:
        raise _left_out(
            _("What it writes of a whole conversation lacks the last answer, or a part of it."),
            _("Let it write the content of each turn as it is, or choose another format."),
        )
    return found


def _is_learned(whole: Rendered, span: Span) -> bool:
    return whole.learned is None or any(a < span[1] and span[0] < b for a, b in whole.learned)


def _stripped(whole: Rendered, messages: Messages) -> Rendered:
    """Without the empty blocks that the template puts before answers."""
    gone: list[Span] = []
    for (_before, _start, end), (number, start, _end) in pairwise([(-1, 0, 0), *whole.words]):
        if messages[number]["role"] == "assistant" and _asks_something(messages, number):
            found = EMPTY.search(whole.text, end, start)
            if found:
                gone.append((found.start(), start))
    for a, b in reversed(gone):
        whole = _without(whole, a, b)
    return whole


def _asks_something(messages: Messages, number: int) -> bool:
    """Whether a block that is empty is so because the turn before says nothing."""
    return number > 0 and bool(messages[number - 1]["content"].strip())


def _without(whole: Rendered, a: int, b: int) -> Rendered:
    numbers = [number for number, _x, _y in whole.words]
    places = _moved([(x, y) for _number, x, y in whole.words], a, b)
    return Rendered(
        whole.text[:a] + whole.text[b:],
        None if whole.learned is None else _moved(whole.learned, a, b),
        tuple((n, x, y) for n, (x, y) in zip(numbers, places, strict=True)),
    )


def _moved(spans: Sequence[Span], a: int, b: int) -> tuple[Span, ...]:
    """Where they are once the text from a to b is gone."""

    def moved(place: int) -> int:
        return place if place <= a else max(a, place - (b - a))

    return tuple((moved(x), moved(y)) for x, y in spans)


def _changed(told: str, written: str) -> StudioError:
    places = enumerate(zip(told, written, strict=False))
    first = next((n for n, (a, b) in places if a != b), min(len(told), len(written)))
    shown = slice(max(0, first - SHOWN // 2), first + SHOWN // 2)
    return StudioError(
        _("The template changes what a turn says."),
        _("Of “{told}” it makes “{written}”.").format(told=told[shown], written=written[shown]),
        _("Let it write the content of each turn as it is, or choose another format."),
    )


def _left_out(why: str, remedy: str) -> StudioError:
    return StudioError(_("The template leaves the answer out."), why, remedy)


def _endless() -> StudioError:
    return StudioError(
        _("The template does not say where an answer ends."),
        _("It ends an answer with no special token, so that the voice would never learn to stop."),
        _("Write {{ eos_token }} behind the answer, or choose another format, such as ChatML."),
    )
