"""What is said of a passage is there to be seen in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.portrait import SIGNS, portrait
from studio.datasets.requests import _MOODS as WORDED_MOODS
from studio.domain.base import Language


@pytest.mark.parametrize(
    ("text", "language", "view"),
    [
        ("I went home. My lamp was out.", "en", "first"),
        ("She went home. Her lamp was out.", "en", "third"),
        ("“I am here,” she said. “I wait.” He left.", "en", "third"),
        ("The lamp was out.", "en", None),
        ("我回家去。我的灯灭了。", "zh", "first"),
        ("她回家去。“我的灯灭了。”他说。", "zh", "third"),
        ("灯灭了。", "zh", None),
    ],
)
def test_the_view_is_that_of_the_telling(text: str, language: Language, view: str | None) -> None:
    assert portrait(text, language).view == view


@pytest.mark.parametrize(
    ("text", "speech"),
    [
        ("“Who is there?” “Nobody.” “Then come in,” he said.", "much"),
        ("He stood at the door a long time and then, at last, he said “Come in” once.", "none"),
        ("He stood there a long time. “Come in, if you must,” he said, and so she did.", "some"),
        ("He stood at the door.", "none"),
        ("“谁？”“没有人。”他说。", "much"),
        ("", "none"),
    ],
)  # fmt: skip
def test_how_much_is_spoken(text: str, speech: str) -> None:
    assert portrait(text, "en").speech == speech


@pytest.mark.parametrize(("words", "said"), [(3, 10), (34, 30), (87, 90), (212, 200), (733, 750)])
def test_lengths_are_rounded_as_people_do(words: int, said: int) -> None:
    assert portrait("word " * words, "en").length == said
    assert portrait("字" * words, "zh").length == said


def test_at_most_two_moods_those_with_most_signs() -> None:
    text = "Rain, rain, rain. Fog and fog. One storm."
    assert portrait(text, "en").moods == ("rain", "fog")
    assert portrait("雨村来了。", "zh").moods == ()
    assert portrait("She trained the brainy frost-free terrain.", "en").moods == ("winter",)


def test_both_languages_have_the_same_moods_and_words_for_them() -> None:
    assert set(SIGNS["en"]) == set(SIGNS["zh"])
    assert all(set(WORDED_MOODS[language]) == set(SIGNS[language]) for language in SIGNS)


@given(st.text(max_size=300), st.sampled_from(["en", "zh"]))
def test_any_text_has_a_portrait(text: str, language: Language) -> None:
    assert portrait(text, language).length >= 10
