"""Two datasets side by side, by what their examples say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.comparison import compare
from studio.datasets.example import Example

LONG = "The clerk wrote down the height of the water and wondered who would read it."


def example(number: str, text: str, prompt: str = "") -> Example:
    before = [{"role": "user", "content": prompt}] if prompt else []
    return Example.model_validate(
        {"id": number, "messages": [*before, {"role": "assistant", "content": text}],
         "chapter": "One", "tokens": 3, "characters": len(text)}
    )  # fmt: skip


def splits(*train: Example, held: tuple[Example, ...] = ()) -> dict[str, tuple[Example, ...]]:
    return {"train": train, "validation": held}


def test_the_same_is_the_same_under_any_id() -> None:
    found = compare(splits(example("a", "One.")), splits(example("z", "One.")))
    assert found.same == 1
    assert found.only_in_a == found.only_in_b == found.changed == found.moved == []


def test_only_here_and_only_there() -> None:
    a, b = example("a", "One."), example("b", "Two.")
    found = compare(splits(a), splits(b))
    assert (found.only_in_a, found.only_in_b, found.same) == ([a], [b], 0)


def test_the_same_id_and_question_is_a_change() -> None:
    a, b = example("a", "One.", "Go on."), example("a", "Quite another.", "Go on.")
    assert compare(splits(a), splits(b)).changed == [(a, b)]


def test_much_the_same_words_under_one_id_are_a_change() -> None:
    a, b = example("a", LONG), example("a", LONG.replace("clerk", "pilot"))
    assert compare(splits(a), splits(b)).changed == [(a, b)]


def test_the_same_id_by_accident_is_no_change() -> None:
    a, b = example("a", LONG), example("a", "渡船靠岸的时候，天已经黑透了。")
    found = compare(splits(a), splits(b))
    assert (found.only_in_a, found.only_in_b, found.changed) == ([a], [b], [])


def test_what_changed_sides_is_told() -> None:
    a = example("a", "One.")
    found = compare(splits(a), splits(held=(a,)))
    assert found.moved == [(a, a)]
    assert found.same == 0


@given(
    st.lists(st.sampled_from("abcdef"), unique=True),
    st.lists(st.sampled_from("abcdef"), unique=True),
)
def test_everything_is_told_once(one: list[str], other: list[str]) -> None:
    found = compare(
        splits(*(example(f"a{n}", n) for n in one)), splits(*(example(f"b{n}", n) for n in other))
    )
    assert found.same == len(set(one) & set(other))
    assert [e.completion for e in found.only_in_a] == [n for n in one if n not in other]
    assert [e.completion for e in found.only_in_b] == [n for n in other if n not in one]
