"""Lines that are headings, and lines that only look like them."""

from __future__ import annotations

import pytest

from studio.text.headings import is_scene_break, read, strong


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        ("CHAPTER I", "chapter", 1),
        ("Chapter 1", "chapter", 1),
        ("chapter one", "chapter", 1),
        ("CHAPTER FORTY-SEVEN", "chapter", 47),
        ("Chapter 1. Title", "chapter", 1),
        ("Chapter 3: The Mole", "chapter", 3),
        ("Chapter 4 — In Which It Rains", "chapter", 4),
        ("CHAPTER XII. The Night, and What It Held", "chapter", 12),
        ("Letter 4", "chapter", 4),
        ("ADVENTURE I. A SCANDAL IN BOHEMIA", "chapter", 1),
        ("BOOK ONE.—THE COMING OF THE MARTIANS", "part", 1),
        ("Book the First--Recalled to Life", "part", 1),
        ("PART TWO", "part", 2),
        ("Volume III", "part", 3),
        ("第一回　灵根育孕源流出　心性修持大道生", "chapter", 1),
        ("第一百十八回记微嫌舅兄欺弱女　惊谜语妻妾谏痴人", "chapter", 118),
        ("第三章 老魏", "chapter", 3),
        ("第12章：归来", "chapter", 12),
        ("第五节", "section", 5),
        ("第二卷　风起", "part", 2),
        ("卷一", "part", 1),
        ("上卷　少年", "part", None),
        ("第一卷　风起　第一章　归来", "chapter", 1),
        ("Part Two, Chapter 4", "chapter", 4),
        ("Chapter One Hundred and Four", "chapter", 104),
        ("【第三章】归来", "chapter", 3),
        ("卷之二", "part", 2),
        ("第一部分", "part", 1),
        ("# Chapter One", "markdown", 1),
        ("## 归来", "markdown", None),
    ],
)
def test_lines_that_name_themselves(line: str, kind: str, value: int | None) -> None:
    heading = strong(line)
    assert heading is not None
    assert (heading.kind, heading.number) == (kind, value)


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        ("VII. THE ADVENTURE OF THE BLUE CARBUNCLE", "titled", 7),
        ("1.  The Cyclone", "titled", 1),
        ("三、归途", "titled", 3),
        ("I.", "bare", 1),
        ("12", "bare", 12),
        ("- 3 -", "bare", 3),
        ("五", "bare", 5),
        ("（二）", "bare", 2),
        ("THE PREFACE", "special", None),
        ("Epilogue", "special", None),
        ("楔子", "special", None),
        ("尾声", "special", None),
        ("☆、楔　子", "special", None),
        ("正文 尾声", "special", None),
        ("番外二 灰猫", "special", None),
        ("Interlude 2: Rain", "special", None),
        ("Epilogue – Home", "special", None),
        ("Interlude 2 - The Rain", "special", None),
        ("（二）归来", "titled", 2),
        ("THE RED ROOM", "capitals", None),
    ],
)
def test_lines_that_may_be_headings_alone(line: str, kind: str, value: int | None) -> None:
    assert strong(line) is None
    heading = read(line)
    assert heading is not None
    assert (heading.kind, heading.number) == (kind, value)


@pytest.mark.parametrize(
    "line",
    [
        "Chapter 7 of the book tells of it",
        "Letter I wrote to him",
        "Part of the harbour was dry",
        "Book me a room",
        "Chapters are long",
        "第一回见面的时候，他没有说话。",
        "第二天早上",
        "第一次",
        "第三集团军司令部",
        "第一回合结束",
        "第一章程",
        "第三节车厢",
        "第一章 完",
        "10:30",
        "The Prologue — it was long — bored him.",
        "Chapter 12 verse 3 says",
        "第三章里说过，水是慢慢来的。",
        "I was awake",
        "I. had collected his forces and gone",
        "1. bread",
        "NO!",
        "He said no",
        "#hashtag",
        "",
    ],
)
def test_prose_is_no_heading(line: str) -> None:
    assert read(line) is None


@pytest.mark.parametrize("line", ["* * *", "***", "—", "◇◇◇", " . . . ", "~~~", "===", "※"])
def test_scene_breaks(line: str) -> None:
    assert is_scene_break(line)


@pytest.mark.parametrize("line", ["", "   ", "I", "a *", "第一章", "—He"])
def test_other_lines_are_no_scene_breaks(line: str) -> None:
    assert not is_scene_break(line)
