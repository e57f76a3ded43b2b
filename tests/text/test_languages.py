"""The language of a text, mixtures included."""

from __future__ import annotations

import pytest

from studio.text.languages import SAMPLE, language_of

ENGLISH = "The water came up to the mark, leaned there a moment, and began to think of going. "
CHINESE = "水真的到了那条红线，一点也没有多，一点也没有少。"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ENGLISH * 6, "en"),
        (CHINESE * 20, "zh"),
        ("", "en"),
        ("他说 OK，然后 Peter 走了。门外下着雨。", "zh"),
        ("He wrote 小明 on the wall and went home to his tea.", "en"),
        (ENGLISH * 50 + CHINESE * (4 * SAMPLE // len(CHINESE)), "zh"),
    ],
)
def test_most_of_it_decides(text: str, language: str) -> None:
    assert language_of(text) == language
