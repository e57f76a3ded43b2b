"""The longest shared span is the one that a slow and simple search finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.quality.leakage import Known, longest_shared

SMALL = st.text(alphabet="ab c水", max_size=80)


def slow(one: str, other: str) -> int:
    one, other = " ".join(one.split()), " ".join(other.split())
    row, best = [0] * (len(other) + 1), 0
    for letter in one:
        row = [0, *(row[j] + 1 if letter == o else 0 for j, o in enumerate(other))]
        best = max(best, *row)
    return best


@given(SMALL, SMALL)
def test_it_is_the_longest(one: str, other: str) -> None:
    found = longest_shared(one, other)
    assert found.characters == len(found.text) == slow(one, other)
    assert found.text in " ".join(one.split())
    assert found.text in " ".join(other.split())


@given(SMALL, st.text(alphabet="xyz龘😀", min_size=17, max_size=200), SMALL)
def test_a_planted_span_is_found(before: str, planted: str, after: str) -> None:
    assert longest_shared(before + planted, planted + after).characters >= len(planted)


@pytest.mark.parametrize(("one", "other"), [("", ""), ("a", ""), ("", "b"), ("abc", "xyz")])
def test_nothing_is_shared(one: str, other: str) -> None:
    assert longest_shared(one, other) == (0, "")


def test_white_space_counts_as_one_space() -> None:
    assert longest_shared("He went\n\n  to the quay.", "he went to\tthe quay!").characters == 18


def test_thue_and_morse_do_not_deceive_it() -> None:
    """The sequence that breaks rolling hashes modulo a power of two."""
    bits = "a"
    for _ in range(13):
        bits += bits.translate(str.maketrans("ab", "ba"))
    one, other = bits[: len(bits) // 2], bits[len(bits) // 2 :]
    found = longest_shared(one, other)
    assert found.text in one
    assert found.text in other
    longer = (one[i : i + found.characters + 1] for i in range(len(one) - found.characters))
    assert not any(span in other for span in longer)


def test_lone_surrogates_are_characters_like_others() -> None:
    assert longest_shared("x\ud800y", "\ud800y").characters == 2


def test_the_longest_span_of_two_novels_is_found(corpus: Path) -> None:
    """Hours, if every span were compared with every other."""
    text = "".join(p.read_text("utf-8") for p in sorted((corpus / "en").glob("*.txt")))
    found = longest_shared(text[:-300_000], text[-300_000:])
    assert 30 < found.characters < 3000


@given(SMALL, SMALL)
def test_known_texts(text: str, other: str) -> None:
    known = Known(text, 3)
    assert len(other) < 3 or (other in known) == (other in text)
    assert all(text[i : i + 5] in known for i in range(max(0, len(text) - 4)))
