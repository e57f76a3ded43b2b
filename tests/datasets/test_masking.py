"""A token is learned when all of it lies within what is learned, whatever the characters."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.datasets import masking
from studio.models.turns import Written

TEXTS = st.text(alphabet="ab Z.“”!他水。\n龘é😀\t", max_size=60)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(text=TEXTS, cuts=st.lists(st.integers(0, 60), min_size=4, max_size=4, unique=True))
def test_what_is_within_the_spans_is_learned(tokenizer: Any, text: str, cuts: list[int]) -> None:
    a, b, c, d = sorted(min(cut, len(text)) for cut in cuts)
    written = Written(text, (), ((a, b), (c, d)))
    found = masking.masked(tokenizer, written)
    [(ids, places)] = masking.encoded(tokenizer, [written])
    assert found.ids == tuple(ids)
    assert "".join(found.pieces) == text
    assert found.mask == tuple(
        (a <= start and end <= b) or (c <= start and end <= d) for start, end in places
    )
    assert not any(start < c < end for start, end in places)


def test_without_spans_nothing_is_learned(tokenizer: Any) -> None:
    assert masking.masked(tokenizer, Written("a 龘", (), ())).mask.count(True) == 0
    assert masking.masked(tokenizer, Written("", (), ())).ids == ()
