"""Token counts of spans, all at once and one by one."""

from __future__ import annotations

from typing import Any

from studio.datasets.counting import _one_by_one, sizes_with
from studio.text.sentences import sentences

TEXT = "He went to the quay. She stayed.\n\n水来了。“到这儿。”领头的人说。龘！ Café. " * 5


def test_counts_add_up_to_the_whole(tokenizer: Any) -> None:
    spans = sentences(TEXT)
    counts = sizes_with(tokenizer)(TEXT, spans)
    assert len(counts) == len(spans)
    assert sum(counts) == len(tokenizer(TEXT, add_special_tokens=False)["input_ids"])
    assert all(counts)


def test_a_slow_tokenizer_counts_nearly_the_same(tokenizer: Any) -> None:
    spans = sentences(TEXT)
    fast, slow = sizes_with(tokenizer)(TEXT, spans), _one_by_one(tokenizer)(TEXT, spans)
    assert all(abs(a - b) <= 2 for a, b in zip(fast, slow, strict=True))


def test_no_spans_no_counts(tokenizer: Any) -> None:
    assert sizes_with(tokenizer)("", []) == []
