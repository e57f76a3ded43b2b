"""Examples that a model makes up about given topics, and grades."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from studio.datasets import answers, topics
from studio.datasets.example import Draft, Reason, Skipped
from studio.datasets.likeness import NEARLY, likeness
from studio.datasets.splits import Section
from studio.datasets.tools import Question, Tools
from studio.datasets.writers import check
from studio.domain.recipes import SyntheticSpec


class Synthetic:
    kind = "synthetic"
    label = "Made up about topics"
    Spec = SyntheticSpec

    def check(self, spec: SyntheticSpec) -> None:
        """Raises StudioError where the topics may not leave the machine."""
        check(spec.writer)

    def questions(self, section: Section, tools: Tools, spec: SyntheticSpec) -> list[Question]:
        """One for each section of ``studio.datasets.topics``."""
        return [_question(section, spec)]

    def run(self, section: Section, tools: Tools, spec: SyntheticSpec) -> Iterator[Draft | Skipped]:
        """The examples of one answer, without copies of each other and without those that are
        graded too low."""
        count = topics.wanted(section, spec)
        (answer,) = tools.ask([_question(section, spec)])
        found = answers.drafts_of(answer or "")[:count]
        kept = _distinct(found)
        yield from [Skipped("unreadable")] * (count - len(found))
        yield from [Skipped("copied")] * (len(found) - len(kept))
        for draft, reason in zip(kept, _verdicts(kept, section, tools, spec), strict=True):
            in_voice = topics.in_character(draft, section) if spec.form == "character" else draft
            yield Skipped(reason) if reason else in_voice


def _question(section: Section, spec: SyntheticSpec) -> Question:
    tokens = spec.tokens * topics.wanted(section, spec)
    return Question(topics.request(section, spec), tokens, seed=section.chapter)


def _distinct(drafts: Sequence[Draft]) -> list[Draft]:
    kept: list[Draft] = []
    for draft in drafts:
        text = draft.messages[-1]["content"]
        if all(likeness(text, other.messages[-1]["content"]) < NEARLY for other in kept):
            kept.append(draft)
    return kept


def _verdicts(
    drafts: Sequence[Draft], section: Section, tools: Tools, spec: SyntheticSpec
) -> list[Reason | None]:
    """Why each example is left out; None for those that stay."""
    if not spec.judged:
        return [None] * len(drafts)
    asked = [
        Question(topics.grading(draft, section.language), topics.GRADE_TOKENS) for draft in drafts
    ]
    return [_verdict(answer, spec) for answer in tools.ask(asked)]


def _verdict(answer: str | None, spec: SyntheticSpec) -> Reason | None:
    grade = answers.grade_of(answer or "")
    if grade is None:
        return "ungraded"
    return "graded_low" if grade < spec.least_grade else None


plugin = Synthetic()
