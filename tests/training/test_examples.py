"""Rows keep every completion whole, and account for every token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.datasets.example import Example
from studio.datasets.formatting import formatter_of
from studio.domain.prompts import continuation
from studio.domain.recipes import Format
from studio.errors import StudioError
from studio.models.source import load_tokenizer
from studio.plugins import discover
from studio.training.examples import IGNORED, Reader, Row, openings, prompt_ids, rows_of, spread
from tests.models.folders import STARTER
from tests.training.material import examples, write_dataset


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer(STARTER)


def rows_at(folder: Path, tokenizer: Any, found: list[dict[str, Any]], longest: int) -> Any:
    path = write_dataset(folder, train=found) / "train.jsonl"
    return rows_of(path, tokenizer, Format(), longest)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_training_and_writing_build_the_same_ids(
    tmp_path: Path, tokenizer: Any, language: Any
) -> None:
    [example] = examples(1, seed=3, language=language)
    [row], _account = rows_at(tmp_path, tokenizer, [example], 2048)
    asked = discover("studio.datasets.formatters")["chat-template"].asked(
        tokenizer, example["messages"][:-1]
    )
    assert tuple(prompt_ids(row)) == asked.ids
    learned = [i for i in row.labels if i != IGNORED]
    completion = example["messages"][-1]["content"]
    assert tokenizer.decode(learned) == completion + "<|im_end|>"
    assert row.characters == len(completion)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_too_long_loses_its_beginning_only(
    tmp_path: Path, tokenizer: Any, language: Any
) -> None:
    found = examples(6, seed=4, language=language, sentences=12)
    whole, all_of_it = rows_at(tmp_path / "whole", tokenizer, found, 2048)
    longest = max(len(row.input_ids) for row in whole) - 60
    cut, account = rows_at(tmp_path / "cut", tokenizer, found, longest)
    assert account.tokens + account.dropped_tokens == all_of_it.tokens
    assert account.learned_tokens == all_of_it.learned_tokens
    assert account.shortened >= 1
    assert account.left_out == 0
    for before, after in zip(whole, cut, strict=True):
        assert len(after.input_ids) <= longest
        assert [i for i in after.labels if i != IGNORED] == [
            i for i in before.labels if i != IGNORED
        ]
        assert tokenizer.decode(after.input_ids[:3]) == tokenizer.decode(before.input_ids[:3])
        assert "\ufffd" not in after.prompt
        instruction, _gap, kept = after.prompt.partition("\n\n")
        assert before.prompt.startswith(instruction)
        assert before.prompt.endswith(kept.strip())


def test_a_completion_that_is_too_long_is_left_out_and_counted(
    tmp_path: Path, tokenizer: Any
) -> None:
    short, long = examples(2, seed=5), examples(1, seed=6, sentences=60)
    rows, account = rows_at(tmp_path, tokenizer, [*short, *long], 200)
    assert len(rows) == account.rows == 2
    assert account.left_out == 1
    _all, everything = rows_at(tmp_path / "all", tokenizer, [*short, *long], 4096)
    assert account.tokens + account.dropped_tokens == everything.tokens


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(before=st.integers(1, 40), sentences=st.integers(1, 20), longest=st.integers(40, 200))
def test_only_a_completion_that_does_not_fit_is_left_out(
    tokenizer: Any, before: int, sentences: int, longest: int
) -> None:
    """Without a word of what came before it is too long."""
    [asked], [told] = examples(1, 8, sentences=before), examples(1, 9, sentences=sentences)
    turns = [*asked["messages"][:-1], told["messages"][-1]]
    example = Example.model_validate({**told, "messages": turns})
    instruction, gap, _before = turns[0]["content"].partition("\n\n")
    bare = [{**turns[0], "content": instruction + gap}, turns[-1]]
    formatter = formatter_of(Format())
    taken = Reader(tokenizer, formatter, longest, "completions").take(example)
    assert bool(taken.rows) == (len(formatter.run(tokenizer, bare).ids) <= longest)
    assert taken.tokens == len(formatter.run(tokenizer, turns).ids)


ABOUT = "Ann keeps the locks.\n\nNobody crosses the bar."


@pytest.mark.parametrize("system", ["", "Write plainly, in the past tense, and never of trains."])
def test_what_is_said_about_the_story_goes_behind_the_story_and_the_system_text_last(
    tokenizer: Any, system: str
) -> None:
    before = " ".join(f"On day {n} it rained again." for n in range(40))
    turns = [
        *([{"role": "system", "content": system}] if system else []),
        *continuation("en", before, ABOUT),
        {"role": "assistant", "content": "The ferry came."},
    ]
    formatter = formatter_of(Format())
    whole = len(formatter.run(tokenizer, turns).ids)
    kinds = []
    for longest in range(whole, 20, -3):
        reader = Reader(tokenizer, formatter, longest, "completions", ABOUT)
        taken = reader.take(Example.model_validate(stored_example(turns)))
        if not taken.rows:
            break
        text = tokenizer.decode(taken.rows[0].input_ids)
        kinds.append((system in text, ABOUT in text, "it rained again" in text))
    assert kinds == sorted(kinds, reverse=True)
    assert (True, True, False) in kinds
    assert (True, False, False) in kinds
    assert ((False, False, False) in kinds) == bool(system)


def test_a_dataset_tells_what_is_said_about_its_story(tmp_path: Path, tokenizer: Any) -> None:
    before = " ".join(f"On day {n} it rained again." for n in range(40))
    turns = [*continuation("en", before, ABOUT), {"role": "assistant", "content": "Ann came."}]
    dataset = write_dataset(tmp_path, [stored_example(turns)])
    recipe = {"spec": {"builder": {"kind": "continuation", "about": ABOUT}}}
    (dataset / "recipe.json").write_text(json.dumps(recipe))
    ((row,), account) = rows_of(dataset / "train.jsonl", tokenizer, Format(), 100)
    assert account.shortened
    assert ABOUT in row.prompt
    assert "day 39" in row.prompt


def stored_example(turns: list[dict[str, str]]) -> dict[str, Any]:
    return {"id": "0", "messages": turns, "chapter": "One", "tokens": 9, "characters": 9}


def test_a_missing_split_is_named(tmp_path: Path, tokenizer: Any) -> None:
    with pytest.raises(StudioError, match=r"validation\.jsonl"):
        rows_of(tmp_path / "validation.jsonl", tokenizer, Format(), 256)


def test_rows_are_spread_over_the_whole(tmp_path: Path, tokenizer: Any) -> None:
    rows, _account = rows_at(tmp_path, tokenizer, examples(9, seed=7), 2048)
    assert spread(rows, 3) == [rows[0], rows[3], rows[6]]
    assert spread(rows, 99) == rows
    assert spread([], 3) == []


def chaptered(*chapters: str) -> list[Row]:
    """A row for each letter: its chapter; the first of a chapter follows a bare title."""
    rows = []
    for place, chapter in enumerate(chapters):
        first = place == 0 or chapters[place - 1] != chapter
        prompt = f"{chapter}, the title" if first else f"{chapter}, how it opens"
        rows.append(Row((place,), (place,), 1, prompt, chapter=chapter))
    return rows


def test_samples_go_on_from_how_chapters_open() -> None:
    rows = chaptered(*"aaabbbc")
    assert [row.input_ids[0] for row in openings(rows, 2)] == [1, 4]
    assert [row.input_ids[0] for row in openings(rows, 3)] == [1, 4, 6]
    assert len(openings(rows, 5)) == 5
    assert len(openings(rows, 99)) == len(rows)
