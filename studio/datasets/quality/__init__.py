"""What does not belong in a dataset, and is left out of it by count; what is worth a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, get_args

from studio.datasets.example import CUT_SENTENCE, Example
from studio.datasets.quality import duplicates, leakage, personal, prose
from studio.domain.recipes import Quality

Reason = Literal["equal", "repeated", "duplicates", "near_duplicates", "non_prose"]
REASONS: tuple[Reason, ...] = get_args(Reason)
SHORT = 32
"""Characters under which the same answer to two questions is no repetition."""
TOLD = 120
"""Characters of an example by which a person knows it again."""
LISTED = 200
"""Examples left out that are told one by one."""


class Removed(NamedTuple):
    """``like`` is the id of the example it repeats, where it was left out for that."""

    example: Example
    reason: Reason
    like: str | None = None
    similarity: float | None = None

    def told(self) -> dict[str, Any]:
        """For the statistics: ``id``, ``chapter``, ``reason``, ``like``, ``similarity`` and how
        its ``text`` begins."""
        return {
            "id": self.example.id,
            "chapter": self.example.chapter,
            "reason": self.reason,
            "like": self.like,
            "similarity": self.similarity and round(self.similarity, 3),
            "text": self.example.completion[:TOLD],
        }


class Screened(NamedTuple):
    train: list[Example]
    validation: list[Example]
    removed: list[Removed]

    @property
    def left_out(self) -> dict[str, int]:
        """How many examples each reason took out."""
        counts = Counter(each.reason for each in self.removed)
        return {reason: counts[reason] for reason in REASONS}


def screen(train: Sequence[Example], validation: Sequence[Example], wanted: Quality) -> Screened:
    """The examples that may stay, each with its flags.

    What stands on both sides stays on the held-out one: a refrain in both would make the
    held-out figure too good to be true. Of several alike on one side, the first stays. Lists are
    flagged and stay, since a story may hold one. A pair whose two texts are one and the same
    prefers nothing, and goes.
    """
    held, learned = [flagged(e) for e in validation], [flagged(e) for e in train]
    removed = [Removed(e, "equal") for e in (*held, *learned) if e.is_equal]
    if wanted.non_prose:
        removed += _non_prose(_without([*held, *learned], removed))
    held, learned = _without(held, removed), _without(learned, removed)
    removed += _standing_in(held, learned)
    learned = _without(learned, removed)
    removed += _alike([*held, *learned], wanted.near_duplicates)
    return Screened(_without(learned, removed), _without(held, removed), removed)


def flagged(example: Example) -> Example:
    """The example with what is worth a look: signs of personal data in any of its turns, and
    what kind of non-prose its completion is. How it was cut stays."""
    turns = "\n".join([*(turn.content for turn in example.messages), example.rejected or ""])
    other = prose.non_prose(example.completion)
    is_cut = CUT_SENTENCE in example.flags
    flags = (
        *([CUT_SENTENCE] if is_cut else []),
        *personal.kinds(turns),
        *([other] if other else []),
    )
    return example if flags == example.flags else example.model_copy(update={"flags": flags})


def written(example: Example) -> str:
    """What a model learns to write: all that the assistant says."""
    return "\n\n".join(turn.content for turn in example.messages if turn.role == "assistant")


def _without(examples: Sequence[Example], removed: Sequence[Removed]) -> list[Example]:
    gone = {id(each.example) for each in removed}
    return [example for example in examples if id(example) not in gone]


def _non_prose(examples: Sequence[Example]) -> Iterator[Removed]:
    for example in examples:
        if not {"contents", "copyright", "index"}.isdisjoint(example.flags):
            yield Removed(example, "non_prose")


def _standing_in(held: Sequence[Example], learned: Sequence[Example]) -> Iterator[Removed]:
    """Examples to learn whose whole completion stands somewhere in what is held back."""
    known = leakage.Known("\n\n".join(example.completion for example in held), SHORT)
    for example in learned:
        if len(example.completion) >= SHORT and example.completion in known:
            yield Removed(example, "repeated")


def _alike(examples: Sequence[Example], threshold: float | None) -> Iterator[Removed]:
    """Held-out examples come first, so that they stay."""
    for twin in duplicates.twins([_compared(example) for example in examples], threshold):
        reason: Reason = "duplicates" if twin.similarity == 1 else "near_duplicates"
        yield Removed(examples[twin.number], reason, examples[twin.of].id, twin.similarity)


def _compared(example: Example) -> str:
    """What is written; a short answer, or one of a pair, counts with what goes before it."""
    text = written(example)
    if len(text) >= SHORT and example.rejected is None:
        return text
    return "\n\n".join([*(turn.content for turn in example.messages), example.rejected or ""])
