"""Scrivener projects: the draft in the order of the binder, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.text import filesets
from studio.text.importing import read_manuscript
from studio.text.readers.scrivener import plugin as scrivener
from studio.text.reading import Reading
from tests import manuscripts
from tests.manuscripts import CHINESE, ENGLISH


def read(files: dict[str, bytes | str], **options: bool) -> Reading:
    data = manuscripts.zipped(files)
    return scrivener.run("Novel.scriv", data, scrivener.Spec(**options))


@pytest.mark.parametrize("old", [False, True])
def test_documents_come_in_the_order_of_the_binder(old: bool) -> None:
    reading = read(manuscripts.scrivener(old))
    assert reading.text.split("\n\n") == [
        "# The Quay", "## Morning", ENGLISH, "* * *", "He went.", "# 渡船", CHINESE,
    ]  # fmt: skip
    assert reading.title == "Novel"


def test_what_is_not_compiled_is_named() -> None:
    assert any("Cut for good" in note for note in read(manuscripts.scrivener()).notes)


def test_titles_of_scenes_can_be_left_out() -> None:
    lines = read(manuscripts.scrivener(), scene_titles=False).text.split("\n\n")
    assert lines[:4] == ["# The Quay", ENGLISH, "* * *", "He went."]


def test_a_document_without_text_has_its_title_alone() -> None:
    files = manuscripts.scrivener()
    del files["Novel.scriv/Files/Data/U2/content.rtf"]
    assert "He went." not in read(files).text


def test_the_zip_may_hold_the_project_without_its_folder() -> None:
    files = {n.removeprefix("Novel.scriv/"): d for n, d in manuscripts.scrivener().items()}
    assert ENGLISH in read(files).text


def test_a_project_without_a_draft() -> None:
    with pytest.raises(StudioError, match="draft folder"):
        read({"Novel.scriv/Novel.scrivx": "<ScrivenerProject><Binder/></ScrivenerProject>"})
    with pytest.raises(StudioError, match="binder"):
        read({"a.rtf": b"{\\rtf1 a}"})


def test_a_folder_on_disk(tmp_path: Path) -> None:
    for name, content in manuscripts.scrivener().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (file,) = filesets.expand_path(tmp_path / "Novel.scriv").files
    manuscript = read_manuscript(file.name, file.read())
    assert manuscript.title == "Novel"
    assert ENGLISH in manuscript.text
    (again,) = filesets.expand_path(tmp_path).files
    assert again.name == "Novel.scriv"
    assert read_manuscript(again.name, again.read()) == manuscript


def test_a_zip_of_the_folder() -> None:
    project = manuscripts.zipped(manuscripts.scrivener() | {"__MACOSX/Novel.scriv/._x": "x"})
    (file,) = filesets.expand("backup.zip", project).files
    assert file.name == "Novel.scriv"
    assert ENGLISH in read_manuscript(file.name, file.read()).text
    assert ENGLISH in read_manuscript("backup.zip", project).text
