"""Reading files as manuscripts, in a workroom."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.domain.manuscripts import Manuscript
from studio.domain.specs import ImportSpec, NamedFile
from studio.domain.workroom import Stopped
from studio.errors import StudioError
from studio.text.engine import CONTENT, ORIGINAL, run
from tests.workroom import LocalRoom

STORY = b"The ferry left at dusk. Nobody stood on the quay to see it go.\n"


def named(room: LocalRoom, name: str, data: bytes) -> NamedFile:
    folder = room.folder / f"given-{name}"
    folder.mkdir()
    (folder / ORIGINAL).write_bytes(data)
    return NamedFile(name=name, artifact=room.put(folder))


def test_a_file_becomes_a_manuscript_with_the_facts_of_its_row(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    file = named(room, "ferry.txt", STORY)
    done = run(ImportSpec(files=(file,), notes=("Left out: map.png.",)), room)
    (produced,) = room.of_type("artifact")
    assert done == {
        "manuscripts": [produced.artifact],
        "refused": [],
        "notes": ["Left out: map.png."],
    }
    manuscript = Manuscript.model_validate_json(
        (room.fetch(produced.artifact) / CONTENT).read_bytes()
    )
    assert manuscript.text == STORY.decode().strip()
    assert (produced.kind, produced.name) == ("manuscript", "Ferry")
    assert produced.facts["file"] == "ferry.txt"
    assert produced.facts["original"] == file.artifact
    assert produced.facts["words"] == manuscript.words
    assert "text" not in produced.facts


def test_progress_counts_the_files(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    files = tuple(named(room, f"{n}.txt", STORY + bytes([65 + n]) * 30) for n in range(3))
    run(ImportSpec(files=files), room)
    assert [(p.step, p.steps, p.note) for p in room.of_type("progressed")] == [
        (1, 3, "0.txt"),
        (2, 3, "1.txt"),
        (3, 3, "2.txt"),
    ]


def test_one_that_is_refused_is_named_beside_the_others(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    files = (named(room, "a.txt", STORY), named(room, "b.txt", b""))
    done = run(ImportSpec(files=files), room)
    assert len(done["manuscripts"]) == 1
    assert [said["name"] for said in done["refused"]] == ["b.txt"]
    assert "b.txt" in room.of_type("log")[0].text


def test_the_only_one_fails_the_job(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    with pytest.raises(StudioError, match=r"b\.txt"):
        run(ImportSpec(files=(named(room, "b.txt", b""),)), room)
    assert not room.of_type("artifact")


def test_stopping_keeps_what_was_read(tmp_path: Path) -> None:
    room = LocalRoom(tmp_path)
    files = tuple(named(room, f"{n}.txt", STORY + bytes([65 + n]) * 30) for n in range(3))
    room.stop_after(1)
    with pytest.raises(Stopped) as stopped:
        run(ImportSpec(files=files), room)
    assert len(stopped.value.result["manuscripts"]) == 1
