"""A name is one line that can be seen, and gives a file name on any system."""

from __future__ import annotations

import unicodedata

import pytest

from studio.domain import naming
from studio.domain.merges import MergePart, MergeSpec
from studio.domain.recipes import PrepareSpec, ReviseSpec
from studio.domain.specs import AdoptSpec, TrainSpec

BLANK = ["", " ", "\t\n", "\u200b", "\u3000\xa0", "\u202e\u202c", "\x00\x07", "\u3164", "\u2800",
         "\ufeff", "\u0301", "\ufe0f", "\ue000", "\U000e0041"]  # fmt: skip


@pytest.mark.parametrize("name", BLANK)
def test_what_nobody_can_see_is_no_name(name: str) -> None:
    assert naming.tidy(name) == ""
    assert naming.file_name(name, "voice") == "voice"


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        ("  Tide \n again ", "Tide again"),
        ("潮\u3000汐", "潮 汐"),
        ("Ti\u200bde\u202e", "Tide"),
        ("Tide\x00\x1b[31m", "Tide[31m"),
        (unicodedata.normalize("NFD", "Café Zoë"), "Café Zoë"),
        ("Tide \ud800", "Tide"),
        ("♥", "♥"),
        ("…", "…"),
        ("x" * 500, "x" * (naming.LONGEST - 1) + "…"),
    ],
)
def test_a_name_is_written_in_one_way(name: str, tidy: str) -> None:
    assert naming.tidy(name) == tidy
    assert naming.tidy(tidy) == tidy


@pytest.mark.parametrize("name", [" ", "\u200b", " Tide\u202e "])
def test_specs_write_names_so_and_still_read_what_was_stored(name: str) -> None:
    digest, wanted = "d" * 64, naming.tidy(name)
    specs = (
        TrainSpec.model_validate({"name": name, "dataset": digest}),
        PrepareSpec.model_validate({"name": name, "manuscripts": [digest]}),
        ReviseSpec.model_validate({"name": name, "dataset": digest}),
        AdoptSpec.model_validate({"name": name, "files": digest, "bases": [{}]}),
        MergeSpec(name=name, parts=(MergePart(adapter=digest, name=name, weight=1.0),)),
    )
    assert [spec.name for spec in specs] == [wanted] * 5


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Tide / 潮", "Tide-潮"),
        ("CON", "CON_"),
        ("com1", "com1_"),
        ("Console", "Console"),
        ("..", "voice"),
        ("Tide. ", "Tide"),
        ("../../etc/passwd", "etc-passwd"),
        ("a:b*c?", "a-b-c"),
        (unicodedata.normalize("NFD", "Zoë"), "Zoë"),
        ("潮" * 90, "潮" * 60),
        ("क्षितिज की कहानी", "क्षितिज-की-कहानी"),
    ],
)
def test_a_file_may_be_called_so_anywhere(name: str, file: str) -> None:
    assert naming.file_name(name, "voice") == file


def test_files_that_are_one_on_some_disks() -> None:
    assert naming.same_file("Tide.zip", "tide.ZIP")
    assert naming.same_file(unicodedata.normalize("NFD", "Zoë"), "Zoë")
    assert naming.same_file("STRASSE", "straße")
    assert not naming.same_file("Tide", "Tides")
