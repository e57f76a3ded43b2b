"""What a text is made of, counted the same way in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.quality import wording
from studio.settings import ROOT


def sample(name: str) -> list[str]:
    text = (ROOT / f"data/samples/{name}.txt").read_text(encoding="utf-8")
    return text.split("\n\n")


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("He went.", {"en": 1.0, "zh": 0.0, "other": 0.0}),
        ("水涨了", {"en": 0.0, "zh": 1.0, "other": 0.0}),
        ("他说OK吧", {"en": 0.4, "zh": 0.6, "other": 0.0}),
        ("éa水Я", {"en": 0.5, "zh": 0.25, "other": 0.25}),
        ("123 …", {"en": 0.0, "zh": 0.0, "other": 0.0}),
    ],
)
def test_shares_of_scripts(text: str, shares: dict[str, float]) -> None:
    assert wording.scripts([text]) == shares


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("“Go.” He went.", "“Go.”"),
        ('"Go." He went.', '"Go."'),
        ("‘Don’t go,’ he said.", "‘Don’tgo,’"),
        ("It was the clerks’ desk, and the clerk’s pen.", ""),
        ("他说：“走吧。”就走了。", "“走吧。”"),
        ("「走吧，『快』。」他说。", "「走吧，『快』。」"),
        (
            "“A speech goes on.\n\n“Over two paragraphs.” And ends.",
            "“Aspeechgoeson.“Overtwoparagraphs.”",
        ),
        ("« Allez », dit-il.", "«Allez»"),
        ("", ""),
    ],
)
def test_share_of_speech(text: str, spoken: str) -> None:
    whole = len("".join(text.split()))
    assert wording.speech_share([text]) == (round(len(spoken) / whole, 4) if whole else 0)


def test_both_samples_speak() -> None:
    for name in ("tide-clerk", "last-ferry"):
        assert 0.05 < wording.speech_share(sample(name)) < 0.6


def test_words_and_pairs_of_characters() -> None:
    assert wording.units("He's at the Quay, 14") == ["he's", "at", "the", "quay"]
    assert wording.units("水涨了。三尺") == ["水涨", "涨了", "三尺"]
    assert wording.units("OK吧朋友") == ["ok", "吧朋", "朋友"]


def test_variety_does_not_depend_on_length() -> None:
    words = [f"w{i % 250}" for i in range(2000)]
    assert wording.variety(words, 1) == wording.variety(words * 3, 1) == 0.25
    assert wording.variety(words[:999], 1) is None


def test_a_repeated_phrase_lowers_variety() -> None:
    fresh = [f"w{i}" for i in range(1000)]
    worn = ["and", "then"] * 500
    assert wording.variety(fresh, 3) == 1
    found = wording.variety(worn, 3)
    assert found is not None
    assert found < 0.01


def test_names_are_distinctive_and_grammar_is_not() -> None:
    texts = [
        f"{'Marlow' if i % 5 == 0 else 'She'} went to the quay, and it rained." for i in range(40)
    ]
    texts += [f"{'林黛玉' if i % 5 == 0 else '她'}说了的话。" for i in range(40)]
    found = wording.vocabulary(texts)["distinctive"]
    assert {"marlow", "黛玉"} <= set(found[:6])
    assert not {"she", "the", "and", "了的"} & set(found)


def test_characters_of_the_novels_are_distinctive(corpus: Path) -> None:
    for path, name in (("en/pride-and-prejudice.txt", "darcy"), ("zh/hongloumeng.txt", "宝玉")):
        text = (corpus / path).read_text("utf-8")[:400_000]
        found = wording.vocabulary([text[i : i + 800] for i in range(0, len(text), 800)])
        assert name in found["distinctive"]
        assert 0.3 < found["type_token_ratio"] < 0.95


@given(st.lists(st.text(max_size=60), max_size=5))
def test_shares_are_shares(texts: list[str]) -> None:
    assert 0 <= wording.speech_share(texts) <= 1
    assert sum(wording.scripts(texts).values()) == pytest.approx(1, abs=0.001) or not any(
        letter.isalpha() for text in texts for letter in text
    )
    told = wording.vocabulary(texts)
    assert told["distinct"] <= told["words"]
