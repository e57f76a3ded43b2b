"""How much of each voice is left in a mix: what a writer wants to know before writing with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from studio.domain.events import Progressed
from studio.domain.recipes import FormatterSpec
from studio.domain.specs import MergePart, MergeSpec
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.loading import best_device, load_model
from studio.models.source import load_tokenizer
from studio.training import likelihood
from studio.training.examples import Row, rows_of, spread
from studio.training.likelihood import Interrupted

PASSAGES = 24
"""Held-out passages of each voice that are read."""
LONGEST = 512
"""Tokens of a passage with what comes before it."""
MIX = "mix"


@dataclass
class _Reader:
    """Reads passages with the base model, one voice, or the mix."""

    model: Any
    pad: int
    room: Workroom
    steps: int
    step: int = 0

    def nll(self, rows: list[Row], voice: str | None) -> float:
        """Nats a character; ``voice`` None is the untaught model."""
        note = _("Reading what the voices never learned")
        self.room.emit(Progressed(step=self.step, steps=self.steps, unit=_("readings"), note=note))
        self.step += 1
        if voice is None:
            with self.model.disable_adapter():
                return self._measured(rows)
        self.model.set_adapter(voice)
        return self._measured(rows)

    def _measured(self, rows: list[Row]) -> float:
        try:
            found = likelihood.measure(self.model, rows, self.pad, self.room.stopped)
        except Interrupted:
            raise Stopped({}) from None
        return round(found.per_character, 6)


def measure(spec: MergeSpec, base: Path, mix: Path, room: Workroom) -> list[dict[str, Any]]:
    """For each voice whose dataset is known: ``adapter``, ``name``, ``weight`` and the nats a
    character on its own held-out passages of the untaught model (``base``), of the voice alone
    (``own``) and of the mix (``merged``). ``share`` is how much of what the voice gained is left,
    (base - merged) / (base - own); None where the voice itself gained nothing.

    Raises:
        Stopped: on request.
    """
    tokenizer = load_tokenizer(base)
    held_out = {part.adapter: _held_out(part, tokenizer, room) for part in spec.parts}
    known = [part for part in spec.parts if held_out[part.adapter]]
    if not known:
        return []
    model = _with_voices(spec, base, mix, room, {part.adapter for part in known})
    reader = _Reader(model, tokenizer.pad_token_id, room, steps=3 * len(known))
    return [_row(part, held_out[part.adapter], reader) for part in known]


def _row(part: MergePart, rows: list[Row], reader: _Reader) -> dict[str, Any]:
    before, own = reader.nll(rows, None), reader.nll(rows, part.adapter)
    merged = reader.nll(rows, MIX)
    gained = before - own
    return {
        "adapter": part.adapter,
        "name": part.name,
        "weight": part.weight,
        "base": before,
        "own": own,
        "merged": merged,
        "share": round((before - merged) / gained, 4) if gained > 0 else None,
    }


def _with_voices(spec: MergeSpec, base: Path, mix: Path, room: Workroom, known: set[str]) -> Any:
    """The base model with the mix and every voice that is measured, one of them in use."""
    import torch
    from peft import PeftModel

    device = best_device()
    dtype = torch.float32 if device == "cpu" else None
    model = PeftModel.from_pretrained(load_model(base, "none", device, dtype), str(mix), MIX)
    for part in spec.parts:
        if part.adapter in known:
            model.load_adapter(str(room.fetch(part.adapter)), part.adapter)
    return model.eval()


def _held_out(part: MergePart, tokenizer: Any, room: Workroom) -> list[Row]:
    """Passages of the voice's dataset that it did not learn from; none where it is not here."""
    if part.dataset is None:
        return []
    folder = room.fetch(part.dataset)
    if not (folder / "validation.jsonl").is_file():
        raise StudioError(
            _("The dataset of the voice {name} is damaged.").format(name=part.name),
            _("It has no file {name}.").format(name="validation.jsonl"),
            _("Mix without measuring, or prepare the dataset again."),
        )
    rows, _account = rows_of(folder / "validation.jsonl", tokenizer, _formatter(folder), LONGEST)
    return spread([row for row in rows if row.learned], PASSAGES)


def _formatter(dataset: Path) -> FormatterSpec:
    path = dataset / "recipe.json"
    recipe = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = recipe.get("spec", {}).get("formatter", "chat-template")
    return TypeAdapter[FormatterSpec](FormatterSpec).validate_python(found)
