"""Short rows put together into long ones, so that no step is spent on padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from studio.training.examples import IGNORED, PackedRow, Row
from studio.training.trainers import best_fit


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
    columns = {
        "input_ids": [list(row.input_ids) for row in rows],
        "labels": [list(row.labels) for row in rows],
        "origin": [[number] * len(row.input_ids) for number, row in enumerate(rows)],
    }
    found: list[Row] = [_row(packed, rows) for packed in best_fit(columns, length)]
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
