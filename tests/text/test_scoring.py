"""The files marked by hand, and what the studio finds in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.text.scoring import chapter_f1, f1, gold_of, sentence_f1

GOLD = Path(__file__).parent / "gold"


@pytest.mark.parametrize(("language", "joint"), [("en", " "), ("zh", "")])
def test_sentences_are_those_marked_by_hand(language: str, joint: str) -> None:
    marked = (GOLD / f"sentences.{language}.txt").read_text(encoding="utf-8")
    assert len(gold_of(marked, joint).ends) >= 300
    assert sentence_f1(marked, joint) >= 0.98


@pytest.mark.parametrize("language", ["en", "zh"])
def test_chapters_are_those_marked_by_hand(language: str) -> None:
    marked = (GOLD / f"chapters.{language}.txt").read_text(encoding="utf-8")
    assert sum(line.startswith("@") for line in marked.split("\n")) >= 40
    assert chapter_f1([marked]) >= 0.99


def test_f1() -> None:
    assert f1({1, 2}, {1, 2}) == 1
    assert f1({1, 2, 3, 4}, {1, 2}) == pytest.approx(2 / 3)
    assert f1(set(), {1}) == 0


def test_a_gold_file_is_the_text_with_its_ends() -> None:
    gold = gold_of("One.\nTwo.\n\nThree.", " ")
    assert gold.text == "One. Two.\n\nThree."
    assert gold.ends == {4}
