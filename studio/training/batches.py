"""Rows as the tables and batches that trl's trainers read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from studio.training.examples import IGNORED, PackedRow, Row

Collate = Callable[[Sequence[dict[str, Any]]], dict[str, Any]]
Text = tuple[list[int], list[int]]
"""Ids and labels."""


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """With the lengths of packed examples where there are any."""
    found: dict[str, list[Any]] = {
        "input_ids": [list(row.input_ids) for row in rows],
        "labels": [list(row.labels) for row in rows],
    }
    packed = [list(row.parts) for row in rows if isinstance(row, PackedRow)]
    return found | ({"seq_lengths": packed} if packed else {})


def pairs(rows: Sequence[Row]) -> Any:
    from datasets import Dataset

    pairs = [row.texts for row in rows if row.rejected]
    columns: dict[str, list[list[int]]] = {}
    for number, side in enumerate(("chosen", "rejected")):
        texts = [pair[number] for pair in pairs]
        columns[f"{side}_input_ids"] = [list(text.input_ids) for text in texts]
        columns[f"{side}_attention_mask"] = [[1] * len(text.input_ids) for text in texts]
        columns[f"{side}_labels"] = [list(text.labels) for text in texts]
    return Dataset.from_dict(columns)


def rated(rows: Sequence[Row]) -> Any:
    from datasets import Dataset

    texts = [(row, row.wanted) for row in rows]
    texts += [(row.rejected, False) for row in rows if row.rejected is not None]
    return Dataset.from_dict(
        {
            "input_ids": [list(text.input_ids) for text, _wanted in texts],
            "labels": [list(text.labels) for text, _wanted in texts],
            "label": [wanted for _text, wanted in texts],
        }
    )


def side_by_side(pad_id: int) -> Collate:
    """The chosen texts of a batch, then the rejected ones."""

    def collate(pairs: Sequence[dict[str, Any]]) -> dict[str, Any]:
        texts = [
            (pair[f"{side}_input_ids"], pair[f"{side}_labels"])
            for side in ("chosen", "rejected")
            for pair in pairs
        ]
        return _padded(texts, pad_id)

    return collate


def mismatched(pad_id: int) -> Collate:
    """The texts of a batch, and for how far the model has moved in all (KTO's reference point)
    each prompt with a text that was written after another one."""
    import torch

    def collate(texts: Sequence[dict[str, Any]]) -> dict[str, Any]:
        found = [_parted(text["input_ids"], text["labels"]) for text in texts]
        crossed = []
        for place, (prompt, _text) in enumerate(found):
            before = [*found[:place][::-1], *found[place + 1 :][::-1], found[place]]
            other = next((t for p, t in before if p != prompt), before[0][1])
            crossed.append((prompt + other[0], [IGNORED] * len(prompt) + other[1]))
        matched = _padded([(text["input_ids"], text["labels"]) for text in texts], pad_id)
        return (
            matched
            | {f"KL_{name}": values for name, values in _padded(crossed, pad_id).items()}
            | {"label": torch.tensor([text["label"] for text in texts])}
        )

    return collate


def _parted(ids: list[int], labels: list[int]) -> tuple[list[int], Text]:
    """The prompt, and the rest with its labels."""
    start = next(i for i, label in enumerate(labels) if label != IGNORED)
    return ids[:start], (ids[start:], labels[start:])


def _padded(texts: Sequence[Text], pad_id: int) -> dict[str, Any]:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    def padded(rows: Sequence[Sequence[int]], value: int) -> Any:
        return pad_sequence([torch.tensor(r) for r in rows], batch_first=True, padding_value=value)

    return {
        "input_ids": padded([ids for ids, _labels in texts], pad_id),
        "attention_mask": padded([[1] * len(ids) for ids, _labels in texts], 0),
        "completion_mask": padded(
            [[int(label != IGNORED) for label in labels] for _ids, labels in texts], 0
        ),
    }
