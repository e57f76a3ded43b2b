"""A conversation: the story is asked for piece by piece, the author's passages answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studio.datasets import cuts
from studio.datasets.cuts import Cut
from studio.datasets.example import Draft, Messages
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

    def run(self, section: Section, tools: Tools, spec: ChatSpec) -> Iterator[Draft]:
        """A draft for each ``turns`` passages; every passage is in one of them as an answer.

        The first opens with the chapter's title, each other one with the passage before it.
        """
        found = list(cuts.passages(section, tools, spec.passage_tokens))
        for first in range(0, len(found), spec.turns):
            before = found[first - 1].standing if first else ""
            yield _conversation(section, before, found[first : first + spec.turns])


def _conversation(section: Section, before: str, told: Sequence[Cut]) -> Draft:
    language = section.language
    opened = continuation(language, before) if before else [opening(language, section.title)]
    messages: Messages = [*opened, {"role": "assistant", "content": told[0].text}]
    for number, cut in enumerate(told[1:]):
        messages += [going_on(language, number), {"role": "assistant", "content": cut.text}]
    return Draft(messages, flags=tuple(dict.fromkeys(f for cut in told for f in cut.flags)))


plugin = Chat()
