"""What goes out comes in again, and no spreadsheet runs it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from studio.datasets import export, tables
from studio.datasets.columns import recognise
from studio.datasets.drafting import draft
from studio.datasets.example import Draft, Example
from studio.datasets.rows import Row
from studio.errors import StudioError

LINES = "One\u2028two\u2029three\x85four\x0bfive\x0csix\x1cseven\x1deight\x1enine\rten"
"""Marks that end a line for some programs, and none of a JSON Lines file."""
WORDS = [
    LINES,
    "He left.",
    '=HYPERLINK("http://x")',
    " +1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "水，“龘”\n\n😀",
]


def examples(shape: str) -> list[Example]:
    found = []
    for number, words in enumerate(WORDS):
        turns: list[dict[str, str]] = [{"role": "assistant", "content": words}]
        if shape != "text":
            turns.insert(0, {"role": "user", "content": f"{words}?"})
        if number % 2 and shape != "text":
            turns.insert(0, {"role": "system", "content": "S"})
        rejected = "No." if shape == "preference" else None
        found.append(
            Example(
                id=f"r{number}",
                messages=turns,
                rejected=rejected,
                chapter="One",
                tokens=1,
                characters=len(words),
            )
        )
    return found


def stored(folder: Path, found: list[Example], name: str = "train") -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(e.model_dump_json() + "\n" for e in found), encoding="utf-8")
    return path


def read(path: Path) -> list[Row]:
    with path.open("rb") as stream:
        return list(tables.read(path.name, stream))


@pytest.mark.parametrize("shape", get_args(export.Shape))
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_what_goes_out_comes_in_again(tmp_path: Path, form: Any, shape: Any) -> None:
    found = examples(shape)
    target = tmp_path / f"out.{form}"
    assert export.write([stored(tmp_path, found)], target, form, shape) == len(found)
    for row, example in zip(read(target), found, strict=True):
        columns = recognise(row.fields)
        assert columns is not None
        drafted = draft(row, columns)
        if shape == "text":
            assert drafted == example.completion
        else:
            assert drafted == Draft(example.turns, example.rejected)


@pytest.mark.parametrize("shape", get_args(export.Shape))
def test_no_cell_is_a_formula(tmp_path: Path, shape: Any) -> None:
    found = examples(shape)
    target = tmp_path / "out.csv"
    export.write([stored(tmp_path, found)], target, "csv", shape)
    with target.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == export.COLUMNS[shape]
    cells = [value for row in rows for value in row.values()]
    assert not [c for c in cells if c.strip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))]
    if shape == "text":
        plain = [c[1:] if c.startswith("'") else c for c in cells]
        assert plain == WORDS
        assert sum(c.startswith("'") for c in cells) == 5
    if shape == "messages":
        assert [json.loads(c) for c in cells] == [e.turns for e in found]


def test_both_splits_one_after_another(tmp_path: Path) -> None:
    found = examples("text")
    splits = [stored(tmp_path, found[:5]), stored(tmp_path, found[5:], "validation")]
    assert export.write(splits, tmp_path / "a.jsonl", "jsonl", "text") == len(found)
    assert [row.fields["text"] for row in read(tmp_path / "a.jsonl")] == WORDS


def test_many_examples_are_written_in_parts(tmp_path: Path) -> None:
    path = stored(tmp_path, examples("text") * 400)
    assert export.write([path], tmp_path / "a.parquet", "parquet", "text") == 400 * len(WORDS)
    assert len(read(tmp_path / "a.parquet")) == 400 * len(WORDS)


@pytest.mark.parametrize(
    ("held", "shape", "said"),
    [
        ("text", "preference", "The example r0 does not fit: it has nothing that was rejected"),
        ("preference", "messages", "judged against another"),
        ("preference", "prompt-completion", "judged against another"),
    ],
)
def test_another_shape_is_refused_and_leaves_nothing(
    tmp_path: Path, held: str, shape: Any, said: str
) -> None:
    path = stored(tmp_path, examples(held))
    with pytest.raises(StudioError, match=said):
        export.write([path], tmp_path / "a.jsonl", "jsonl", shape)
    assert [p.name for p in tmp_path.iterdir()] == ["train.jsonl"]


def test_several_turns_have_no_one_prompt(tmp_path: Path) -> None:
    (first, *_rest) = examples("messages")
    long = first.model_copy(update={"messages": (*first.messages, *first.messages)})
    with pytest.raises(StudioError, match="it has several turns"):
        export.write([stored(tmp_path, [long])], tmp_path / "a.csv", "csv", "prompt-completion")
    assert export.write([stored(tmp_path, [long])], tmp_path / "a.csv", "csv", "messages") == 1
