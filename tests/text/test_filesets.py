"""A zip or a folder as its files, in the order in which people read."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.text import filesets
from studio.text.importing import read_manuscript
from tests import manuscripts
from tests.manuscripts import CHINESE, ENGLISH, zipped

CHAPTERS = {
    "chapter10.txt": "He came back.",
    "chapter2.txt": f"Chapter 2\n\n{ENGLISH}",
    "chapter1.docx": manuscripts.docx(("Heading 1", "The Quay"), ("Normal", "He went.")),
    "__MACOSX/._chapter1.txt": b"\0",
    ".DS_Store": b"\0",
    "Thumbs.db": b"\0",
    "cover.jpg": b"\xff\xd8",
}


def names(files: filesets.FileSet) -> list[str]:
    return [file.name for file in files.files]


def folder(place: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


def test_a_plain_file_is_a_set_of_one() -> None:
    (file,) = filesets.expand("a.txt", b"x").files
    assert (file.name, file.read()) == ("a.txt", b"x")


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    for name, size in (("novel.txt", filesets.LARGEST_MEMBER), ("a.zip", filesets.LARGEST_TOTAL)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size + 1)
        with pytest.raises(StudioError, match="too large"):
            filesets.expand_path(tmp_path / name)
    with (tmp_path / "novel.txt").open("r+b") as file:
        file.truncate(3)
    assert filesets.content(tmp_path / "novel.txt") == bytes(3)


def test_a_project_stays_one_of_the_files_of_a_set() -> None:
    files = filesets.expand("a.zip", zipped(manuscripts.scrivener() | {"a.txt": "He went."}))
    text = read_manuscript(*filesets.packed(files)).text
    assert ENGLISH in text
    assert "He went." in text


def test_an_empty_file_is_named_and_footnotes_are_kept_where_asked_for() -> None:
    page = "He<a role='doc-noteref' href='#n'>1</a> went.<aside role='doc-footnote' id='n'>Late"
    data = zipped({"1.txt": "", "2.html": page, "3.txt": ENGLISH})
    manuscript = read_manuscript("a.zip", data, options={"footnotes": True})
    assert "He [Late] went." in manuscript.text
    assert "No text was found for: 1.txt." in manuscript.notes
    assert "2: 1 footnote was left out." in read_manuscript("a.zip", data).notes
    with pytest.raises(StudioError, match="no story"):
        read_manuscript("a.zip", zipped({"1.txt": "", "2.txt": ""}))


def test_a_zip_and_a_folder_give_the_same_files(tmp_path: Path) -> None:
    zipped_up = filesets.expand("Novel.zip", zipped(CHAPTERS))
    on_disk = filesets.expand_path(folder(tmp_path / "Novel", CHAPTERS))
    for files in (zipped_up, on_disk):
        assert names(files) == ["chapter1.docx", "chapter2.txt", "chapter10.txt"]
        assert [f.read() for f in files.files][2] == b"He came back."
        (note,) = files.notes
        assert "cover.jpg" in note
        assert "DS_Store" not in note


def test_a_zip_of_chapters_is_one_manuscript_in_order(tmp_path: Path) -> None:
    manuscript = read_manuscript("Novel.zip", zipped(CHAPTERS))
    assert manuscript.text.split("\n\n") == [
        "# The Quay", "He went.", "Chapter 2", ENGLISH, "# chapter10", "He came back.",
    ]  # fmt: skip
    assert manuscript.title == "Novel"
    assert any("cover.jpg" in note for note in manuscript.notes)
    on_disk = filesets.expand_path(folder(tmp_path / "Novel", CHAPTERS))
    assert read_manuscript(*filesets.packed(on_disk)).text == manuscript.text


def test_or_as_many() -> None:
    files = filesets.expand("Novel.zip", zipped({"a.txt": ENGLISH, "b.txt": CHINESE * 3}))
    assert [read_manuscript(f.name, f.read()).language for f in files.files] == ["en", "zh"]


def test_folders_in_a_zip_come_in_order() -> None:
    data = zipped({"Part 10/1.txt": "x", "Part 2/2.txt": "x", "Part 2/1.txt": "x"})
    assert names(filesets.expand("a.zip", data)) == [
        "Part 2/1.txt",
        "Part 2/2.txt",
        "Part 10/1.txt",
    ]


def test_a_chosen_order_is_kept_from_the_set_to_the_manuscript() -> None:
    files = filesets.expand(
        "Novel.ZIP", zipped({"1.txt": "One day.", "2.txt": "Two days.", "3.txt": "Three."})
    )
    turned = filesets.reordered(files, ["2.txt", "3.txt", "1.txt"])
    name, data = filesets.packed(turned)
    assert name == "Novel.zip"
    assert names(filesets.expand(name, data)) == ["2.txt", "3.txt", "1.txt"]
    text = read_manuscript(name, data).text
    assert text.index("Two") < text.index("Three") < text.index("One")


@pytest.mark.parametrize(
    ("order", "said"),
    [(["1.txt"], "leaves out: 2.txt"), (["1.txt", "2.txt", "2.txt"], "or twice: 2.txt")],
)
def test_an_order_names_each_file_once(order: list[str], said: str) -> None:
    files = filesets.expand("a.zip", zipped({"1.txt": "x", "2.txt": "y"}))
    with pytest.raises(StudioError, match=said):
        filesets.reordered(files, order)


def test_sets_are_joined_and_no_file_takes_the_place_of_another() -> None:
    given = [
        filesets.expand("b/2.txt", b"B"),
        filesets.expand("2.txt", b"A"),
        filesets.expand("2.txt", b"C"),
        filesets.expand("Part 1.zip", zipped({"1.txt": "x", "2.txt": "y", "a.png": b""})),
    ]
    found = filesets.joined("Novel", given)
    assert names(found) == ["2.txt", "2 (2).txt", "b/2.txt", "Part 1/1.txt", "Part 1/2.txt"]
    assert {file.name: file.read() for file in found.files}["2 (2).txt"] == b"C"
    assert "a.png" in found.notes[0]


def test_names_of_two_systems_are_one_name() -> None:
    """macOS takes letters and accents apart."""
    apart = unicodedata.normalize("NFD", "Épilogue é.txt")
    files = filesets.expand("a.zip", zipped({apart: "x", "Chapter 1.txt": "y"}))
    assert names(files) == ["Chapter 1.txt", unicodedata.normalize("NFC", apart)]
    both = filesets.expand("a.zip", zipped({apart: "x", unicodedata.normalize("NFC", apart): "y"}))
    assert sorted(file.read() for file in both.files) == [b"x", b"y"]


def test_a_zip_in_a_zip_is_not_opened() -> None:
    data = zipped({"a.txt": "x", "inner.zip": zipped({"b.txt": "x"})})
    files = filesets.expand("a.zip", data)
    assert names(files) == ["a.txt"]
    assert "inner.zip" in files.notes[0]


@pytest.mark.parametrize("files", [{}, {"cover.jpg": b"x"}, {".DS_Store": b"x"}])
def test_a_set_without_a_manuscript(files: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="holds no manuscript") as caught:
        filesets.expand("a.zip", zipped(files))
    assert ".docx" in caught.value.remedy
    (tmp_path / "a").mkdir()
    with pytest.raises(StudioError, match="holds no manuscript"):
        filesets.expand_path(folder(tmp_path / "a", dict(files)))


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    secret = folder(tmp_path / "secret", {"secret.txt": "x"})
    novel = folder(tmp_path / "novel", {"a.txt": "x"})
    (novel / "b.txt").symlink_to(secret / "secret.txt")
    (novel / "more").symlink_to(secret)
    (novel / "round").symlink_to(novel)
    files = filesets.expand_path(novel)
    assert names(files) == ["a.txt"]
    assert "b.txt" in files.notes[0]


def test_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesets, "LARGEST_TOTAL", 10)
    with pytest.raises(StudioError, match="too large"):
        filesets.expand_path(folder(tmp_path / "a", {"a.txt": "x" * 11}))


def test_nothing_at_a_path(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="cannot be read"):
        filesets.expand_path(tmp_path / "none.txt")
