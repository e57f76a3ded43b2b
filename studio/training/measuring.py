"""How well a voice, and its untaught base model, foretell what the voice never learned."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.datasets import stored
from studio.domain.events import Progressed
from studio.domain.merges import MeasureSpec
from studio.domain.provenance import Manner, manner_of
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.loading import load_model
from studio.models.source import folder_of, load_tokenizer
from studio.training import likelihood
from studio.training.examples import Row, rows_of, spread
from studio.training.likelihood import Interrupted

PASSAGES = 64
"""Held-out passages that are read, as many as a lesson measures unless it is told otherwise."""
LONGEST = 2048
"""Tokens of a passage with what comes before it."""
VOICE = "voice"


def run(spec: MeasureSpec, room: Workroom) -> dict[str, Any]:
    """Measure, and store the figures with the voice.

    Raises:
        StudioError: the dataset holds nothing out, or does not fit into memory with the model.
        Stopped: on request.
    """
    base = folder_of(spec.model, room.fetch)
    tokenizer = load_tokenizer(base)
    rows = held_out_of(
        room.fetch(spec.dataset), room.fetch(spec.adapter), tokenizer, PASSAGES, LONGEST
    )
    if not rows:
        raise StudioError(
            _("There is nothing to measure the voice on."),
            _("The dataset holds no passage out that it could be measured on."),
            _("Choose another dataset, or prepare this one with a larger held-out share."),
        )
    model = with_adapter(base, room.fetch(spec.adapter), VOICE)
    reader = Reader(model, tokenizer.pad_token_id, room, steps=2)
    figures = {
        "nll_before": reader.nll(rows, None),
        "nll_after": reader.nll(rows, VOICE),
        "passages": len(rows),
    }
    facts = {"adapter": spec.adapter, "dataset": spec.dataset, **figures}
    folder = room.folder / "measurement"
    folder.mkdir()
    (folder / "measurement.json").write_text(json.dumps(facts, indent=1), "utf-8")
    room.produce("measurement", folder, "measurement", facts)
    return figures


@dataclass
class Reader:
    """Reads passages with the base model, or one of the adapters that ``model`` has."""

    model: Any
    pad: int
    room: Workroom
    steps: int
    step: int = 0

    def nll(self, rows: list[Row], adapter: str | None) -> float:
        """Nats a character; without an adapter of the untaught model.

        Raises:
            Stopped: on request.
        """
        note = _("Reading what the voices never learned")
        self.room.emit(Progressed(step=self.step, steps=self.steps, unit=_("readings"), note=note))
        self.step += 1
        if adapter is None:
            with self.model.disable_adapter():
                return self._measured(rows)
        self.model.set_adapter(adapter)
        return self._measured(rows)

    def _measured(self, rows: list[Row]) -> float:
        try:
            found = likelihood.measure(self.model, rows, self.pad, self.room.stopped)
        except Interrupted:
            raise Stopped({}) from None
        return round(found.per_character, 6)


def with_adapter(base: Path, adapter: Path, name: str) -> Any:
    """The base model with an adapter of this name, on the best device there is."""
    from peft import PeftModel

    return PeftModel.from_pretrained(load_model(base), str(adapter), name).eval()


def held_out_of(
    dataset: Path, adapter: Path, tokenizer: Any, count: int, longest: int
) -> list[Row]:
    """At most ``count`` passages that nothing learned from, evenly over all there are, in the form
    that the voice was taught in."""
    path = dataset / "validation.jsonl"
    if not path.is_file():
        raise StudioError(
            _("The dataset is damaged."),
            _("It has no file {name}.").format(name=path.name),
            _("Prepare the dataset again, or go on without measuring."),
        )
    manner = manner_of(adapter) or Manner(formatter=stored.formatter(dataset))
    rows, _account = rows_of(path, tokenizer, manner.formatter, longest, template=manner.template)
    return spread([row for row in rows if row.learned], count)
