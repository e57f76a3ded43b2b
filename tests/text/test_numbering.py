"""Numbers as word processors write them."""

from __future__ import annotations

import pytest

from studio.text.numbering import written


@pytest.mark.parametrize(
    ("number", "form", "text"),
    [
        (4, "upperRoman", "IV"), (1949, "lowerRoman", "mcmxlix"), (0, "upperRoman", "0"),
        (27, "upperLetter", "AA"), (3, "lowerLetter", "c"), (7, "decimalZero", "07"),
        (10, "chineseCounting", "十"), (21, "chineseCountingThousand", "二十一"),
        (105, "chineseCounting", "一百零五"), (110, "taiwaneseCounting", "一百一十"),
        (2000, "chineseCounting", "二千"), (21, "cardinalText", "Twenty-One"),
        (12, "cardinalText", "Twelve"), (120, "cardinalText", "120"), (5, "hindiVowels", "5"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_its_format_says(number: int, form: str, text: str) -> None:
    assert written(number, form) == text
