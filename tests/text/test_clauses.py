"""A sentence that is too long is cut where a reader would pause, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.text.clauses import parted
from studio.text.packing import Span


def characters(_text: str, spans: Sequence[Span]) -> list[int]:
    return [end - start for start, end in spans]


def parts(text: str, budget: int, most: int = 0) -> list[str]:
    spans = [(0, len(text))]
    found = parted(text, spans, characters(text, spans), characters, budget, most or budget)
    assert found.counts == characters(text, found.spans)
    assert found.within == {end for _start, end in found.spans[:-1]}
    return [text[start:end] for start, end in found.spans]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("He went out, and she stayed; ", ["He went out, ", "and she stayed; "]),
        ("他走到河邊，看著流水，不說話、", ["他走到河邊，", "看著流水，", "不說話、"]),
        ("“He’s gone,” she said, “for ever", ["“He’s gone,” ", "she said, ", "“for ever"]),
        ("He waited—she came—", ["He waited—", "she came—"]),
        ("1,000,000 and 2,000,000", ["1,000,000 and ", "2,000,000"]),
    ],
)
def test_a_clause_is_the_first_choice(text: str, made: list[str]) -> None:
    assert parts(text, max(map(len, made))) == made


def test_without_clauses_words_are_left_whole() -> None:
    assert parts("one two three four", 10) == ["one two ", "three four"]
    assert "".join(parts("天地玄黃宇宙洪荒", 4)) == "天地玄黃宇宙洪荒"


def test_a_word_without_end_is_cut_anywhere() -> None:
    made = parts("a" * 100, 9)
    assert all(len(part) <= 9 for part in made)
    assert "".join(made) == "a" * 100


def test_a_sentence_that_is_only_a_little_too_long_stays_whole() -> None:
    assert parts("He went out, and she stayed", 20, most=40) == ["He went out, and she stayed"]


@given(st.text(alphabet="ab ,;—，、。天地\n”\u0301", min_size=1), st.integers(1, 30))
def test_parts_are_the_text_and_small_enough(text: str, budget: int) -> None:
    made = parts(text, budget)
    assert "".join(made) == text
    assert all(0 < len(part) <= budget for part in made)
