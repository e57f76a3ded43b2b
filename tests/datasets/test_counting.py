"""Token counts of spans, all at once and one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from studio.datasets.counting import _by_offsets, _one_by_one, sizes_with
from studio.datasets.pretokens import Pretokens
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


WORDS = (
    "He said, “It's well; they'll come at 10.30…” She’d stayed.\n\nCafé — no!  “Naïve?”\r\nØ ½ x² "
)
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
SPLIT = pre_tokenizers.Split(Regex(LLAMA3), "isolated")


def _trained(pre_tokenizer: Any, normalizer: Any = None) -> Any:
    """A small byte-level BPE tokenizer that cuts as larger ones do."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizer
    if normalizer:
        backend.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator([WORDS * 3], trainer)
    backend.add_special_tokens([AddedToken("<|im_end|>", special=True)])
    return backend


BACKENDS = {
    "gpt2": _trained(pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "llama3": _trained(pre_tokenizers.Sequence([SPLIT, BYTES])),
    "qwen": _trained(pre_tokenizers.Sequence([SPLIT, BYTES]), normalizers.NFC()),
}


@pytest.mark.parametrize("name", BACKENDS)
@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [*WORDS, *WORDS.split(" "), " ", "  ", "\n", "水", "e\u0301", "\u017f", "'S"]
        )
    )
)
def test_words_counted_once_each_make_the_counts_of_the_whole(name: str, parts: list[str]) -> None:
    text = "Once upon a time there was a quay. " + "".join(parts)
    spans = sentences(text)
    pretokens = Pretokens.of(BACKENDS[name])
    assert pretokens is not None
    counts = pretokens.counts(text, spans)
    whole = PreTrainedTokenizerFast(tokenizer_object=BACKENDS[name])
    assert counts is None or counts == _by_offsets(whole)(text, spans)


def test_words_are_looked_up_in_prose_that_has_any() -> None:
    pretokens = Pretokens.of(BACKENDS["qwen"])
    assert pretokens is not None
    for text, suits in (
        (WORDS, True), ("水来了。领头的人说，水来了。", False),
        (WORDS + "<|im_end|>", False), (WORDS + "e\u0301", False),
    ):  # fmt: skip
        assert (pretokens.counts(text, sentences(text)) is not None) is suits


@pytest.mark.parametrize(
    "backend",
    [
        Tokenizer(models.Unigram()),
        _trained(pre_tokenizers.ByteLevel(add_prefix_space=True)),
        _trained(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.Lowercase()),
        _trained(pre_tokenizers.Metaspace()),
        _trained(pre_tokenizers.Sequence([pre_tokenizers.Punctuation(), BYTES])),
    ],
)
def test_other_tokenizers_are_not_taken_for_such(backend: Any) -> None:
    assert Pretokens.of(backend) is None


def test_a_novel_is_counted_the_same_both_ways(tokenizer: Any, corpus: Any) -> None:
    text = sorted((corpus / "en").glob("*.txt"))[0].read_text(encoding="utf-8")[:300_000]
    spans = sentences(text)
    assert sizes_with(tokenizer)(text, spans) == _by_offsets(tokenizer)(text, spans)
