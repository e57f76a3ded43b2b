"""A conversation: the story is asked for piece by piece, the author's passages answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studio.datasets import cuts
from studio.datasets.cuts import Cut
from studio.datasets.example import Draft, Messages, Skipped
from studio.datasets.splits import Section
from studio.datasets.tools import Tools
from studio.domain.prompts import continuation, going_on, opening
from studio.domain.recipes import ChatSpec


class Chat:
    kind = "chat"
    label = "Tell the story in a conversation"
    Spec = ChatSpec

    def check(self, spec: ChatSpec) -> None:
        """Any length and number of turns will do."""

    def run(self, section: Section, tools: Tools, spec: ChatSpec) -> Iterator[Draft | Skipped]:
        """A draft for each ``turns`` passages; every passage is in one of them as an answer.

        The first opens with the chapter's title, each other one with the passage before it. A
        sentence that is too long ends a conversation, and the next begins after it.
        """
        told: list[Cut] = []
        before = ""
        for cut in cuts.fitting(section, tools, spec.passage_tokens):
            if isinstance(cut, Cut):
                told.append(cut)
            if told and (len(told) == spec.turns or isinstance(cut, Skipped)):
                yield _conversation(section, before, told)
                before, told = told[-1].text, []
            if isinstance(cut, Skipped):
                yield cut
        if told:
            yield _conversation(section, before, told)


def _conversation(section: Section, before: str, told: Sequence[Cut]) -> Draft:
    language = section.language
    opened = continuation(language, before) if before else [opening(language, section.title)]
    messages: Messages = [*opened, {"role": "assistant", "content": told[0].text}]
    for number, cut in enumerate(told[1:]):
        messages += [going_on(language, number), {"role": "assistant", "content": cut.text}]
    return Draft(messages)


plugin = Chat()
