"""A request that fits the author's passage, by templates or worded by a model."""

from __future__ import annotations

from collections.abc import Iterator

from studio.datasets import cuts, requests
from studio.datasets.cuts import Cut
from studio.datasets.example import Draft, Skipped
from studio.datasets.portrait import portrait
from studio.datasets.splits import Section
from studio.datasets.tools import Question, Tools
from studio.datasets.writers import check
from studio.domain.recipes import InstructionSpec

TOKENS = 160
"""Most of a request that a model words."""
AGAIN = 1
"""The seed of the second and last try."""


class Instruction:
    kind = "instruction"
    label = "Write what is asked for"
    Spec = InstructionSpec

    def check(self, spec: InstructionSpec) -> None:
        """Raises StudioError where text may not leave the machine."""
        check(spec.writer)

    def questions(self, section: Section, tools: Tools, spec: InstructionSpec) -> list[Question]:
        """One for each passage, where a writer words the requests."""
        if spec.writer is None:
            return []
        found = cuts.passages(section, tools, spec.passage_tokens)
        return [_question(section, cut, tools, spec) for cut in found]

    def run(
        self, section: Section, tools: Tools, spec: InstructionSpec
    ) -> Iterator[Draft | Skipped]:
        """A draft for each passage. Where a writer's request is of no use or copies from the
        passage, it is asked once more, and then the passage is left out."""
        found = list(cuts.passages(section, tools, spec.passage_tokens))
        wordings = _by_writer if spec.writer else _by_template
        for cut, request in zip(found, wordings(section, found, tools, spec), strict=True):
            if request:
                user = {"role": "user", "content": request}
                yield Draft([user, {"role": "assistant", "content": cut.text}], flags=cut.flags)
            else:
                yield Skipped("no_request")


def _by_template(
    section: Section, found: list[Cut], tools: Tools, spec: InstructionSpec
) -> list[str | None]:
    cast = tools.cast(section.manuscript)
    seen = [portrait(cut.text, section.language, cast) for cut in found]
    return [requests.worded(p, spec.aspects, c.text) for p, c in zip(seen, found, strict=True)]


def _by_writer(
    section: Section, found: list[Cut], tools: Tools, spec: InstructionSpec
) -> list[str | None]:
    first = [_question(section, cut, tools, spec) for cut in found]
    texts = [_request(a, c, section) for a, c in zip(tools.ask(first), found, strict=True)]
    missing = [i for i, text in enumerate(texts) if text is None]
    again = tools.ask([first[i]._replace(seed=AGAIN) for i in missing]) if missing else []
    for i, answer in zip(missing, again, strict=True):
        texts[i] = _request(answer, found[i], section)
    return texts


def _question(section: Section, cut: Cut, tools: Tools, spec: InstructionSpec) -> Question:
    seen = portrait(cut.text, section.language, tools.cast(section.manuscript))
    return Question(requests.asked_for(seen, spec.aspects, cut.text), TOKENS)


def _request(answer: str | None, cut: Cut, section: Section) -> str | None:
    return requests.usable(answer or "", cut.text, section.language)


plugin = Instruction()
