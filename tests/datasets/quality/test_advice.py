"""Figures come with sentences that say what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from studio.datasets.quality.advice import amount, flag_names, leaked, sentences


def figures(
    passages: int, minutes: float = 60, characters: int = 12, zh: float = 0
) -> dict[str, Any]:
    return {
        "train": {"examples": passages},
        "validation": {"examples": passages // 5},
        "reading": {"minutes": minutes, "words": 1},
        "leakage": {"characters": characters, "text": "and thought "},
        "scripts": {"en": 1 - zh, "zh": zh, "other": 0},
        "flags": {},
    }


@pytest.mark.parametrize(
    ("passages", "said"), [(8, "too little"), (80, "a hint"), (800, "enough for a voice")]
)
def test_what_to_expect_of_it(passages: int, said: str) -> None:
    told = amount(figures(passages))
    assert told.startswith(f"About 60 minutes of reading aloud make {passages} passages")
    assert said in told


def test_how_much_more_is_needed() -> None:
    assert "300 passages, about 150 minutes of reading" in amount(figures(100, 60))
    assert "300 passages" not in amount(figures(500))


def test_nothing_at_all_is_said_plainly() -> None:
    assert "too little" in amount(figures(0, 0))


@pytest.mark.parametrize(
    ("characters", "zh", "said"),
    [(12, 0, "common phrase"), (12, 1, "quotation"), (90, 0, "quotation"), (90, 1, "That is much"),
     (900, 0, "That is much")],
)  # fmt: skip
def test_what_a_shared_span_means(characters: int, zh: float, said: str) -> None:
    told = leaked(figures(100, characters=characters, zh=zh))
    assert f"{characters} characters: “and thought”" in told
    assert said in told


def test_flags_are_told_in_words() -> None:
    told = {**figures(100), "flags": {"email": 2, "list": 1, "new-flag": 3}}
    *_others, last = sentences(told)
    assert "an e-mail address (2), a list (1), new-flag (3)" in last
    assert len(sentences(figures(100))) == 2


def test_every_flag_has_words() -> None:
    from typing import get_args

    from studio.datasets.example import CUT_SENTENCE
    from studio.datasets.quality.personal import Kind
    from studio.datasets.quality.prose import NonProse

    assert set(flag_names()) == {*get_args(Kind), *get_args(NonProse), CUT_SENTENCE}


def test_of_an_older_dataset_nothing_is_said() -> None:
    assert sentences({"train": {"examples": 3}}) == []
