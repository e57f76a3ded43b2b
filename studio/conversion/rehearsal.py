"""Tries a conversion on config, tokenizer and the weights' names before hours go into a training.

All steps of the real one are taken in a process of its own, but no weight is read: a model of any
size takes seconds. What was found is kept for as long as the files stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import TypeAdapter, ValidationError

from studio.conversion import launch as child
from studio.conversion import process, shims, toolkit
from studio.domain.base import Model
from studio.domain.events import Body
from studio.domain.facts import Obstacle
from studio.models.files import read_json
from studio.models.fingerprints import small
from studio.models.source import folder_of, usable, validate
from studio.models.weights import shards, tensors
from studio.settings import settings

PIECES = "tokenizer.model"
KEPT = TypeAdapter[Obstacle | None](Obstacle | None)


class _Nobody:
    """Hears nothing and never asks to stop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def emit(self, body: Body) -> None:
        pass

    def stopped(self) -> bool:
        return False


def obstacle_of(model: Model, fetch: Callable[[str], Path]) -> Obstacle | None:
    """``obstacle`` of a base model, where llama.cpp is ready; the starter is known to have none.

    Raises:
        StudioError: it is not there, or no model that can be taught.
    """
    if model.source == "starter":
        return None
    if not toolkit.ready():
        return Obstacle(kind="untried")
    return obstacle(folder_of(model, fetch))


def obstacle(model: Path) -> Obstacle | None:
    """What would keep this model from the desk; None where nothing would.

    Raises:
        StudioError: the folder is no model that can be taught.
    """
    validate(model)
    seal = settings().cache / "rehearsals" / f"{_key(model)}.json"
    try:
        return KEPT.validate_json(seal.read_bytes())
    except (OSError, ValidationError):
        found = _rehearse(model)
    seal.parent.mkdir(parents=True, exist_ok=True)
    draft = seal.with_name(f".{seal.stem[:16]}.{secrets.token_hex(4)}")
    draft.write_bytes(KEPT.dump_json(found))
    draft.replace(seal)
    return found


def _key(model: Path) -> str:
    """The hash of all that a rehearsal reads, the studio's own part of it included."""
    code = [
        Path(module.__file__ or "").read_bytes() for module in (child, shims, sys.modules[__name__])
    ]
    told: dict[str, Any] = {
        "llama.cpp": toolkit.VERSION,
        "code": [hashlib.sha256(source).hexdigest() for source in code],
        "files": small(model),
        "tensors": {
            name: [told["dtype"], told["shape"]]
            for name, told in tensors(model, shards(model)).items()
        },
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _rehearse(model: Path) -> Obstacle | None:
    with TemporaryDirectory(prefix="rehearsal-") as room:
        folder = Path(room)
        draft = folder / "draft.gguf"
        base = usable(model, folder / "base")
        try:
            process.launch(_Nobody(folder), "rehearse", str(toolkit.find()), str(base), str(draft))
        except process.LaunchError as failure:
            found = _said(failure.lines, opened=draft.is_file())
            return found.model_copy(update={"lacks": _lacks(model)})
    return None


def _lacks(model: Path) -> str:
    """The file of pieces, which the converter reads where a tokenizer is made of them."""
    described = model / "tokenizer.json"
    if (model / PIECES).is_file() or not described.is_file():
        return ""
    return PIECES if read_json(described).get("model", {}).get("byte_fallback") else ""


def _said(lines: list[str], *, opened: bool) -> Obstacle:
    for line in lines:
        if line.startswith(child.FOUND):
            kind, value = json.loads(line.removeprefix(child.FOUND))
            return Obstacle(kind=kind, said=value)
    if opened:  # llama.cpp itself ended the process
        return Obstacle(kind="unread", said="")
    return Obstacle(kind="refused", said=lines[-1] if lines else os.strerror(1))
