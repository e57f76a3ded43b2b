"""How much of each voice is left in a mix: what a writer wants to know before writing with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.domain.merges import MergePart, MergeSpec
from studio.domain.workroom import Workroom
from studio.models.source import load_tokenizer
from studio.training.examples import Row
from studio.training.measuring import Reader, held_out_of, with_adapter

PASSAGES = 24
"""Held-out passages of each voice that are read."""
LONGEST = 512
"""Tokens of a passage with what comes before it."""
MIX = "mix"


def measure(spec: MergeSpec, base: Path, mix: Path, room: Workroom) -> list[dict[str, Any]]:
    """For each voice whose dataset is known: ``adapter``, ``name``, ``weight`` and the nats a
    character on its own held-out passages of the untaught model (``base``), of the voice alone
    (``own``) and of the mix (``merged``). ``share`` is how much of what the voice gained is left,
    (base - merged) / (base - own); None where the voice itself gained nothing.

    Raises:
        Stopped: on request.
    """
    tokenizer = load_tokenizer(base)
    held_out = {
        part.adapter: held_out_of(
            room.fetch(part.dataset), room.fetch(part.adapter), tokenizer, PASSAGES, LONGEST
        )
        for part in spec.parts
        if part.dataset
    }
    known = [part for part in spec.parts if held_out.get(part.adapter)]
    if not known:
        return []
    model = _with_voices(spec, base, mix, room, {part.adapter for part in known})
    reader = Reader(model, tokenizer.pad_token_id, room, steps=3 * len(known))
    return [_row(part, held_out[part.adapter], reader) for part in known]


def _row(part: MergePart, rows: list[Row], reader: Reader) -> dict[str, Any]:
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
    model = with_adapter(base, mix, MIX)
    for part in spec.parts:
        if part.adapter in known:
            model.load_adapter(str(room.fetch(part.adapter)), part.adapter)
    return model.eval()
