"""Short rows put together into long ones, so that no step is spent on padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from studio.training.examples import IGNORED, Row


@dataclass(frozen=True)
class PackedRow(Row):
    """Several examples one after another. ``parts`` are their lengths in tokens: none of them
    reads another, and each counts its positions from 0."""

    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Packing:
    """The account of what was put together: ``tokens`` are all that there were before."""

    packed_rows: int
    tokens: int
    places: int
    """Tokens that the packed rows could hold."""
    cuts: int
    """Examples longer than a row, cut where it was full."""

    @property
    def filled(self) -> float:
        """Share of the places that hold a token."""
        return self.tokens / max(1, self.places)

    def figures(self) -> dict[str, float]:
        return {
            "packed_rows": self.packed_rows,
            "packed_tokens": self.tokens,
            "filled": round(self.filled, 4),
        }


def pack(rows: Sequence[Row], length: int) -> tuple[list[Row], Packing]:
    """The same tokens in as few rows of at most ``length`` tokens as best-fit-decreasing finds
    (Ding et al. 2024, "Fewer Truncations Improve Language Modeling"); the same every time.

    Only an example longer than a row is cut. The first token behind a cut is read and not
    learned, as what comes before it is in another row.
    """
    from datasets import Dataset, disable_progress_bars
    from trl import pack_dataset

    disable_progress_bars()
    columns = {
        "input_ids": [list(row.input_ids) for row in rows],
        "labels": [list(row.labels) for row in rows],
        "origin": [[number] * len(row.input_ids) for number, row in enumerate(rows)],
    }
    # All rows in one batch: trl packs each batch of a map by itself.
    packed = pack_dataset(Dataset.from_dict(columns), length, "bfd_split", {"batch_size": None})
    found: list[Row] = [_row(columns, rows) for columns in packed]
    account = Packing(
        packed_rows=len(found),
        tokens=sum(len(row.input_ids) for row in found),
        places=len(found) * length,
        cuts=sum(len(row.input_ids) > length for row in rows),
    )
    return found, account


def _row(columns: dict[str, list[int]], rows: Sequence[Row]) -> PackedRow:
    labels, parts, end = columns["labels"], tuple(columns["seq_lengths"]), 0
    for part in parts:
        labels[end] = IGNORED
        end += part
    origins = [origin for origin, _tokens in groupby(columns["origin"])]
    return PackedRow(
        input_ids=tuple(columns["input_ids"]),
        labels=tuple(labels),
        characters=sum(rows[origin].characters for origin in origins),
        prompt=rows[origins[0]].prompt,
        parts=parts,
    )


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """What trl's trainer reads, with the lengths of packed examples where there are any."""
    found: dict[str, list[Any]] = {
        "input_ids": [list(row.input_ids) for row in rows],
        "labels": [list(row.labels) for row in rows],
    }
    packed = [list(row.parts) for row in rows if isinstance(row, PackedRow)]
    return found | ({"seq_lengths": packed} if packed else {})
