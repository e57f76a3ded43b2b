"""What is left out of a dataset, by which reason, and what is flagged."""

from __future__ import annotations

import pytest

from studio.datasets.example import Example, Turn
from studio.datasets.quality import REASONS, flagged, screen, written
from studio.domain.recipes import Quality

TALE = [
    "The clerk wrote down the height of the water and wondered who would ever read it again.",
    "Nobody had crossed the bar since Tuesday, and the lamps along the mole were not yet lit.",
    "渡船靠岸的时候，天已经黑透了，码头上只有一盏灯，灯下站着一个提篮子的女人，谁也不认识她。",
    "船工把缆绳绕在石柱上，抬头看了看天色。风从江心吹过来，带着一点煤烟的味道，又苦又凉。",
]
ANY = Quality()


def example(number: str, text: str, *before: str, rejected: str | None = None) -> Example:
    roles = ("user", "assistant")
    turns = [Turn(role=roles[i % 2], content=each) for i, each in enumerate(before)]
    return Example(
        id=number,
        messages=(*turns, Turn(role="assistant", content=text)),
        rejected=rejected,
        chapter="One",
        tokens=9,
        characters=len(text),
    )


def ids(examples: list[Example]) -> list[str]:
    return [e.id for e in examples]


def test_a_clean_dataset_stays_as_it_is() -> None:
    train = [example(str(i), text) for i, text in enumerate(TALE[:3])]
    held = [example("v", TALE[3])]
    found = screen(train, held, ANY)
    assert (found.train, found.validation) == (train, held)
    assert found.left_out == dict.fromkeys(REASONS, 0)


def test_of_copies_across_the_split_the_held_out_one_stays() -> None:
    near = TALE[0].replace("clerk", "pilot").replace("again", "now")
    train = [example("a", TALE[0]), example("b", near), example("c", TALE[1])]
    found = screen(train, [example("v", TALE[0].upper())], ANY)
    assert (ids(found.train), ids(found.validation)) == (["c"], ["v"])
    assert found.left_out | {"duplicates": 1, "near_duplicates": 1} == found.left_out
    assert {r.like for r in found.removed} == {"v"}


def test_what_stands_within_a_held_out_passage_is_left_out() -> None:
    found = screen([example("a", TALE[0])], [example("v", f"{TALE[1]} {TALE[0]} {TALE[2]}")], ANY)
    assert found.train == []
    assert found.left_out["repeated"] == 1


def test_of_copies_on_one_side_the_first_stays() -> None:
    train = [example(n, TALE[2]) for n in "abc"]
    held = [example("v", TALE[3]), example("w", TALE[3] + "！")]
    found = screen(train, held, ANY)
    assert (ids(found.train), ids(found.validation)) == (["a"], ["v"])
    assert found.left_out["duplicates"] == 3


def test_near_copies_stay_where_only_copies_are_to_go() -> None:
    train = [example("a", TALE[0]), example("b", TALE[0].replace("clerk", "pilot"))]
    assert len(screen(train, [], Quality(near_duplicates=None)).train) == 2
    assert len(screen(train, [], ANY).train) == 1


def test_the_same_short_answer_to_two_questions_is_no_repetition() -> None:
    train = [example("a", "Yes.", "Is it late?"), example("b", "Yes.", "Has the water come?")]
    held = [example("v", "Yes.", "Will you stay until the morning?")]
    assert screen(train, held, ANY).removed == []
    again = screen([*train, example("c", "Yes.", "Is it late?")], held, ANY)
    assert ids(again.train) == ["a", "b"]


def test_two_pairs_with_one_chosen_text_are_two() -> None:
    train = [
        example("a", TALE[0], "Go on.", rejected=TALE[1] + TALE[2]),
        example("b", TALE[0], "Go on.", rejected=TALE[3] * 2),
    ]
    assert len(screen(train, [], ANY).train) == 2


def test_tables_of_contents_go_and_lists_are_flagged() -> None:
    contents = "Contents\n\n" + "\n".join(f"Chapter {i}. Water ..... {i * 7}" for i in range(1, 8))
    shopping = "- two lamps\n- a coil of rope\n- the ledger\n- bread\n- oil"
    train = [example("a", contents), example("b", shopping), example("c", TALE[0])]
    found = screen(train, [], ANY)
    assert ids(found.train) == ["b", "c"]
    assert found.left_out["non_prose"] == 1
    assert found.train[0].flags == ("list",)
    kept = screen(train, [], Quality(non_prose=False))
    assert [e.flags for e in kept.train] == [("contents",), ("list",), ()]


def test_pairs_of_twice_the_same_text_go() -> None:
    same = example("a", TALE[0], "Go on.", rejected=f" {TALE[0]}\n")
    coded = example("c", "Th\u00e9rèse\u00ad.", "Go on.", rejected="The\u0301rèse.")
    other = example("b", TALE[1], "Go on.", rejected=TALE[2])
    found = screen([same, other, coded], [same.model_copy(update={"id": "v"})], ANY)
    assert (ids(found.train), found.validation) == (["b"], [])
    assert found.left_out["equal"] == 3


def test_personal_data_is_flagged_wherever_it_stands_and_never_removed() -> None:
    one = example("a", TALE[0], "Mail a@example.com about it.", rejected="Call 212-555-0142.")
    (kept,) = screen([one], [], ANY).train
    assert kept.flags == ("email", "phone")
    assert kept.model_copy(update={"flags": ()}) == one
    assert flagged(kept) == kept


def test_all_that_the_assistant_says_is_written() -> None:
    assert written(example("a", "Four.", "One?", "Two.", "Three?")) == "Two.\n\nFour."


@pytest.mark.parametrize("wanted", [Quality(), Quality(near_duplicates=None, non_prose=False)])
def test_what_was_removed_is_told(wanted: Quality) -> None:
    found = screen([example("a", TALE[0])], [example("v", TALE[0])], wanted)
    (told,) = [each.told() for each in found.removed]
    assert told["id"] == "a"
    assert told["reason"] in REASONS
    assert TALE[0].startswith(told["text"])
