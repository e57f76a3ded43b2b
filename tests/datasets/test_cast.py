"""The people of a manuscript, found in real novels and in small cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.datasets.cast import cast_of, present
from studio.domain.base import Language
from studio.settings import ROOT


def test_who_speaks_and_who_is_titled() -> None:
    text = (
        "Marta said no. “Yes,” said Marta. When Marta looked up, Pell was there. Pell laughed. "
        "Then Pell went. They met Mr. Gedge; Mr. Gedge had a cow. Poor Mr. Gedge! "
    )
    assert set(cast_of(text, "en")) == {"Marta", "Pell", "Mr. Gedge"}


def test_places_and_capitals_are_no_people() -> None:
    text = "In London was fog. From London came news. He went to London. London had rain. " * 3
    assert cast_of(text + "Then was a time. Nobody said a word. " * 4, "en") == ()


def test_chinese_speakers() -> None:
    text = "老魏说：“走。”我说：“不走。”秋姨笑道：“坐。”老魏又说。秋姨说，好。"
    text += "老魏问：“谁？”秋姨问。"
    assert set(cast_of(text, "zh")) == {"老魏", "秋姨"}


@pytest.mark.parametrize(
    ("file", "language", "known"),
    [
        ("en/pride-and-prejudice.txt", "en", {"Elizabeth", "Darcy", "Mrs. Bennet", "Mr. Collins"}),
        ("en/sherlock-holmes.txt", "en", {"Holmes", "Lestrade"}),
        ("zh/hongloumeng.txt", "zh", {"宝玉", "黛玉", "宝钗", "凤姐", "贾母"}),
    ],
)
def test_the_people_of_novels(corpus: Path, file: str, language: Language, known: set[str]) -> None:
    text = (corpus / file).read_text(encoding="utf-8", errors="replace")
    assert known <= set(cast_of(text, language)[:20])


def test_the_people_of_the_samples() -> None:
    text = (ROOT / "data" / "samples" / "last-ferry.txt").read_text(encoding="utf-8")
    assert "老魏" in cast_of(text, "zh")


def test_who_is_in_a_passage() -> None:
    cast = ("Pell", "Marta", "Marta Quill", "Ann", "老魏")
    assert present(cast, "Annabel saw Marta Quill, then Pell.") == ("Marta Quill", "Pell")
    assert present(cast, "见到老魏在哭") == ("老魏",)
    assert present(cast, "Pell, Marta, Ann, 老魏", most=2) == ("Pell", "Marta")
    assert present((), "Pell") == ()
