"""A request becomes token ids that fit: what is too long loses its oldest words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.domain.prompts import parts
from studio.domain.recipes import Template
from studio.domain.writing import WriteSpec
from studio.errors import StudioError
from studio.inference.runtime import Runtime
from studio.inference.template import form_of
from studio.language import _

BREAKS = (r"\n\s*", r"[.!?…。！？]['\"”’」』）)]*\s*", r"\s+|[，、；：]")
"""Where a text may begin, best first: a line, a sentence, a word."""
REACH = 400
"""How many characters further on a better place to begin is looked for."""
Turn = Mapping[str, str]


@dataclass(frozen=True)
class Prompt:
    ids: list[int]
    room: int
    """How many tokens may be written before the context is full."""
    shortened: bool


def build(spec: WriteSpec, runtime: Runtime) -> Prompt:
    """The prompt's ids, in at most the context less what is to be written (or half of it).

    Raises:
        StudioError: the turns cannot be formatted, or there is nothing to write from.
    """
    context = min(spec.context_tokens, runtime.context)
    budget = context - min(spec.max_tokens, context // 2)
    if spec.raw is not None:
        ids, shortened = _fit_raw(spec.raw, runtime, budget)
    else:
        ids, shortened = _fit_turns(spec, runtime, budget)
    if not ids:
        raise StudioError(
            _("There is nothing to write from."),
            _("The prompt is empty."),
            _("Write a first sentence, then let the studio go on."),
        )
    return Prompt(ids, min(spec.max_tokens, context - len(ids)), shortened)


def later_start(text: str, at: int) -> int:
    """Where to begin a text that must lose its first ``at`` characters: a good place soon after."""
    window = text[at : at + REACH]
    for pattern in BREAKS:
        found = re.search(pattern, window)
        if found and at + found.end() < len(text):
            return at + found.end()
    return at


def ids_of_turns(
    turns: Sequence[Turn],
    runtime: Runtime,
    *,
    template: Template | None = None,
    untaught: bool = False,
) -> list[int]:
    """The ids of what asks for an answer to these turns, in the model's own format or in the
    template's, as training saw it. An ``untaught`` model is shown that there is nothing to think
    about.

    Raises:
        StudioError: the model has no chat template, or it refuses these turns.
    """
    form = form_of(runtime, template)
    written = form.asked([dict(turn) for turn in turns], untaught=untaught)
    return runtime.ids_of(written.text, written.words)


def ids_as_taught(
    turns: Sequence[Turn], runtime: Runtime, template: Template | None = None
) -> tuple[list[int], list[int]]:
    """The ids of a whole conversation, and those with a cut before its last answer: training has
    the second where a token would reach across.

    Raises:
        StudioError: the model has no chat template, or it refuses these turns.
    """
    written = form_of(runtime, template).told([dict(turn) for turn in turns])
    starts = [start for start, _end in written.learned[-1:]]
    whole = runtime.ids_of(written.text, written.words)
    return whole, runtime.ids_of(written.text, written.words, starts)


def ids_of_text(text: str, runtime: Runtime) -> list[int]:
    """The ids of raw text, as training saw it, behind the mark that begins one."""
    return [*runtime.tokenise("", special=False), *runtime.ids_of(text, [(0, len(text))])]


def _fit_raw(text: str, runtime: Runtime, budget: int) -> tuple[list[int], bool]:
    ids = ids_of_text(text, runtime)
    shortened = len(ids) > budget
    while len(ids) > budget:
        text = text[_cut(text, len(ids) - budget, len(ids)) :]
        ids = ids_of_text(text, runtime)
    return ids, shortened


def _fit_turns(spec: WriteSpec, runtime: Runtime, budget: int) -> tuple[list[int], bool]:
    """Drop the oldest turns first (a system turn stays), then the beginning of what came before,
    and last the beginning of what is said about the story."""
    turns: Sequence[Turn] = spec.messages

    def ids_of() -> list[int]:
        untaught = spec.template is None  # a voice brings the template that it was taught with
        return ids_of_turns(turns, runtime, template=spec.template, untaught=untaught)

    ids = ids_of()
    shortened = len(ids) > budget
    while len(ids) > budget:
        shorter = _without_oldest(turns) or _shorter(turns, len(ids) - budget, runtime, spec.about)
        if shorter is None:
            return ids[-budget:], True
        turns = shorter
        ids = ids_of()
    return ids, shortened


def _without_oldest(turns: Sequence[Turn]) -> list[Turn] | None:
    """Without the oldest question and its answer; None when only the last question is left."""
    system = [turn for turn in turns[:1] if turn["role"] == "system"]
    rest = list(turns[len(system) :])
    return [*system, *rest[2:]] if len(rest) > 2 else None


def _shorter(turns: Sequence[Turn], excess: int, runtime: Runtime, about: str) -> list[Turn] | None:
    """The last turn keeps its first paragraph (the instruction) and loses what comes after it."""
    last = turns[-1]
    asked, told, before = parts(last["content"], about)
    if before:
        content = asked + told + before[_later(before, excess, runtime) :]
    elif told:
        content = asked + told[_later(told, excess, runtime) :]
    else:
        return None
    return [*turns[:-1], {**last, "content": content}]


def _later(text: str, excess: int, runtime: Runtime) -> int:
    return _cut(text, excess, len(runtime.ids_of(text, [(0, len(text))])))


def _cut(text: str, excess: int, tokens: int) -> int:
    """Characters to drop from the left so that about ``excess`` of its ``tokens`` go."""
    at = -(-len(text) * excess // max(1, tokens))
    return max(1, later_start(text, min(at, len(text))))
