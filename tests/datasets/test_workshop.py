"""Rows of prose cut by builders that ask nobody, up to what a training reads of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from studio.datasets import stored
from studio.datasets.engine import run
from studio.datasets.example import Example
from studio.datasets.formatting import formatter_of
from studio.domain.recipes import (
    BuilderSpec,
    ChatSpec,
    ContinuationSpec,
    FileRows,
    Format,
    InstructionSpec,
    PrepareSpec,
    RawSpec,
)
from studio.settings import ROOT
from studio.text.importing import read_manuscript
from studio.training.examples import IGNORED, rows_of
from tests.datasets.tables import put, written
from tests.datasets.test_prepare import put_sample
from tests.workroom import LocalRoom

BUILDERS: dict[str, tuple[BuilderSpec, Format]] = {
    "continuation": (ContinuationSpec(passage_tokens=96, context_tokens=64), Format()),
    "raw": (RawSpec(passage_tokens=96), Format(kind="raw")),
    "chat": (ChatSpec(passage_tokens=64, turns=3), Format(kind="chatml")),
    "instruction": (InstructionSpec(passage_tokens=96), Format()),
}
END = "<|im_end|>"
SIZE = 1_200
"""Characters of a row, at least."""


def chapters() -> list[str]:
    """The prose of the English sample, in whole paragraphs."""
    name = "tide-clerk.txt"
    read = read_manuscript(name, (ROOT / "data" / "samples" / name).read_bytes())
    rows, prose = [""], (read.text[c.prose_start : c.end] for c in read.chapters)
    for paragraph in "\n\n".join(part.strip() for part in prose).split("\n\n"):
        if len(rows[-1]) >= SIZE:
            rows.append("")
        rows[-1] += f"\n\n{paragraph}" if rows[-1] else paragraph
    return rows


class Made(NamedTuple):
    room: LocalRoom
    folder: Path
    result: dict[str, Any]
    spec: PrepareSpec
    table: list[str]

    def split(self, name: str) -> list[Example]:
        return list(stored.read(self.folder / f"{name}.jsonl"))

    @property
    def every(self) -> list[Example]:
        return self.split("train") + self.split("validation")

    @property
    def figures(self) -> Any:
        return json.loads((self.folder / "statistics.json").read_bytes())


@pytest.fixture(scope="module", params=BUILDERS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A table with a column of prose and nothing else, prepared."""
    room, table = LocalRoom(tmp_path_factory.mktemp(request.param)), chapters()
    content = written([{"text": text} for text in table], ".jsonl")
    builder, formatter = BUILDERS[request.param]
    source = FileRows(artifact=put(room, a__jsonl=content))
    spec = PrepareSpec(name="Rows", rows=source, builder=builder, formatter=formatter)
    result = run(spec, room)
    return Made(room, room.fetch(result["dataset"]), result, spec, table)


def squeezed(text: str) -> str:
    return "".join(text.split())


def written_in(example: Example) -> list[str]:
    """What the author wrote of it, and a model learns to write."""
    return [turn.content.strip() for turn in example.messages if turn.role == "assistant"]


def row_of(example: Example) -> int:
    """From ``r12.3``: the fourth example of the twelfth row."""
    number = re.fullmatch(r"r(\d+)\.\d+", example.id)
    assert number, example.id
    return int(number[1])


def test_each_row_is_cut_by_itself_into_its_own_words(made: Made) -> None:
    by_row: dict[int, list[Example]] = {}
    for example in made.every:
        by_row.setdefault(row_of(example), []).append(example)
    assert len(made.table) >= 8
    assert set(by_row) == set(range(1, len(made.table) + 1))
    for number, examples in by_row.items():
        whole = squeezed(made.table[number - 1])
        for example in examples:
            assert squeezed("".join(written_in(example))) in whole
            assert example.chapter == f"row {number} of “a.jsonl”"
            assert example.characters == len(example.completion)


