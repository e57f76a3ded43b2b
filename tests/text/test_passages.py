"""Passages are whole sentences within a budget, and together they are the text."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from studio.text.packing import Span
from studio.text.passages import cut, of_sections, overlapping
from studio.text.sentences import sentences


def characters(_text: str, spans: Sequence[Span]) -> list[int]:
    return [end - start for start, end in spans]


TEXTS = st.lists(
    st.sampled_from(
        ["He went. ", "She stayed and looked at the water for a long time. ", "“No!” ", "\n\n",
         "水来了。", "“到这儿。”领头的人说。", "我回头看了看，想了很久，也想不出来。", "word " * 9]
    )
).map("".join)  # fmt: skip


@given(TEXTS, st.integers(10, 200))
def test_joining_all_passages_gives_back_the_text(text: str, budget: int) -> None:
    assert "".join(text[p.start : p.end] for p in cut(text, budget, characters)) == text


@given(TEXTS, st.integers(10, 200))
def test_each_passage_is_whole_sentences_within_the_budget(text: str, budget: int) -> None:
    found = sentences(text)
    ends = {end for _start, end in found}
    too_long = [(start, end) for start, end in found if end - start > 2 * budget]
    for passage in cut(text, budget, characters):
        assert passage.end in ends or any(a < passage.end < b for a, b in too_long)
        assert passage.size == passage.end - passage.start
        one_sentence = sum(passage.start < end <= passage.end for end in ends) == 1
        assert passage.size <= budget or (one_sentence and passage.size <= 2 * budget)


def test_passages_are_about_equally_long() -> None:
    text = "He went to the quay. " * 21
    sizes = [p.size for p in cut(text, 200, characters)]
    assert max(sizes) - min(sizes) <= 2 * len("He went to the quay. ")


def test_a_paragraphs_end_is_preferred() -> None:
    text = ("He went to the quay. " * 7).strip() + "\n\n" + "She stayed where she was. " * 6
    first = cut(text, 170, characters)[0]
    assert text[: first.end].endswith("quay.\n\n")


def test_nothing_gives_no_passages() -> None:
    assert cut("", 100, characters) == []


@given(TEXTS, st.integers(10, 200), st.lists(st.integers(0, 10_000), max_size=3))
def test_passages_of_sections_are_the_text(text: str, budget: int, places: list[int]) -> None:
    ends = [end for _start, end in sentences(text) if text[:end].endswith("\n\n")]
    bounds = sorted({0, len(text), *(ends[place % len(ends)] for place in places if ends)})
    sections = list(itertools.pairwise(bounds))
    found = list(of_sections(text, sections, budget, characters))
    assert len(found) == len(sections)
    assert "".join(text[p.start : p.end] for ps in found for p in ps) == text


@given(TEXTS, st.integers(10, 200), st.integers(0, 100))
def test_an_overlap_is_whole_sentences_of_the_passage_before(
    text: str, budget: int, overlap: int
) -> None:
    spans = sentences(text)
    packed = cut(text, budget, characters)
    wider = overlapping(packed, spans, characters(text, spans), overlap)
    assert [p.end for p in wider] == [p.end for p in packed]
    if any(end - start > 2 * budget for start, end in spans):
        return
    for plain, wide in zip(packed, wider, strict=True):
        assert 0 <= plain.start - wide.start <= overlap
        assert wide.size == wide.end - wide.start
        assert wide.start in {start for start, _end in spans}
