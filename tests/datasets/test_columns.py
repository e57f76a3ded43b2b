"""Shapes are known by their names, or guessed; nothing of a row goes unnamed."""

from __future__ import annotations

from typing import Any

import pytest

from studio.datasets.columns import NEEDED, guess, recognise, unused
from studio.datasets.drafting import draft
from studio.datasets.example import Draft
from studio.datasets.rows import Row
from studio.domain.recipes import Columns
from studio.errors import StudioError

ASKED = {"role": "user", "content": "q"}
TOLD = {"role": "assistant", "content": "a"}
WORSE = {"role": "assistant", "content": "b"}
QUESTIONS = Columns(shape="input-output", fields={"input": "input", "output": "output"})
LONG = "The tide came in, and nobody in the harbour spoke of it. " * 8


def row(**fields: Any) -> Row:
    return Row("a.jsonl", 7, fields)


def read(fields: dict[str, Any], columns: Columns | None = None) -> Draft | str:
    found = columns or recognise(fields)
    assert found is not None
    return draft(row(**fields), found)


@pytest.mark.parametrize(
    ("shape", "fields", "expected"),
    [
        ("text", {"text": "Prose."}, "Prose."),
        ("input-output", {"input": "q", "output": "a"}, Draft([ASKED, TOLD])),
        (
            "input-output",
            {"input": "q", "output": "a", "system": "s"},
            Draft([{"role": "system", "content": "s"}, ASKED, TOLD]),
        ),
        ("input-output", {"prompt": "q", "completion": "a", "system": ""}, Draft([ASKED, TOLD])),
        ("instruction", {"instruction": "q", "input": "", "output": "a"}, Draft([ASKED, TOLD])),
        ("instruction", {"instruction": "q", "input": None, "output": "a"}, Draft([ASKED, TOLD])),
        (
            "instruction",
            {"instruction": "q", "input": "more", "output": "a"},
            Draft([{"role": "user", "content": "q\n\nmore"}, TOLD]),
        ),
        (
            "preference",
            {"prompt": "q", "chosen": "a", "rejected": "b", "system": "s"},
            Draft([{"role": "system", "content": "s"}, ASKED, TOLD], rejected="b"),
        ),
        (
            "preference",
            {"chosen": [ASKED, TOLD], "rejected": [ASKED, WORSE]},
            Draft([ASKED, TOLD], rejected="b"),
        ),
        (
            "preference",
            {"prompt": "q", "chosen": [ASKED, TOLD], "rejected": [ASKED, WORSE]},
            Draft([ASKED, TOLD], rejected="b"),
        ),
        (
            "preference",
            {"prompt": [ASKED], "chosen": [TOLD], "rejected": [WORSE]},
            Draft([ASKED, TOLD], rejected="b"),
        ),
        ("messages", {"messages": [ASKED, TOLD]}, Draft([ASKED, TOLD])),
        (
            "sharegpt",
            {
                "conversations": [
                    {"from": "human", "value": "q"},
                    {"from": "gpt", "value": "a"},
                ],
                "system": "",
            },
            Draft([ASKED, TOLD]),
        ),
        ("rated", {"prompt": "q", "completion": "a", "label": True}, Draft([ASKED, TOLD])),
        (
            "rated",
            {"prompt": "q", "completion": "a", "label": "0"},
            Draft([ASKED, TOLD], wanted=False),
        ),
    ],
)
def test_known_shapes(shape: str, fields: dict[str, Any], expected: Draft | str) -> None:
    found = recognise(fields)
    assert found is not None
    assert found.shape == shape
    assert read(fields) == expected
    assert not unused([row(**fields)], found)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"input": "q", "output": 7}, "“output” holds “7”: it is no text"),
        ({"input": "q", "output": "  "}, "“output” holds “  ”: it is empty"),
        ({"prompt": "q", "completion": "a", "label": "maybe"}, "“label” holds “maybe”: it is nei"),
        ({"messages": [TOLD, ASKED]}, "“messages” holds “q”: its last turn"),
        ({"messages": [{"role": "tool", "content": "x"}, TOLD]}, "holds “tool”: there is no such"),
        ({"messages": [{"role": "user", "content": None}, TOLD]}, "holds “None”: it is empty"),
        (
            {"chosen": [ASKED, TOLD], "rejected": [{"role": "user", "content": "x"}, WORSE]},
            "“rejected” holds “b”: “chosen” and “rejected” answer different",
        ),
        ({"chosen": "a", "rejected": "b"}, "nothing is asked before it"),
    ],
)
def test_errors_name_the_row_the_column_and_the_value(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(StudioError) as caught:
        read(fields, None if recognise(fields) else QUESTIONS)
    assert caught.value.what == "Row 7 of “a.jsonl” cannot be used."
    assert said in caught.value.why


def test_a_mapping_of_other_names() -> None:
    columns = Columns(shape="instruction", fields={"instruction": "Q", "output": "Story"})
    fields = {"Q": "q", "Story": "a", "Notes": "n"}
    assert read(fields, columns) == Draft([ASKED, TOLD])
    assert unused([row(**fields), row(**fields | {"Notes": ""})], columns) == {"Notes": 1}


def test_a_mapping_without_a_needed_field() -> None:
    with pytest.raises(StudioError, match="which column is “output”"):
        read({"a": "b"}, Columns(shape="input-output", fields={"input": "a"}))


def test_fields_of_turns_that_are_not_used_are_named_too() -> None:
    turns = [ASKED | {"name": "Tam", "weight": None}, TOLD | {"tool_calls": [1]}]
    columns = Columns(shape="messages", fields={"messages": "messages"})
    found = unused([row(messages=turns, score=3, empty=None)], columns)
    assert found == {"messages.name": 1, "messages.tool_calls": 1, "score": 1}


@pytest.mark.parametrize(
    ("fields", "shape", "mapped", "least", "most"),
    [
        ({"text": "x"}, "text", ["text"], 1, 1),
        ({"Question": "q", "Answer": "a"}, "input-output", ["Question", "Answer"], 0.5, 0.9),
        ({"instruction": "q", "response": "a"}, "instruction", None, 0.5, 0.9),
        ({"dialogue": [ASKED, TOLD]}, "messages", ["dialogue"], 0.5, 0.9),
        ({"指令": "写", "输出": "水"}, "instruction", ["指令", "输出"], 0.5, 0.9),
        ({"id": "1", "blob": LONG}, "text", ["blob"], 0.3, 0.5),
        ({"a": "1", "b": 2}, "text", ["a"], 0, 0.2),
        ({"a": 1}, "text", ["a"], 0, 0.2),
    ],
)
def test_a_guess_is_filled_in(
    fields: dict[str, Any], shape: str, mapped: list[str] | None, least: float, most: float
) -> None:
    """``mapped`` are the columns of the shape's needed fields; None: all there are."""
    found = guess([row(**fields)])
    columns = mapped or list(fields)
    assert found.columns.shape == shape
    assert [found.columns.fields[name] for name in NEEDED[found.columns.shape]] == columns
    assert least <= found.confidence <= most
    assert set(found.unused) == set(fields) - set(columns)


def test_a_guess_about_nothing() -> None:
    assert guess([]).confidence < 0.5


def test_a_column_that_is_empty_at_first_is_seen() -> None:
    rows = [row(prompt=None, chosen="a", rejected="b"), row(prompt="q", chosen="a", rejected="b")]
    assert guess(rows).columns.fields["prompt"] == "prompt"
