"""A version of a dataset: what was asked for is changed, nothing else, and the parent stays."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from studio.datasets import engine, revision, stored
from studio.datasets.example import Example
from studio.domain.recipes import Edit, PrepareSpec, ReviseSpec
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.plugins import discover
from studio.settings import ROOT
from studio.text.importing import read_manuscript
from tests.workroom import LocalRoom

NEW = "He wrote to clerk@example.com, and the water stood where it had stood. 水。"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalRoom, str]:
    room = LocalRoom(tmp_path_factory.mktemp("prepared"))
    folder = room.folder / "manuscript"
    folder.mkdir()
    path = ROOT / "data/samples/tide-clerk.txt"
    manuscript = read_manuscript(path.name, path.read_bytes())
    (folder / "manuscript.json").write_text(manuscript.model_dump_json(), encoding="utf-8")
    made = engine.run(PrepareSpec(name="A", manuscripts=(room.put(folder),)), room)
    return room, made["dataset"]


def rows(room: LocalRoom, dataset: str, split: str = "train") -> list[Example]:
    return list(stored.read(room.fetch(dataset) / f"{split}.jsonl"))


def revise(room: LocalRoom, dataset: str, **changes: Any) -> dict[str, Any]:
    return revision.run(ReviseSpec(name="B", dataset=dataset, **changes), room)


def content(room: LocalRoom, dataset: str, name: str) -> Any:
    return json.loads((room.fetch(dataset) / name).read_bytes())


def test_what_was_asked_for_is_changed_and_nothing_else(
    prepared: tuple[LocalRoom, str], tokenizer: Any
) -> None:
    room, parent = prepared
    before = rows(room, parent)
    gone, changed, *others = before
    edit = Edit(id=changed.id, completion=NEW)
    made = revise(room, parent, exclude=(gone.id,), edits=(edit,))
    first, *rest = rows(room, made["dataset"])
    assert rest == others
    assert first.completion == NEW
    assert first.messages[:-1] == changed.messages[:-1]
    assert (first.id, first.chapter) == (changed.id, changed.chapter)
    assert (first.characters, first.flags) == (len(NEW), ("email",))
    formatter = discover("studio.datasets.formatters")["chat-template"]
    turns = [turn.model_dump() for turn in first.messages]
    assert first.tokens == len(formatter.run(tokenizer, turns).ids)
    assert rows(room, made["dataset"], "validation") == rows(room, parent, "validation")
    assert rows(room, parent) == before


def test_it_names_its_parent_and_says_what_changed(prepared: tuple[LocalRoom, str]) -> None:
    room, parent = prepared
    train, held = rows(room, parent), rows(room, parent, "validation")
    edit = Edit(id=train[1].id, completion=NEW)
    made = revise(room, parent, exclude=(train[0].id, held[0].id), edits=(edit,))
    recipe = content(room, made["dataset"], "recipe.json")
    old = content(room, parent, "recipe.json")
    assert {name: recipe[name] for name in old} == old
    spec = ReviseSpec.model_validate(recipe["revision"])
    assert (spec.dataset, spec.exclude, spec.edits) == (parent, (train[0].id, held[0].id), (edit,))
    figures = content(room, made["dataset"], "statistics.json")
    assert figures["revision"] == {"excluded": 2, "edited": 1}
    assert figures["left_out"]["excluded"] == 2
    assert figures["flags"]["email"] == 1
    assert figures["train"]["examples"] == made["train"] == len(train) - 1
    produced = room.of_type("artifact")[-1]
    assert produced.facts["parent"] == made["parent"] == parent
    assert produced.facts["statistics"] == figures
    assert made["language"] == "en"


def test_a_version_of_a_version(prepared: tuple[LocalRoom, str]) -> None:
    room, parent = prepared
    one, two, *_others = rows(room, parent)
    first = revise(room, parent, exclude=(one.id,))
    second = revise(room, first["dataset"], exclude=(two.id,))
    figures = content(room, second["dataset"], "statistics.json")
    assert figures["left_out"]["excluded"] == 2
    assert figures["revision"] == {"excluded": 1, "edited": 0}
    assert second["parent"] == first["dataset"]
    assert second["train"] == first["train"] - 1


def test_the_same_changes_give_the_same_version(prepared: tuple[LocalRoom, str]) -> None:
    room, parent = prepared
    ids = tuple(e.id for e in rows(room, parent)[:3])
    assert revise(room, parent, exclude=ids) == revise(room, parent, exclude=ids)


def test_an_edit_that_changes_nothing_is_not_counted(prepared: tuple[LocalRoom, str]) -> None:
    room, parent = prepared
    same = rows(room, parent)[0]
    made = revise(room, parent, edits=(Edit(id=same.id, completion=same.completion),))
    assert rows(room, made["dataset"]) == rows(room, parent)
    figures = content(room, made["dataset"], "statistics.json")
    assert figures["revision"] == {"excluded": 0, "edited": 0}


def test_what_does_not_fit_is_named(prepared: tuple[LocalRoom, str]) -> None:
    room, parent = prepared
    known = rows(room, parent)[0].id
    made = len(room.of_type("artifact"))
    edit = Edit(id=known, completion="x")
    refused: list[tuple[dict[str, Any], str]] = [
        ({}, "No example is left out"),
        ({"exclude": ("nobody", known)}, "not in this dataset: nobody."),
        ({"edits": (Edit(id="no.one", completion="x"),)}, "not in this dataset: no.one."),
        ({"edits": (edit, edit)}, f"two ways: {known}."),
        ({"edits": (Edit(id=known, completion="x", rejected="y"),)}, f"no rejected text .*{known}"),
        ({"exclude": tuple(f"n{i}" for i in range(20))}, "n7 …"),
        ({"exclude": tuple(e.id for e in rows(room, parent, "validation"))}, "at least 4 and 1"),
        ({"exclude": tuple(e.id for e in rows(room, parent)[3:])}, "at least 4 and 1"),
    ]
    for changes, said in refused:
        with pytest.raises(StudioError) as caught:
            revise(room, parent, **changes)
        assert re.search(said, caught.value.why), caught.value.why
    assert len(room.of_type("artifact")) == made


def test_a_pair_keeps_or_changes_its_rejected_text() -> None:
    pair = Example.model_validate(
        {"id": "a", "messages": [{"role": "assistant", "content": "b"}], "rejected": "c",
         "chapter": "One", "tokens": 1, "characters": 1}
    )  # fmt: skip
    assert pair.edited("new", None).rejected == "c"
    assert pair.edited("new", "worse").rejected == "worse"
    assert pair.edited("new", None).characters == 3


def test_a_stop_leaves_nothing_behind(prepared: tuple[LocalRoom, str], tmp_path: Path) -> None:
    room, parent = prepared
    other = LocalRoom(tmp_path)
    (other.artifacts / parent).symlink_to(room.fetch(parent))
    other.stop = True
    with pytest.raises(Stopped):
        revise(other, parent, exclude=(rows(room, parent)[0].id,))
    assert [p.name for p in other.artifacts.iterdir()] == [parent]
