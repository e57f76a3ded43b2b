"""The engine, with real manuscripts and the starter model's tokenizer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from studio.datasets import stored
from studio.datasets.engine import run
from studio.datasets.example import CUT_SENTENCE
from studio.domain.base import Model
from studio.domain.recipes import ChatSpec, ContinuationSpec, PrepareSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.plugins import discover
from studio.settings import ROOT
from studio.text.importing import read_manuscript
from tests.workroom import LocalRoom

SAMPLES = ("tide-clerk", "last-ferry")


def put(room: LocalRoom, name: str, data: bytes) -> str:
    folder = room.folder / name
    folder.mkdir()
    manuscript = read_manuscript(name, data)
    (folder / "manuscript.json").write_text(manuscript.model_dump_json(), encoding="utf-8")
    return room.put(folder)


def put_sample(room: LocalRoom, name: str) -> str:
    return put(room, f"{name}.txt", (ROOT / "data" / "samples" / f"{name}.txt").read_bytes())


def prepare(room: LocalRoom, *manuscripts: str, **changes: Any) -> dict[str, Any]:
    return run(PrepareSpec(name="A", manuscripts=manuscripts, **changes), room)


def rows(room: LocalRoom, result: dict[str, Any], split: str) -> list[dict[str, Any]]:
    path = room.fetch(result["dataset"]) / f"{split}.jsonl"
    return [example.model_dump(mode="json") for example in stored.read(path)]


@pytest.fixture(scope="module", params=SAMPLES)
def prepared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LocalRoom, dict[str, Any]]:
    room = LocalRoom(tmp_path_factory.mktemp(request.param))
    return room, prepare(room, put_sample(room, request.param))


def test_the_artifact_is_as_promised(prepared: tuple[LocalRoom, dict[str, Any]]) -> None:
    room, result = prepared
    folder = room.fetch(result["dataset"])
    assert {p.name for p in folder.iterdir()} == {
        "train.jsonl",
        "validation.jsonl",
        "recipe.json",
        "statistics.json",
    }
    recipe = json.loads((folder / "recipe.json").read_bytes())
    assert PrepareSpec.model_validate(recipe["spec"]).name == "A"
    assert len(recipe["manuscripts"][0]["chapters"]) == 6
    statistics = json.loads((folder / "statistics.json").read_bytes())
    assert statistics["train"]["examples"] == result["train"]
    (produced,) = room.of_type("artifact")
    assert (produced.kind, produced.name, produced.artifact) == ("dataset", "A", result["dataset"])
    assert produced.facts == {k: v for k, v in result.items() if k != "dataset"} | {
        "statistics": statistics
    }


def test_there_is_enough_to_learn_and_to_check(
    prepared: tuple[LocalRoom, dict[str, Any]],
) -> None:
    room, result = prepared
    train, validation = rows(room, result, "train"), rows(room, result, "validation")
    assert len(train) == result["train"] >= 20
    assert len(validation) == result["validation"] >= 4
    assert {r["chapter"] for r in validation}.isdisjoint(r["chapter"] for r in train)
    assert result["tokens"] == sum(r["tokens"] for r in train + validation)
    assert all(r["tokens"] <= 512 for r in train + validation)


def test_completions_are_whole_sentences(prepared: tuple[LocalRoom, dict[str, Any]]) -> None:
    room, result = prepared
    for row in rows(room, result, "train"):
        completion = row["messages"][-1]["content"]
        assert completion[-1] in ".!?。！？”’…—*※：:" or "\n\n" in completion
        assert row["characters"] == len(completion)


def test_token_counts_are_those_of_the_formatter(
    prepared: tuple[LocalRoom, dict[str, Any]], tokenizer: Any
) -> None:
    room, result = prepared
    formatter = discover("studio.datasets.formatters")["chat-template"]
    for row in rows(room, result, "validation"):
        assert row["tokens"] == len(formatter.run(tokenizer, row["messages"]).ids)


def test_progress_is_told(prepared: tuple[LocalRoom, dict[str, Any]]) -> None:
    room, _result = prepared
    steps = room.of_type("progressed")
    assert [p.step for p in steps] == list(range(1, 7))
    assert {p.steps for p in steps} == {6}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_input_gives_the_same_artifact(tmp_path: Path, name: str) -> None:
    made = []
    for folder in ("one", "two"):
        room = LocalRoom(tmp_path / folder)
        made.append(prepare(room, put_sample(room, name))["dataset"])
    assert made[0] == made[1]


def test_nothing_learned_occurs_in_what_was_held_back(tmp_path: Path) -> None:
    refrain = "And the water came up, and leaned there, and thought of going, as it always had."
    chapters = [
        f"Chapter {i}\n\n{refrain}\n\n"
        + " ".join(f"In year {i} we counted {i * 97 + j} waves on the bar." for j in range(60))
        for i in range(1, 7)
    ]
    room = LocalRoom(tmp_path)
    spec = ContinuationSpec(passage_tokens=32, context_tokens=32)
    artifact = put(room, "refrain.txt", "\n\n".join(chapters).encode())
    result = prepare(room, artifact, builder=spec)
    held = "\n".join(m["content"] for r in rows(room, result, "validation") for m in r["messages"])
    train = rows(room, result, "train")
    assert train
    assert all(r["messages"][-1]["content"] not in held for r in train)


def test_a_whole_book_is_held_back_when_asked(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    books = [put_sample(room, name) for name in SAMPLES]
    result = prepare(room, *books, hold_back="books")
    held = {r["id"].split(".")[0] for r in rows(room, result, "validation")}
    learned = {r["id"].split(".")[0] for r in rows(room, result, "train")}
    assert len(held) == len(learned) == 1
    assert held != learned


def test_a_chapter_that_is_there_twice_is_learned_once_and_told(tmp_path: Path) -> None:
    story = (ROOT / "data" / "samples" / "tide-clerk.txt").read_text(encoding="utf-8")
    room = LocalRoom(tmp_path)
    twice = [put(room, f"{i}.txt", story.replace("Tide", f"Tide{i}").encode()) for i in range(2)]
    result = prepare(room, *twice)
    statistics = json.loads((room.fetch(result["dataset"]) / "statistics.json").read_bytes())
    left_out = statistics["left_out"]
    assert left_out["duplicates"] + left_out["near_duplicates"] + left_out["repeated"] >= 20
    assert {r["reason"] for r in statistics["removed"]} <= {"duplicates", "near_duplicates",
                                                            "repeated"}  # fmt: skip
    assert statistics["leakage"]["characters"] < 200
    assert any("left out" in line.text for line in room.of_type("log"))


def test_several_manuscripts_in_two_languages(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    result = prepare(room, *(put_sample(room, name) for name in SAMPLES))
    assert result["language"] == "en"
    ids = [r["id"] for split in ("train", "validation") for r in rows(room, result, split)]
    assert len(ids) == len(set(ids))
    prompts = [r["messages"][0]["content"] for r in rows(room, result, "validation")]
    assert any(p.startswith("Continue") for p in prompts)
    assert any(p.startswith("请用") for p in prompts)


@pytest.mark.parametrize(
    "text", ["He went to the quay. She stayed where she was.", "x" * 5000, "word " * 900]
)
def test_too_short_to_split(tmp_path: Path, text: str) -> None:
    room = LocalRoom(tmp_path)
    with pytest.raises(StudioError) as caught:
        prepare(room, put(room, "note.txt", text.encode()))
    assert "“Note” is too short" in caught.value.what
    assert "at least 4 and 1" in caught.value.why
    assert "shorter passages" in caught.value.remedy
    assert room.of_type("artifact") == []


def test_a_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    manuscript = put_sample(room, "tide-clerk")
    room.stop_after(2)
    with pytest.raises(Stopped):
        prepare(room, manuscript)
    assert [p.name for p in room.artifacts.iterdir()] == [manuscript]


def test_a_model_without_chat_template(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "config.json"):
        (folder / name).write_bytes((ROOT / "data" / "starter" / name).read_bytes())
    room = LocalRoom(tmp_path / "room")
    with pytest.raises(StudioError, match="no chat template"):
        prepare(
            room,
            put_sample(room, "tide-clerk"),
            model=Model(source="local", name=str(folder)),
        )


def test_a_long_run_of_words_without_a_stop_is_cut_and_counted(tmp_path: Path) -> None:
    story = (ROOT / "data" / "samples" / "tide-clerk.txt").read_text(encoding="utf-8")
    room = LocalRoom(tmp_path)
    words = " ".join(f"early{n}" for n in range(900))
    endless = story.replace("It was early by eleven minutes.", words)
    result = prepare(room, put(room, "endless.txt", endless.encode()))
    statistics = json.loads((room.fetch(result["dataset"]) / "statistics.json").read_bytes())
    assert statistics["flags"][CUT_SENTENCE] >= 4
    lines = (room.fetch(result["dataset"]) / "train.jsonl").read_text(encoding="utf-8")
    lines += (room.fetch(result["dataset"]) / "validation.jsonl").read_text(encoding="utf-8")
    learned = [json.loads(line)["messages"][-1]["content"] for line in lines.splitlines()]
    assert sum(text.count("early") for text in learned) >= 900


@pytest.mark.parametrize("name", ["en/sherlock-holmes.txt", "zh/nahan.txt"])
def test_the_novels(corpus: Path, tmp_path: Path, name: str) -> None:
    room = LocalRoom(tmp_path)
    path = corpus / name
    result = prepare(room, put(room, path.name, path.read_bytes()))
    statistics = json.loads((room.fetch(result["dataset"]) / "statistics.json").read_bytes())
    share = statistics["validation"]["characters"] / sum(
        statistics[s]["characters"] for s in ("train", "validation")
    )
    assert 0.1 < share < 0.25
    assert statistics["flags"].get(CUT_SENTENCE, 0) <= 4


def other_base(folder: Path, template: str) -> Model:
    """The starter's tokenizer with another chat template."""
    starter = ROOT / "data" / "starter"
    shutil.copytree(starter, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return Model(source="local", name=str(folder))


def test_answers_that_are_not_learned_are_said(tmp_path: Path) -> None:
    """By a template that writes the last answer of a conversation alone."""
    forgetful = (
        "{% for m in messages %}{% if m.role == 'user' or loop.last %}"
        "{{ m.role + ': ' + m.content }}<|im_end|>{% endif %}{% endfor %}"
    )
    room = LocalRoom(tmp_path)
    model = other_base(tmp_path / "base", forgetful)
    result = prepare(room, put_sample(room, "tide-clerk"), model=model, builder=ChatSpec(turns=2))
    answers = sum(
        sum(turn["role"] == "assistant" for turn in row["messages"]) - 1
        for split in ("train", "validation")
        for row in rows(room, result, split)
    )
    assert answers > 9
    (said,) = [line.text for line in room.of_type("log") if "not learned" in line.text]
    assert said.startswith(f"{answers} answers")


def test_a_template_that_ends_no_answer_is_refused(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    model = other_base(
        tmp_path / "base", "{% for m in messages %}{{ m.role + ': ' + m.content }}{% endfor %}"
    )
    with pytest.raises(StudioError, match="where an answer ends"):
        prepare(room, put_sample(room, "tide-clerk"), model=model)
