"""The measurement plants what it says, and its figures meet their targets on a small scale."""

from __future__ import annotations

from studio.bench.near_duplicates import measure, plant
from studio.datasets.quality.duplicates import normalised, similarity


def test_copies_are_planted_behind_their_originals() -> None:
    given = plant(400, 40)
    assert len(given.texts) == 400
    assert len(given.copies) == 40
    alike = [
        similarity(normalised(given.texts[copy]), normalised(given.texts[of]))
        for copy, of in given.copies.items()
    ]
    assert all(of < copy for copy, of in given.copies.items())
    assert 0.5 < sum(alike) / len(alike) < 0.85
    chinese = sum("\u4e00" <= text[0] <= "\u9fff" for text in given.texts)
    assert 100 < chinese < 300


def test_the_same_passages_are_planted_each_time() -> None:
    assert plant(200, 20) == plant(200, 20)


def test_planted_copies_are_found() -> None:
    found = measure(2000, 200)
    assert found["near_dup_recall"] >= 0.9
    assert found["near_dup_precision"] >= 0.95
    assert found["near_dup_seconds_100k"] > 0
