"""The values of numbers in headings."""

from __future__ import annotations

import pytest

from studio.text.numerals import number


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("I", 1), ("IV", 4), ("XIV", 14), ("XL", 40), ("xii", 12), ("14", 14), ("one", 1),
        ("Forty-Seven", 47), ("third", 3), ("十", 10), ("十四", 14), ("二十", 20),
        ("一百二十", 120), ("一百零八", 108), ("一二〇", 120), ("廿三", 23), ("两", 2),
        ("１２", 12), ("IIII", 4), ("mild", None), ("apple", None), ("XIIV", None),
        ("Twenty One", 21), ("twenty-first", 21), ("thirtieth", 30), ("one hundred", 100),
        ("one hundred and twelve", 112), ("Two Hundred Forty", 240), ("hundredth", None),
        ("两百", 200), ("二 十", 20), ("贰拾叁", 23), ("Ⅳ", 4), ("one two", None),
    ],
)  # fmt: skip
def test_numbers(word: str, value: int | None) -> None:
    assert number(word) == value