def test_nothing_of_a_row_is_lost_or_learned_twice(made: Made) -> None:
    """But what opens it, where a prompt must show something first."""
    assert not any(made.figures["left_out"].values())
    learned: dict[int, str] = {}
    for example in sorted(made.every, key=lambda e: [int(n) for n in re.findall(r"\d+", e.id)]):
        said = squeezed("".join(written_in(example)))
        learned[row_of(example)] = learned.get(row_of(example), "") + said
    for number, text in enumerate(made.table, 1):
        whole = squeezed(text)
        assert whole.endswith(learned[number])
        if made.spec.builder.kind in ("raw", "instruction"):
            assert whole == learned[number]


def test_a_row_is_on_one_side(made: Made) -> None:
    sides = [{row_of(e) for e in made.split(name)} for name in ("train", "validation")]
    assert all(sides)
    assert sides[0].isdisjoint(sides[1])
    held = sum(len(made.table[n - 1]) for n in sides[1])
    assert 0.05 < held / sum(map(len, made.table)) < 0.3


def test_the_recipe_and_the_figures_say_so(made: Made) -> None:
    recipe = json.loads((made.folder / "recipe.json").read_bytes())
    assert PrepareSpec.model_validate(recipe["spec"]) == made.spec
    assert recipe["manuscripts"] == []
    assert recipe["rows"]["columns"] == {"shape": "text", "fields": {"text": "text"}}
    assert "asked" not in made.result
    assert made.result["language"] == "en"
    assert made.result["tokens"] == sum(e.tokens for e in made.every)
    assert made.room.of_type("checkpoint") == []


def test_the_training_learns_these_words_and_no_others(made: Made, tokenizer: Any) -> None:
    for name in ("train", "validation"):
        examples = made.split(name)
        learned, account = rows_of(
            made.folder / f"{name}.jsonl", tokenizer, made.spec.formatter, 4096
        )
        assert account.rows == len(learned) == len(examples) == made.result[name]
        assert account.tokens == sum(e.tokens for e in examples)
        assert (account.dropped_tokens, account.shortened, account.left_out) == (0, 0, 0)
        for row, example in zip(learned, examples, strict=True):
            text = tokenizer.decode([i for i in row.labels if i != IGNORED])
            assert [t.strip() for t in text.removesuffix(END).split(END)] == written_in(example)
            shown = tokenizer.decode(
                [i for i, label in zip(row.input_ids, row.labels, strict=True) if label == IGNORED]
            )
            assert all(t.content in shown for t in example.messages if t.role == "user")
            assert example.completion not in shown


def test_what_is_too_long_for_the_training_loses_of_its_prompt_alone(
    made: Made, tokenizer: Any
) -> None:
    chosen = formatter_of(made.spec.formatter)
    examples = made.split("train")
    most = max(e.tokens for e in examples) - 1
    learned, account = rows_of(made.folder / "train.jsonl", tokenizer, made.spec.formatter, most)
    assert account.tokens + account.dropped_tokens == sum(e.tokens for e in examples)
    assert account.dropped_tokens > 0
    assert all(len(row.input_ids) <= most for row in learned)
    over = [e for e in examples if len(chosen.run(tokenizer, e.turns).ids) > most]
    assert account.shortened + account.left_out == len(over) > 0
    assert len(learned) == len(examples) - account.left_out


@pytest.mark.parametrize("kind", BUILDERS)
def test_rows_stand_beside_manuscripts(kind: str, tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    builder, formatter = BUILDERS[kind]
    content = written([{"text": text} for text in chapters()], ".jsonl")
    source = FileRows(artifact=put(room, a__jsonl=content))
    alone = run(PrepareSpec(name="A", rows=source, builder=builder, formatter=formatter), room)
    both = run(
        PrepareSpec(
            name="A",
            manuscripts=(put_sample(room, "last-ferry"),),
            rows=source,
            builder=builder,
            formatter=formatter,
        ),
        LocalRoom(tmp_path),
    )
    for name in ("train", "validation"):
        rows, mixed = (
            list(stored.read(room.fetch(result["dataset"]) / f"{name}.jsonl"))
            for result in (alone, both)
        )
        assert [e for e in mixed if e.id.startswith("r")] == rows
        assert len(mixed) > len(rows)
        others = "".join(e.completion for e in mixed if not e.id.startswith("r"))
        assert re.search("[\u4e00-\u9fff]", others)
    assert (alone["language"], both["language"]) == ("en", "en")
