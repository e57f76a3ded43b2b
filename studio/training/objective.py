"""The form of an objective: what it reads of a dataset, and the trainer that learns it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studio.domain.base import Spec
from studio.errors import StudioError
from studio.language import _
from studio.training.examples import Account, Reading, Row
from studio.training.trainers import Given


@dataclass(frozen=True)
class Objective:
    """``make`` builds the trainer, one of ``studio.training.trainers``."""

    kind: str
    label: str
    Spec: type[Spec]
    reads: Reading
    make: Callable[[Any, Given], Any]

    def check(self, rows: list[Row], account: Account) -> None:
        """Raises StudioError when there is nothing to learn from, or nothing of the right kind."""
        if not rows and account.equal:
            raise StudioError(
                _("In every pair the chosen and the rejected text are one and the same text."),
                _("There is nothing to prefer in {count} such pairs.").format(count=account.equal),
                _("Prepare the dataset again with two different texts in each pair."),
            )
        if not any(row.learned for row in rows):
            raise _nothing(self.reads)
        if self.reads == "text" and any(row.prompt for row in rows):
            raise StudioError(
                _("This way of learning reads raw text, and the dataset has requests in it."),
                _("It would learn to write the requests as well."),
                _("Learn the author's next passage instead, or prepare a dataset of raw text."),
            )
        if self.reads == "ratings" and not any(row.rejected or not row.wanted for row in rows):
            raise StudioError(
                _("Nothing in the dataset is unwanted."),
                _("This way of learning needs texts of both kinds, wanted and unwanted."),
                _("Prepare a dataset of pairs or of rated texts, or learn the next passage."),
            )

    def run(
        self,
        spec: Any,
        model: Any,
        tokenizer: Any,
        rows: list[Row],
        arguments: dict[str, Any],
        callbacks: list[Any],
    ) -> Any:
        """A trainer of ``rows``, not started yet. ``spec`` is of the class ``Spec``."""
        return self.make(spec, Given(model, tokenizer, rows, arguments, callbacks))


def _nothing(reads: Reading) -> StudioError:
    if reads == "pairs":
        return StudioError(
            _("The dataset has no pair that fits."),
            _(
                "This way of learning compares two texts in the same place, one chosen and one "
                "rejected; the dataset has none, or they are longer than the training may read."
            ),
            _("Prepare a dataset of pairs, raise the maximal length, or learn the next passage."),
        )
    return StudioError(
        _("The dataset has no passage that fits."),
        _("Every passage is longer than the longest one the training may read."),
        _("Raise the maximal length, or prepare the dataset with shorter passages."),
    )
