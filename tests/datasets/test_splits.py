"""What is held back is a whole later part of each manuscript."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.splits import Section, split
from studio.domain.manuscripts import Chapter, Manuscript
from studio.errors import StudioError


def manuscript(*chapters: str) -> Manuscript:
    text, tiles = "", []
    for i, prose in enumerate(chapters, 1):
        head = f"Chapter {i}\n\n"
        start, text = len(text), text + head + prose
        tiles.append(
            Chapter(title=f"Chapter {i}", start=start, end=len(text), body=start + len(head))
        )
    return Manuscript(
        title="A",
        language="en",
        encoding="utf-8",
        text=text,
        chapters=tuple(tiles),
        words=1,
        characters=len(text),
    )


def shares(*lengths: int, share: float = 0.15) -> tuple[list[int], list[int]]:
    """Numbers of the chapters on both sides, for chapters of these many sentences."""
    result = split([manuscript(*("He went. \n\n" * n for n in lengths))], share)
    return [s.chapter for s in result.train], [s.chapter for s in result.validation]


@pytest.mark.parametrize(
    ("lengths", "held"),
    [
        ([10] * 6, [5]),
        ([10] * 12, [10, 11]),
        ([10] * 3, [2]),
        ([50, 50, 2, 2, 2], [2, 3, 4]),
        ([10, 10], [1]),
    ],
)
def test_whole_chapters_from_the_end(lengths: list[int], held: list[int]) -> None:
    train, validation = shares(*lengths)
    assert validation[-1] == len(lengths) - 1
    assert set(train) | set(validation) == set(range(len(lengths)))
    if len(lengths) > 2:
        assert validation == held
        assert not set(train) & set(validation)


def test_a_single_chapter_is_cut_at_a_paragraphs_end() -> None:
    paragraphs = [f"Paragraph {i} stands here." for i in range(100)]
    result = split([manuscript("\n\n".join(paragraphs))], 0.2)
    (learned,), (held,) = result.train, result.validation
    assert learned.text.split("\n\n") + held.text.split("\n\n") == paragraphs
    assert 15 <= len(held.text.split("\n\n")) <= 25


def test_a_single_endless_paragraph_is_cut_at_a_sentences_end() -> None:
    result = split([manuscript("He went to the quay. " * 100)], 0.15)
    (learned,), (held,) = result.train, result.validation
    assert learned.text.endswith("quay. ")
    assert held.text.startswith("He")


def test_a_last_chapter_far_too_long_to_hold_back_is_cut() -> None:
    train, validation = shares(10, 200)
    assert train == [0, 1]
    assert validation == [1]


def test_one_sentence_cannot_be_split() -> None:
    result = split([manuscript("He went.")], 0.15)
    assert len(result.train) == 1
    assert result.validation == []


def test_each_manuscript_holds_back_a_part_of_its_own() -> None:
    result = split([manuscript(*["He went.\n\n" * 9] * 4)] * 2, 0.2)
    assert {s.manuscript for s in result.validation} == {0, 1}


@pytest.mark.parametrize(
    ("lengths", "share", "held"),
    [
        ([60, 10, 30], 0.1, {1}),
        ([60, 10, 30], 0.3, {2}),
        ([50, 50], 0.15, {0}),
        ([40, 5, 5, 5, 45], 0.15, {1, 2, 3}),
        ([900, 1], 0.2, {1}),
    ],
)
def test_whole_books_that_come_nearest_to_the_share(
    lengths: list[int], share: float, held: set[int]
) -> None:
    books = [manuscript("He went.\n\n" * n, "She stayed.\n\n" * n) for n in lengths]
    result = split(books, share, "books")
    assert {s.manuscript for s in result.validation} == held
    assert {s.manuscript for s in result.train} == set(range(len(lengths))) - held
    assert len(result.train) + len(result.validation) == 2 * len(lengths)


@pytest.mark.parametrize("chapters", [[["He went."]], [["He went."], ["  "]], []])
def test_one_book_cannot_be_held_back(chapters: list[list[str]]) -> None:
    with pytest.raises(StudioError, match="no book to hold back") as caught:
        split([manuscript(*each) for each in chapters], 0.15, "books")
    assert "hold back chapters" in caught.value.remedy


def test_headings_are_not_prose() -> None:
    result = split([manuscript("He went.", "She stayed.")], 0.3)
    assert all("Chapter" not in s.text for s in (*result.train, *result.validation))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.floats(0.05, 0.45))
def test_nothing_is_lost_and_nothing_is_on_both_sides(lengths: list[int], share: float) -> None:
    chapters = ["\n\n".join(f"S{i}.{j} ends." for j in range(n)) for i, n in enumerate(lengths)]
    result = split([manuscript(*chapters)], share)

    def sentences(sections: list[Section]) -> list[str]:
        return [line for s in sections for line in s.text.strip().split("\n\n")]

    train, validation = sentences(result.train), sentences(result.validation)
    assert train + validation == "\n\n".join(chapters).split("\n\n")
    assert sum(lengths) == 1 or (train and validation)
