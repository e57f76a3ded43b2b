"""Words and characters as writers count them."""

from __future__ import annotations

import pytest

from studio.text.statistics import characters, words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It was a well-known cat.", 5),
        ("It’s the clerk's.", 3),
        ("水来了，船就高了。", 7),
        ("他说 hello world。", 4),
        ("* * *", 0),
        ("", 0),
        ("1801.--I came", 3),
    ],
)
def test_words(text: str, count: int) -> None:
    assert words(text) == count


def test_characters_leave_white_space_out() -> None:
    assert characters("a b\n\n\u3000水。") == 4
