"""An adapter put into its base model for good: a model that stands alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from studio.domain.events import Progressed
from studio.domain.models import ModelFacts
from studio.domain.workroom import Stopped, Workroom
from studio.errors import StudioError
from studio.language import _
from studio.models.loading import load_model
from studio.models.source import SOURCE, TOKENIZERS, validate

BYTES = 4
"""Of a weight while it is computed with, in 32 bits."""
SPARE = 500_000_000
"""Bytes of disk and of memory that are left to others."""
SHARD = "4GB"
PROBE = 64
"""Tokens on which the stored model is held against base + adapter."""
COMPANIONS = (
    *TOKENIZERS, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "chat_template.jinja", "chat_template.json", "vocab.json", "merges.txt",
)  # fmt: skip
"""What goes with the weights unchanged."""


@dataclass(frozen=True)
class Standalone:
    """``difference`` is the largest in logits between the stored model and base + adapter."""

    folder: Path
    facts: ModelFacts
    difference: float


def check_room(facts: ModelFacts, folder: Path) -> None:
    """Before anything is computed.

    Raises:
        StudioError: the disk or the memory cannot hold the model.
    """
    # The store takes a copy before the scratch folder lets go of its own.
    needed, free = 2 * facts.bytes + SPARE, shutil.disk_usage(folder).free
    if free < needed:
        raise _too_little(_("The disk has no room for the new model."), needed, free)
    needed, free = facts.parameters * BYTES + SPARE, psutil.virtual_memory().available
    if free < needed:
        raise _too_little(_("The memory has no room for the model."), needed, free)


def _too_little(what: str, needed: int, free: int) -> StudioError:
    return StudioError(
        what,
        _("It needs {needed:.1f} GB, and {free:.1f} GB are free.").format(
            needed=needed / 1e9, free=free / 1e9
        ),
        _("Free some, then press Retry. A mix can become a new voice instead, which takes little."),
    )


def build(name: str, base: Path, adapter: Path, room: Workroom) -> Standalone:
    """The base model of ``base``, read again uncompressed, with the adapter in its weights.

    It is computed in 32 bits on the processor and stored as the base model was.

    Raises:
        Stopped: on request, between two steps.
    """
    import torch
    from peft import PeftModel

    facts = validate(base)
    _tell(room, 0)
    together = PeftModel.from_pretrained(
        load_model(base, device="cpu", dtype=torch.float32), str(adapter)
    ).eval()
    expected = _logits(together)
    _tell(room, 1)
    whole = together.merge_and_unload(safe_merge=True)
    folder = room.folder / "model"
    _tell(room, 2)
    _save(whole, base, folder, facts, name)
    del whole, together
    _tell(room, 3)
    stored = load_model(folder, device="cpu", dtype=torch.float32)
    difference = float((_logits(stored) - expected).abs().max())
    return Standalone(folder, validate(folder), difference)


def _tell(room: Workroom, step: int) -> None:
    if room.stopped():
        raise Stopped({})
    notes = (
        _("Reading the base model"),
        _("Putting the voice into it"),
        _("Storing the new model"),
        _("Comparing it with the original"),
    )
    room.emit(Progressed(step=step, steps=len(notes), unit=_("steps"), note=notes[step]))


def _save(model: Any, base: Path, folder: Path, facts: ModelFacts, name: str) -> None:
    import torch

    kinds = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
    model.to(kinds.get(facts.dtype, torch.float32))
    model.save_pretrained(folder, max_shard_size=SHARD)
    for companion in COMPANIONS:
        if (base / companion).is_file():
            shutil.copyfile(base / companion, folder / companion)
    (folder / SOURCE).write_text(json.dumps({"repository": name, "revision": ""}), "utf-8")


def _logits(model: Any) -> Any:
    """Of ids spread over the vocabulary, the same for every call."""
    import torch

    size = model.config.get_text_config().vocab_size
    ids = torch.linspace(0, size - 1, min(PROBE, size)).long()[None]
    with torch.inference_mode():
        return model(input_ids=ids, use_cache=False).logits.float()
