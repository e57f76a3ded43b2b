"""Weights of the base model that an adapter's file carries along without having changed them.

peft saves the tables of the words with an adapter that touches them, or whose model had others.
What is the base model's own, to the number, was not learned and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.conversion.folding import PREFIX, WEIGHTS
from studio.language import _
from studio.models.weights import shards, tensors
from studio.sharing.mending import PART

TIED = {"lm_head.weight": "model.embed_tokens.weight"}
"""Weights that are another's in many models, and are in no file."""
ROWS = 4096
"""How many rows of a table are compared at once."""


def leave_out(adapter: Path, base: Path, config: Mapping[str, Any]) -> list[str]:
    """Take what is the base model's own, and not said to be learned, out of the adapter's file;
    what went, in words."""
    file = adapter / WEIGHTS
    ours = tensors(adapter, [file])
    whole = [name for name in ours if not PART.match(name) and name.endswith(".weight")]
    places = _places(base) if whole else {}
    told = tuple(f"{name}.weight" for name in config.get("modules_to_save") or ())
    same = [n for n in whole if not n.endswith(told) and _is_same(file, n, places)]
    if not same or len(same) == len(ours):
        return []
    _write_without(file, set(same))
    names = ", ".join(name.removeprefix(PREFIX) for name in same)
    return [_("Its weights hold {names} as the base model has it.").format(names=names[:120])]


def _places(base: Path) -> dict[str, tuple[Path, str]]:
    """In which file each weight of the base model is, and under which name."""
    found = {name: (file, name) for file in shards(base) for name in tensors(base, [file])}
    for name, owner in TIED.items():
        if owner in found:
            found.setdefault(name, found[owner])
    return found


def _is_same(file: Path, name: str, places: Mapping[str, tuple[Path, str]]) -> bool:
    """Whether the numbers are the base model's, in the precision in which they were saved."""
    import torch
    from safetensors import safe_open

    known = places.get(name.removeprefix(PREFIX))
    if known is None:
        return False
    with safe_open(file, "pt") as mine, safe_open(known[0], "pt") as theirs:
        one, other = mine.get_slice(name), theirs.get_slice(known[1])
        if one.get_shape() != other.get_shape():
            return False
        return all(
            torch.equal(part, other[start : start + ROWS].to(part.dtype))
            for start in range(0, one.get_shape()[0], ROWS)
            for part in (one[start : start + ROWS],)
        )


def _write_without(file: Path, names: set[str]) -> None:
    from safetensors import safe_open
    from safetensors.torch import save_file

    draft = file.with_suffix(".draft")
    with safe_open(file, "pt") as given:
        kept: dict[str, Any] = {n: given.get_tensor(n) for n in given.keys() if n not in names}  # noqa: SIM118
        save_file(kept, draft, metadata=given.metadata())
    draft.replace(file)
