"""Datasets made of rows: what comes in is learned, held back, or named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.datasets import stored
from studio.datasets.engine import run
from studio.datasets.example import Example
from studio.domain.recipes import Columns, ContinuationSpec, FileRows, Format, PrepareSpec, Quality
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.models.source import load_tokenizer
from studio.settings import ROOT
from studio.training.examples import IGNORED, rows_of
from tests.datasets.tables import put, questions, written
from tests.workroom import LocalRoom

EMPTY: list[Any] = [[], None, "", {}, " ", float("nan"), "", []]
LOOSE = Quality(near_duplicates=None, non_prose=False)


def prepare(room: LocalRoom, rows: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    source = FileRows(
        artifact=put(room, a__jsonl=written(rows, ".jsonl")), columns=changes.pop("columns", None)
    )
    return run(PrepareSpec(name="Rows", rows=source, quality=LOOSE, **changes), room)


def split(room: LocalRoom, result: dict[str, Any], name: str) -> list[Example]:
    return list(stored.read(room.fetch(result["dataset"]) / f"{name}.jsonl"))


def both(room: LocalRoom, result: dict[str, Any]) -> list[Example]:
    return split(room, result, "train") + split(room, result, "validation")


def test_every_row_is_an_example_as_it_is(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    rows = questions(40)
    result = prepare(room, rows)
    found = both(room, result)
    assert {e.id for e in found} == {f"r{i}" for i in range(1, 41)}
    for example in found:
        row = rows[int(example.id[1:]) - 1]
        assert [t.content for t in example.messages] == [row["input"], row["output"]]
        assert example.chapter == "a.jsonl"
    assert 3 <= result["validation"] <= 10
    assert result["language"] == "en"


def test_the_recipe_pins_what_the_rows_were(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    result = prepare(room, [r | {"score": 3} for r in questions(20)])
    recipe = json.loads((room.fetch(result["dataset"]) / "recipe.json").read_bytes())
    assert len(recipe["rows"]["origin"]["files"]["a.jsonl"]) == 64
    assert recipe["rows"]["columns"]["shape"] == "input-output"
    assert recipe["rows"]["unused_columns"] == {"score": 20}
    assert PrepareSpec.model_validate(recipe["spec"]).rows is not None
    assert any("“score” is not used; 20 rows" in line.text for line in room.of_type("log"))
    (produced,) = room.of_type("artifact")
    assert produced.facts["statistics"]["rows"] == recipe["rows"]


def test_the_same_rows_give_the_same_split_whatever_their_order(tmp_path: Path) -> None:
    held = []
    for name, rows in (("a", questions(30)), ("b", questions(30)[::-1])):
        room = LocalRoom(tmp_path / name)
        found = split(room, prepare(room, rows), "validation")
        held.append({e.completion for e in found})
    assert held[0] == held[1]


def test_one_question_is_on_one_side(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    rows = [
        {"prompt": r["input"], "chosen": f"{r['output']} {n}", "rejected": "No."}
        for r in questions(20)
        for n in range(3)
    ]
    result = prepare(room, rows)
    train, held = (split(room, result, name) for name in ("train", "validation"))
    assert {e.messages[0].content for e in train}.isdisjoint(e.messages[0].content for e in held)
    assert all(e.form == "preference" for e in train + held)


def test_prose_is_cut_by_the_builder_and_a_document_is_on_one_side(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    rows = [
        {"text": " ".join(f"In year {i} we counted {i * 97 + j} waves." for j in range(40))}
        for i in range(12)
    ]
    result = prepare(room, rows, builder=ContinuationSpec(passage_tokens=64, context_tokens=64))
    train, held = (split(room, result, name) for name in ("train", "validation"))
    documents = [{e.id.split(".")[0] for e in side} for side in (train, held)]
    assert documents[0].isdisjoint(documents[1])
    assert len(train) + len(held) > 24
    assert all(len(e.messages) == 2 for e in train)
    assert any(e.chapter == "row 1 of “a.jsonl”" for e in train + held)


def test_what_is_trained_on(tmp_path: Path) -> None:
    """The last answer of a conversation, the chosen of a pair, nothing that was rated down."""
    room = LocalRoom(tmp_path)
    tokenizer = load_tokenizer(ROOT / "data" / "starter")
    rows = [
        {"prompt": r["input"], "completion": r["output"], "label": i % 2 == 0}
        for i, r in enumerate(questions(20))
    ]
    folder = room.fetch(prepare(room, rows)["dataset"])
    learned, _account = rows_of(folder / "train.jsonl", tokenizer, Format(), 512)
    texts = {tokenizer.decode([i for i in row.labels if i != IGNORED]) for row in learned}
    wanted = {e.completion + "<|im_end|>" for e in stored.read(folder / "train.jsonl") if e.wanted}
    assert texts == wanted
    assert 0 < len(texts) < 20


def test_columns_that_nobody_knows_are_asked_about(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    rows = [{"q": r["input"], "a": r["output"]} for r in questions(20)]
    with pytest.raises(StudioError, match="It has “q”, “a”"):
        prepare(room, rows)
    mapped = Columns(shape="input-output", fields={"input": "q", "output": "a"})
    assert prepare(room, rows, columns=mapped)["train"] > 10


def test_a_few_unusable_rows_are_named_and_left_out(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    rows = questions(30)
    for number in range(0, 25, 5):
        rows[number] = {"input": "q", "output": ""}
    result = prepare(room, rows)
    told = [line.text for line in room.of_type("log")]
    assert "Row 1 of “a.jsonl” cannot be used." in told[0]
    assert "5 rows could not be used and were left out." in told
    assert result["train"] + result["validation"] == 25


def test_mostly_unusable_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="“output” holds “”: it is empty"):
        prepare(LocalRoom(tmp_path), [{"input": "q", "output": ""}] * 50)


def test_empty_cells_of_every_kind_are_empty(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"instruction": r["input"], "input": empty, "output": r["output"], "system": empty}
        for r, empty in zip(questions(32), EMPTY * 4, strict=True)
    ]
    for row in rows[1::8]:
        del row["input"], row["system"]
    result = prepare(LocalRoom(tmp_path), rows)
    assert result["train"] + result["validation"] == 32


@pytest.mark.parametrize("wrong", [7, [], ["x"], {"a": 1}, None, True, ""])
def test_rows_of_another_kind_do_not_hold_up_the_others(tmp_path: Path, wrong: object) -> None:
    rows = [{"input": r["input"], "output": r["output"]} for r in questions(30)]
    for row in rows[:8]:
        row["output"] = wrong
    del rows[9]["input"]
    room = LocalRoom(tmp_path)
    result = prepare(room, rows)
    assert result["train"] + result["validation"] == 21
    assert any("9 rows could not be used" in line.text for line in room.of_type("log"))


@pytest.mark.parametrize("asked", [1, 2])
def test_rows_that_ask_the_same_are_told_apart_by_their_answers(tmp_path: Path, asked: int) -> None:
    rows = [r | {"input": f"Write on. {i % asked}"} for i, r in enumerate(questions(30))]
    room = LocalRoom(tmp_path)
    result = prepare(room, [*rows, *rows[:3]])
    train, held = (split(room, result, name) for name in ("train", "validation"))
    assert 1 <= len(held) <= 6
    assert len(train) + len(held) == 30
    assert {e.completion for e in train}.isdisjoint(e.completion for e in held)


@pytest.mark.parametrize("rows", [[], questions(3)])
def test_too_few_rows_are_said_to_be_too_few(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(StudioError, match="“Rows” is too short"):
        prepare(LocalRoom(tmp_path), rows)


def test_pairs_of_twice_the_same_text_are_the_reason_where_too_few_are_left(
    tmp_path: Path,
) -> None:
    rows = [
        {"prompt": r["input"], "chosen": r["output"], "rejected": f"{r['output']} "}
        for r in questions(8)
    ]
    for different in (0, 2):
        for row in rows[:different]:
            row["rejected"] = "No."
        with pytest.raises(StudioError, match="In too many pairs") as refused:
            prepare(LocalRoom(tmp_path / str(different)), rows)
        assert f"{8 - different} such pairs were left out" in refused.value.why
    with pytest.raises(StudioError, match="“Rows” is too short"):
        prepare(LocalRoom(tmp_path / "few"), rows[:3])


def test_a_stop_while_reading(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    room.stop_after(5)
    with pytest.raises(Stopped):
        prepare(room, questions(20))
    assert room.of_type("artifact") == []
