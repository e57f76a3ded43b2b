"""The writer on this machine: the starter model itself, a few tokens at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.datasets.formatting import formatter_of
from studio.datasets.tools import Question
from studio.datasets.writers.local import AT_ONCE, Local
from studio.domain.base import Model
from studio.domain.prompts import continuation
from studio.domain.recipes import Format, PreferenceSpec
from studio.domain.workroom import Stopped
from studio.domain.writers import LocalWriter
from studio.errors import StudioError
from studio.settings import ROOT
from tests.datasets.test_prepare import prepare, put, rows
from tests.workroom import LocalRoom

BEFORE = ("The tide came early.", "Nobody thought of the clock, nor of the letter that came.")
QUESTIONS = [Question(continuation("en", text), 12) for text in BEFORE]


def local(room: LocalRoom, **changes: object) -> Local:
    spec = LocalWriter.model_validate(changes)
    return Local(spec, room, formatter_of(Format()))


def answers(writer: Local, questions: list[Question]) -> list[str]:
    found: dict[int, str] = {}
    for group in writer.write(questions):
        found.update(group)
    return [found[i] for i in range(len(questions))]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> LocalRoom:
    return LocalRoom(tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="module")
def writer(room: LocalRoom) -> Local:
    return local(room)


def test_an_answer_does_not_depend_on_what_is_asked_beside_it(writer: Local) -> None:
    together = answers(writer, QUESTIONS)
    assert together == [answers(writer, [q])[0] for q in QUESTIONS]
    assert together[0] != together[1]
    assert all(text and text == text.strip() for text in together)


def test_another_seed_gives_another_answer(writer: Local, room: LocalRoom) -> None:
    (question, _other) = QUESTIONS
    (first,) = answers(writer, [question])
    assert answers(writer, [question._replace(seed=1)]) != [first]
    assert answers(local(room, seed=21), [question]) != [first]


def test_no_temperature_means_the_most_likely_words(room: LocalRoom) -> None:
    (question, _other) = QUESTIONS
    writers = [local(room, temperature=0, seed=seed) for seed in (1, 2)]
    assert answers(writers[0], [question]) == answers(writers[1], [question])


def test_no_answer_is_longer_than_it_may_be(room: LocalRoom) -> None:
    writer = local(room)
    short, long = (Question(QUESTIONS[0].messages, tokens) for tokens in (3, 12))
    one, other = answers(writer, [short, long])
    assert len(one) < len(other)
    assert writer.usage.requests == 2
    assert 0 < writer.usage.written <= 15
    assert writer.usage.read > 20


def test_more_than_fits_at_once_comes_in_groups(writer: Local) -> None:
    size = AT_ONCE["cpu"]
    many = [Question(continuation("en", f"{i} ships."), 2) for i in range(size + 1)]
    groups = [list(group) for group in writer.write(many)]
    assert [number for group in groups for number in group] == list(range(size + 1))


def test_a_prompt_too_long_for_the_model_loses_its_beginning(writer: Local) -> None:
    endless = Question(continuation("en", "The tide went out. " * 900), 2)
    assert len(answers(writer, [endless])) == 1


def test_a_stop_is_heard_between_words(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    room.stop_after(2)
    with pytest.raises(Stopped):
        list(local(room).write(QUESTIONS))


def test_a_model_without_chat_template_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (ROOT / "data" / "starter").iterdir():
        if path.name != "chat_template.jinja":
            (folder / path.name).write_bytes(path.read_bytes())
    model = Model(source="local", name=str(folder))
    with pytest.raises(StudioError, match="no chat template"):
        list(local(LocalRoom(tmp_path), model=model).write(QUESTIONS))


STORY = "\n\n".join(
    f"Chapter {n}\n\n"
    + " ".join(f"In year {n} we counted {n * 97 + i} waves, and wrote it down." for i in range(8))
    for n in range(1, 4)
)


def test_pairs_by_the_starter_model_and_again_from_its_journal(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path / "one")
    spec = PreferenceSpec(passage_tokens=32, context_tokens=32)
    result = prepare(room, put(room, "waves.txt", STORY.encode()), builder=spec)
    made = [r for split in ("train", "validation") for r in rows(room, result, split)]
    assert len(made) >= 5
    assert all(r["rejected"] and r["rejected"] != r["messages"][-1]["content"] for r in made)
    saved = room.of_type("checkpoint")[-1].artifact
    again = LocalRoom(tmp_path / "one", checkpoint=saved)
    repeated = prepare(again, result_manuscript(room), builder=spec)
    assert repeated == result
    assert again.of_type("checkpoint") == []


def result_manuscript(room: LocalRoom) -> str:
    (found,) = [p.parent.name for p in room.artifacts.glob("*/manuscript.json")]
    return found
