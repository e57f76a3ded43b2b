"""Characters made alike, and their widths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.text.characters import cells, normalise


def test_invisible_characters_go_and_spaces_are_plain() -> None:
    assert normalise("a\u200bb\ufeff\u00a0c\td\u00adx\x00") == "ab c dx"
    assert normalise("cafe\u0301") == "café"


def test_width_of_chinese_is_two() -> None:
    assert cells("ab") == 2
    assert cells("渡口。") == 6
    assert cells("“渡口”") == 8


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("第１２章　ＡＢｃ", "第12章　ABc"),
        ("（好！）", "（好！）"),
        ("a\r\nb\rc\x0cd\u2028e", "a\nb\nc\nd\ne"),
        ("\ud800a\udfff", "\ufffda\ufffd"),
        ("plain", "plain"),
    ],
)
def test_characters_are_made_alike(raw: str, plain: str) -> None:
    assert normalise(raw) == plain


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_normalising_twice_changes_nothing(raw: str) -> None:
    once = normalise(raw)
    assert normalise(once) == once
    assert once.encode().decode() == once
