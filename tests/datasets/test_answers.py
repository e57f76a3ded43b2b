"""Examples and grades read out of what models answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.datasets.answers import drafts_of, grade_of, without_thoughts

ONE = [{"instruction": "Describe the sea.", "response": "It was grey."}]
TALK = [{"role": "user", "content": "Tell me."}, {"role": "assistant", "content": "No."}]


def pairs(answer: str) -> list[tuple[str, ...]]:
    return [tuple(turn["content"] for turn in draft.messages) for draft in drafts_of(answer)]


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps(ONE),
        f"Sure! Here you are:\n```json\n{json.dumps(ONE, indent=2)}\n```\nAnything else?",
        json.dumps(ONE[0]),
        json.dumps({"examples": ONE}),
        '{"Prompt": "Describe the sea.", "Completion": "It was grey."}',
        "I [think] {so}: " + json.dumps(ONE),
        "Instruction: Describe the sea.\nResponse: It was grey.",
        "**Prompt:** Describe the sea.\n\n**Answer:** It was grey.\n\nExample 2: …",
    ],
)
def test_one_example_however_it_is_wrapped(answer: str) -> None:
    assert [(a.strip("* "), b.strip("* \n")) for a, b in pairs(answer)] == [
        ("Describe the sea.", "It was grey.")
    ]


def test_lines_of_json() -> None:
    lines = "\n".join(json.dumps({"question": f"{i}?", "answer": f"{i}!"}) for i in range(3))
    assert pairs(lines) == [(f"{i}?", f"{i}!") for i in range(3)]


def test_a_last_example_that_was_cut_off_is_dropped() -> None:
    whole = json.dumps([{"instruction": f"{i}?", "response": f"{i}!"} for i in range(3)])
    assert pairs(whole[:-12]) == [("0?", "0!"), ("1?", "1!")]


def test_chinese_labels_and_keys() -> None:
    assert pairs('[{"要求": "写海。", "回答": "海是灰的。"}]') == [("写海。", "海是灰的。")]
    assert pairs("写作要求：写海。\n回答：海是灰的。") == [("写海。", "海是灰的。")]


@pytest.mark.parametrize("value", [TALK, [TALK], {"messages": TALK}, [{"turns": TALK}]])
def test_conversations(value: object) -> None:
    assert pairs(json.dumps(value)) == [("Tell me.", "No.")]


def test_a_conversation_ends_with_an_answer_and_takes_turns() -> None:
    open_end = {"messages": [*TALK, {"role": "user", "content": "Why?"}]}
    assert pairs(json.dumps(open_end)) == [("Tell me.", "No.")]
    assert pairs(json.dumps({"messages": [*TALK, TALK[1]]})) == []
    assert pairs(json.dumps({"messages": [{"role": "cook", "content": "Soup."}]})) == []


def test_a_line_break_in_a_text_is_forgiven() -> None:
    assert pairs('[{"instruction": "A\nB", "response": "C"}]') == [("A\nB", "C")]


@pytest.mark.parametrize("answer", ["", "No.", "[]", "{}", '[{"instruction": "only"}]', "[[[[["])
def test_nothing_of_use(answer: str) -> None:
    assert drafts_of(answer) == []


@given(st.text(alphabet='[]{}":,ab \n要求：回答', max_size=200))
def test_whatever_comes_is_read_or_not(answer: str) -> None:
    for draft in drafts_of(answer):
        assert draft.messages[-1]["role"] == "assistant"


def test_deep_nesting_is_no_harm() -> None:
    assert drafts_of("[" * 100_000) == []


@pytest.mark.parametrize(
    ("answer", "grade"),
    [("4", 4), ("Grade: 5", 5), ("4/5", 4), ("**3**", 3), ("我打4分。", 4), ("2.0", 2),
     ("On a scale of 1 to 5: 3", 3), ("", None), ("excellent", None), ("10", None), ("0", None)],
)  # fmt: skip
def test_grades(answer: str, grade: int | None) -> None:
    assert grade_of(answer) == grade


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("It rained.", "It rained."),
        ("<think>\nHm, 3?\n</think>\n\n5", "5"),
        ("\n<Thinking>A</Thinking>B", "B"),
        ("Hm.\n</think>\nIt rained.", "It rained."),
        ("<think>It was cut o", ""),
        ("<think>\n\n</think>\n\n", ""),
        ("She wrote <think> on the wall.", "She wrote <think> on the wall."),
        ("<em>It rained.</em>", "<em>It rained.</em>"),
    ],
)
def test_what_a_model_thinks_is_no_part_of_its_answer(answer: str, said: str) -> None:
    assert without_thoughts(answer) == said
