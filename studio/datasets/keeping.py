"""Writes the files that a dataset is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from studio.datasets.example import Example

SplitName = Literal["train", "validation"]
SPLITS: tuple[SplitName, SplitName] = ("train", "validation")


def write(
    folder: Path,
    recipe: dict[str, Any],
    train: Sequence[Example],
    validation: Sequence[Example],
    figures: dict[str, Any],
) -> None:
    """The artifact's files. Nothing in them depends on when or where they are written."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, examples in zip(SPLITS, (train, validation), strict=True):
        lines = (example.model_dump_json() + "\n" for example in examples)
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    _write_json(folder / "recipe.json", recipe)
    _write_json(folder / "statistics.json", figures)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
