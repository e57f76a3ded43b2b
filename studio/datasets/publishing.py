"""A dataset as it lies on the Hub: both splits as Parquet, and a card that says which is which."""

from __future__ import annotations

from pathlib import Path

from studio.datasets import export
from studio.domain.exports import Shape

CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train.parquet
  - split: validation
    path: data/validation.parquet
---

# {name}

{train} examples to learn from and {validation} held back, made with Lorewright.
"""


def lay_out(dataset: Path, target: Path, name: str, shape: Shape) -> None:
    """Write the folder ``target`` from the stored ``dataset``.

    Raises:
        StudioError: an example does not have this shape.
    """
    (target / "data").mkdir(parents=True)
    counts = {}
    for split in ("train", "validation"):
        table = target / "data" / f"{split}.parquet"
        counts[split] = export.write([dataset / f"{split}.jsonl"], table, "parquet", shape)
    card = CARD.format(name=" ".join(name.split()), **counts)
    (target / "README.md").write_text(card, encoding="utf-8")
