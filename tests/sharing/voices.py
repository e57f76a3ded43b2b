"""An adapter of the starter model with a lineage, as a training leaves it, but made at once."""

from __future__ import annotations

import json
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.models.source import validate
from studio.settings import ROOT
from studio.training import lineage
from tests.ggufs import make_adapter
from tests.training.material import small

STARTER = ROOT / "data" / "starter"
SECRET = "The heron never lied to Marguerite."
"""What no one outside may read."""


def put(folder: Path, base: Path = STARTER, **changes: Any) -> Path:
    """An adapter in ``folder``; ``changes`` are parts of its lineage."""
    make_adapter(folder, base)
    for extra in ("README.md",):
        (folder / extra).unlink(missing_ok=True)
    spec = small("d" * 64, name=SECRET).model_dump(mode="json")
    told = {
        "studio": lineage.code(),
        "spec": spec | {"model": {"source": "local", "name": "/home/quill/models/starter"}},
        "dataset": "d" * 64,
        "base": lineage.base_model(base, validate(base)),
        "libraries": lineage.versions(),
        "device": "a processor",
        "language": "en",
        "manner": {"builder": "continuation", "shown_tokens": 192},
        "figures": {"nll_before": 1.2, "nll_after": 0.9, "steps": 8, "best_step": 6,
                    "seconds": 90.0, "tokens": 4000, "device": "cpu"},
    }  # fmt: skip
    lineage.write(folder, told | changes)
    return folder


@lru_cache(maxsize=1)
def shared(folder: Path) -> Path:
    """One for all tests of a run, which they only read."""
    return put(folder)


def config(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text())
    return found


def change_config(folder: Path, **changes: Any) -> None:
    (folder / "adapter_config.json").write_text(json.dumps(config(folder) | changes))


def copied(voice: Path, target: Path) -> Path:
    """One of one's own, to change."""
    return Path(shutil.copytree(voice, target))
