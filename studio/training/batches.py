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
    """One entry for each row, as steps are planned by rows: its texts, a pair's two together, and
    a text that was written after another prompt (``other``)."""
    from datasets import Dataset

    found = []
    for row, other in zip(rows, _others(rows), strict=True):
        texts = [(row, row.wanted)] + [(text, False) for text in row.texts[1:]]
        found.append(
            {
                "texts": [
                    {"input_ids": list(t.input_ids), "labels": list(t.labels), "label": wanted}
                    for t, wanted in texts
                ],
                "other": {"input_ids": list(other.input_ids), "labels": list(other.labels)},
            }
        )
    return Dataset.from_list(found)


def _others(rows: Sequence[Row]) -> list[Row]:
    """For each row the next one, from the last on to the first again, that answers another
    prompt; where all answer one, the next row itself."""
    prompts = [_parted(row.input_ids, row.labels)[0] for row in rows]
    count = len(rows)
    places = [(n + 1) % count for n in range(count)]
    for n in (*reversed(range(count)), *reversed(range(count))):
        after = (n + 1) % count
        places[n] = after if prompts[after] != prompts[n] else places[after]
    return [rows[place] for place in places]


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
    each prompt with a text that was written after another one: of the batch, else the one that
    ``rated`` gave it, so that a batch of one has a reference of its own."""
    import torch

    def collate(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        texts = [text for row in rows for text in row["texts"]]
        given = [row["other"] for row in rows for _text in row["texts"]]
        found = [_parted(text["input_ids"], text["labels"]) for text in texts]
        crossed = []
        for place, (prompt, _text) in enumerate(found):
            before = [*found[:place][::-1], *found[place + 1 :][::-1]]
            beyond = _parted(given[place]["input_ids"], given[place]["labels"])[1]
            other = next((t for p, t in before if p != prompt), beyond)
            crossed.append((prompt + other[0], [IGNORED] * len(prompt) + other[1]))
        matched = _padded([(text["input_ids"], text["labels"]) for text in texts], pad_id)
        return (
            matched
            | {f"KL_{name}": values for name, values in _padded(crossed, pad_id).items()}
            | {"label": torch.tensor([text["label"] for text in texts])}
        )

    return collate


def _parted(ids: Sequence[int], labels: Sequence[int]) -> tuple[list[int], Text]:
    """The prompt, and the rest with its labels."""
    start = next(i for i, label in enumerate(labels) if label != IGNORED)
    return list(ids[:start]), (list(ids[start:]), list(labels[start:]))


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
