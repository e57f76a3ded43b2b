"""Scrivener projects: the draft in the order of the binder, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.text import filesets
from studio.text.importing import read_manuscript
from studio.text.readers.rtf import plugin as rtf
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


@pytest.mark.parametrize(
    ("zip_name", "folder", "called"),
    [
        ("Novel.scriv.zip", "", "Novel.scriv"),
        ("Novel.scriv (1).zip", "", "Novel.scriv"),
        ("backup.zip", "", "Novel.scriv"),
        ("backup.zip", "My Book/", "My Book/Novel.scriv"),
        ("backup.zip", "a.scriv/", "a.scriv"),
    ],
)
def test_a_project_is_known_by_its_binder(zip_name: str, folder: str, called: str) -> None:
    files = {
        name.replace("Novel.scriv/", folder, 1): content
        for name, content in manuscripts.scrivener().items()
    }
    files[f"{folder}Files/Data/U2/content.comments"] = (
        "<Comments><Comment Footnote='Yes'/></Comments>"
    )
    (file,) = filesets.expand(zip_name, manuscripts.zipped(files)).files
    assert file.name == called
    manuscript = read_manuscript(file.name, file.read())
    assert ENGLISH in manuscript.text
    assert "1 footnote was left out." in manuscript.notes


def test_a_project_without_its_binder_is_not_passed_over() -> None:
    files = {k: v for k, v in manuscripts.scrivener().items() if not k.endswith(".scrivx")}
    assert ENGLISH in read_manuscript("a.zip", manuscripts.zipped(files | {"b.txt": "x"})).text


@pytest.mark.parametrize("damaged", [b"\0" * 90, b"no rtf at all"])
def test_a_damaged_document_is_named_and_the_others_are_read(damaged: bytes) -> None:
    files = manuscripts.scrivener() | {"Novel.scriv/Files/Data/U2/content.rtf": damaged}
    reading = read(files)
    assert ENGLISH in reading.text
    assert any("“Untitled” could not be read" in note for note in reading.notes)


def written(text: str, **options: bool) -> Reading:
    """What is read of a project whose second document holds this text, as Scrivener writes it."""
    escaped = "".join("\\" * (c in "{}\\") + c for c in text).replace("\n", "\\par ")
    body = manuscripts.rtf(f"{escaped}\\par ")
    return read(
        manuscripts.scrivener() | {"Novel.scriv/Files/Data/U2/content.rtf": body}, **options
    )


def second(text: str, **options: bool) -> list[str]:
    paragraphs = written(text, **options).text.split("\n\n")
    return paragraphs[paragraphs.index("* * *") + 1 : paragraphs.index("# 渡船")]


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("<$Scr_Ps::0>He went.<!$Scr_Ps::0>", ["He went."]),
        ("<$ScrKeepWithNext><$Scr_Ps::12>He <$Scr_Cs::3>went<!$Scr_Cs::3>.", ["He went."]),
        ("<$ScrKeepWithNextSplittable>He\nwent.<!$Scr_Ps::1>", ["He", "went."]),
        ("<$Scr_Ps::0>\nHe went.\n<!$Scr_Ps::0>", ["He went."]),
        ("<$Scr_Ps::1>* * *<!$Scr_Ps::1>\nHe went.", ["* * *", "He went."]),
        ("<$Scr_H::1>By night<!$Scr_H::1>\nHe went.", ["### By night", "He went."]),
        ("He <$author> went, <$n:figure>, <$PROJECTTITLE>.", ["He  went, , ."]),
        ("He paid <$5 and> a < b, <b>, <$ x>.", ["He paid <$5 and> a < b, <b>, <$ x>."]),
        ("He{\\Scrv_annot \\color={\\R=1.0\\G=0.5} \\text= a\\end_Scrv_annot} went.",
         ["He went."]),
        ("He went.\n{\\Scrv_annot \\color={\\R=1} \\text=a\nb\n\\end_Scrv_annot}She stayed.",
         ["He went.", "She stayed."]),
        ("He went.\n{\\Scrv_annot \\text=a\nb\\end_Scrv_annot}\nShe stayed.",
         ["He went.", "She stayed."]),
        ("He{\\Scrv_fn=Of 1871.\\end_Scrv_fn} went.", ["He went."]),
        ("He {\\Scrv_annot went. \\text=never closed",
         ["He {\\Scrv_annot went. \\text=never closed"]),
    ],
)  # fmt: skip
def test_the_marks_of_scrivener_are_no_prose(text: str, paragraphs: list[str]) -> None:
    assert second(text) == paragraphs


def test_annotations_that_are_groups() -> None:
    body = (
        b"{\\rtf1 He{\\Scrv_annot \\color={\\R=1.0\\G=0.5} \\text=a \\b b\\end_Scrv_annot} went.}"
    )
    reading = read(manuscripts.scrivener() | {"Novel.scriv/Files/Data/U2/content.rtf": body})
    assert "\n\nHe went.\n\n" in reading.text
    assert "1 annotation was left out." in reading.notes
    assert rtf.run("content.rtf", body, rtf.Spec()).text == "He went."


def test_what_is_taken_out_of_the_text_is_counted() -> None:
    notes = " ".join(
        written(
            "<$Scr_Ps::0>He{\\Scrv_annot \\text=a\\end_Scrv_annot}{\\Scrv_fn=b\\end_Scrv_fn} <$n>"
        ).notes
    )
    assert "1 annotation was" in notes
    assert "1 footnote was" in notes
    assert "1 placeholder" in notes
    kept = second("He{\\Scrv_fn=Of\n1871.\\end_Scrv_fn} went.", footnotes=True)
    assert kept == ["He [Of 1871.] went."]


def test_marks_in_titles() -> None:
    files = manuscripts.scrivener()
    binder = str(files["Novel.scriv/Novel.scrivx"]).replace("Morning", "&lt;$n&gt; Morning")
    assert "## Morning" in read(files | {"Novel.scriv/Novel.scrivx": binder}).text


def test_comments_and_footnotes_of_the_inspector_are_counted() -> None:
    comments = "<Comments><Comment ID='a'>{\\rtf1 x}</Comment><Comment Footnote='Yes'/></Comments>"
    for old, place in ((False, "Files/Data/U2/content.comments"), (True, "Files/Docs/2.comments")):
        notes = read(manuscripts.scrivener(old) | {f"Novel.scriv/{place}": comments}).notes
        assert "1 comment was left out." in notes
        assert "1 footnote was left out." in notes


@pytest.mark.parametrize("old", [False, True])
def test_what_stands_outside_the_draft_is_named(old: bool) -> None:
    assert any(
        "outside the draft: Harbour law" in n for n in read(manuscripts.scrivener(old)).notes
    )


def test_files_are_found_by_other_names_or_named() -> None:
    files = manuscripts.scrivener()
    place = "Novel.scriv/Files/Data/U{}/content.rtf"
    files["Novel.scriv/files/data/u3/Content.RTF"] = files.pop(place.format(3))
    files["Novel.scriv/Files/Data/U6/content.rtfd/TXT.rtf"] = files.pop(place.format(6))
    del files[place.format(2)]
    files[place.format(99)] = manuscripts.rtf("Lost.\\par ")
    files["Novel.scriv/Files/Data/U3/synopsis.txt"] = "He comes."
    reading = read(files)
    assert ENGLISH in reading.text
    assert CHINESE in reading.text
    said = " ".join(reading.notes)
    assert "No text was found for: Untitled." in said
    assert "U99/content.rtf" in said
    assert "1 synopsis" in said


def test_what_is_no_text_in_the_draft_is_named() -> None:
    files = manuscripts.scrivener()
    binder = str(files["Novel.scriv/Novel.scrivx"])
    item = '<BinderItem UUID="P" Type="PDF"><Title>The map</Title></BinderItem>'
    binder = binder.replace("<Children>", f"<Children>{item}", 1)
    notes = read(files | {"Novel.scriv/Novel.scrivx": binder}).notes
    assert any("no text: The map" in note for note in notes)
