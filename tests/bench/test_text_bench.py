"""The text bench says what it measured, and what it could not."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.bench import resident, text

STORY = "Chapter {n}\n\n" + "He went to the quay. She stayed where she was.\n\n" * 60


def test_books_of_ones_own_are_measured(tmp_path: Path) -> None:
    for language in ("en", "zh"):
        (tmp_path / language).mkdir()
        story = "\n\n".join(STORY.format(n=n) for n in range(1, 4))
        (tmp_path / language / "story.txt").write_text(story, encoding="utf-8")
    timed = text._in_turn({"ours": text._tools()["ours"]}, [story])
    assert timed["ours"].at_sentence_end == 1.0


@pytest.mark.skipif(resident.peak() is None, reason="memory is measured by Linux's /proc")
def test_memory_is_that_of_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "story.txt").write_text(STORY.format(n=1), encoding="utf-8")
    held = bytearray(300_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert 0 <= text._memory(tmp_path, 1) < 100


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    found = text.run(tmp_path, near_among=1000)
    assert str(tmp_path / "en") in found["missing"]
    assert "limit_ratio_en" not in found["results"]
    assert found["targets"]["sentence_f1_en"]["met"]


def test_near_copies_are_among_the_figures(tmp_path: Path) -> None:
    targets = text.run(tmp_path, near_among=1000)["targets"]
    assert targets["near_dup_recall"] == {"limit": 0.9, "met": True}
    assert targets["near_dup_precision"] == {"limit": 0.95, "met": True}
    assert targets["near_dup_seconds_100k"] == {"limit": 60.0, "met": True}
