"""Files come in the order in which a person reads them."""

from __future__ import annotations

import random

import pytest

from studio.text.ordering import are_chapters, common_title, in_order

ORDERS = [
    ["chapter1.txt", "chapter2.txt", "chapter10.txt"],
    ["第二章.txt", "第十章.txt", "第十一章 渡船.txt", "第三十章.txt"],
    ["1.txt", "1.5.txt", "2.txt"],
    ["第3章.txt", "第3.5章 灰猫.txt", "第4章.txt", "第10章.txt"],
    ["Chapter 3 - Sea.txt", "Chapter 3.5 - Rain.txt", "Chapter 3.10.txt", "Chapter 4.txt"],
    ["1-1 Sea.txt", "1-2 Rain.txt", "1-10 Night.txt", "2-1 Dawn.txt"],
    ["A.txt", "b.txt", "C.txt"],
    ["第1章.txt", "第２章.txt", "第10章.txt"],
    ["a.txt", "a1.txt", "一个人.txt"],
    [
        "Preface.txt",
        "Prologue.txt",
        "Chapter 1.txt",
        "Chapter 2.txt",
        "Chapter 10.txt",
        "Epilogue.txt",
        "Afterword.txt",
        "Acknowledgements.txt",
        "Appendix A.txt",
        "Appendix B.txt",
    ],
    [
        "前言.txt",
        "序.txt",
        "楔子.txt",
        "第一章 风起.txt",
        "第二章.txt",
        "第十章.txt",
        "尾声.txt",
        "番外一 灰猫.txt",
        "番外二.txt",
        "后记.txt",
    ],
    ["楔子.txt", "1.txt", "2.txt", "10.txt", "番外灰猫.txt"],
    [
        "Prologue.txt",
        "Part 1/Introduction.txt",
        "Part 1/Chapter 1.txt",
        "Part 1/Chapter 2.txt",
        "Part 2/Chapter 1.txt",
        "Part 10/Chapter 1.txt",
        "Epilogue.txt",
    ],
    [
        "卷一/楔子.txt",
        "卷一/第一章.txt",
        "卷一/尾声.txt",
        "卷二/第一章.txt",
        "卷三/第一章.txt",
        "卷十/第一章.txt",
        "番外/一.txt",
    ],
    ["上卷.txt", "中卷.txt", "下卷.txt"],
    ["上.txt", "中.txt", "下.txt"],
    ["盐路 上.txt", "盐路 中.txt", "盐路 下.txt"],
    ["プロローグ.txt", "第1話.txt", "第2話.txt", "エピローグ.txt", "あとがき.txt"],
    ["Пролог.txt", "Глава 1.txt", "Глава 2.txt", "Эпилог.txt"],
    ["My Book - Prologue.txt", "My Book - Chapter 1.txt", "My Book - Epilogue.txt"],
    [
        "Part I - Prologue.txt",
        "Part I - Chapter 1.txt",
        "Part I - Chapter 2.txt",
        "Part I - Epilogue.txt",
        "Part II - Chapter 1.txt",
    ],
    ["第一章（上）.txt", "第一章（中）.txt", "第一章（下）.txt", "第二章.txt"],
    [
        "Chapter One.txt",
        "Chapter Two.txt",
        "Chapter Three.txt",
        "Chapter Ten.txt",
        "Chapter Twenty-One.txt",
    ],
    ["I.txt", "II.txt", "IV.txt", "V.txt", "IX.txt", "X.txt"],
    ["Prologue.md", "I - Quay.md", "II - Tide.md", "IX - Sea.md", "Epilogue.md"],
    [
        "My Novel - Prologue.docx",
        "My Novel - Chapter 1.docx",
        "My Novel - Chapter 12.docx",
        "My Novel - Epilogue.docx",
    ],
    ["01 Prologue.txt", "02 Chapter One.txt", "03 Chapter Two.txt", "04 Epilogue.txt"],
    ["Chapter_1.txt", "chapter 2.txt", "Chapter-3.txt", "CHAPTER 11.txt"],
    ["卷一风起.txt", "卷二云涌.txt", "卷三雨落.txt"],
    ["Novel/Foreword.txt", "Novel/Prologue.txt", "Novel/1.txt", "Novel/2.txt"],
    ["Prólogo.txt", "Chapter 1.txt", "Épilogue.txt"],
    ["Day One.txt", "Day Two.txt", "Day Ten.txt"],
    ["00 - Prologue.txt", "Chapter 1.txt", "Chapter 2.txt", "99 - Epilogue.txt"],
    ["自序.txt", "正文/第一章.txt", "正文/第二章.txt", "附录.txt"],
    ["Author's Preface.txt", "The Prologue.txt", "1.txt"],
    ["一、归来.txt", "二、出发.txt", "三、渡河.txt", "十、终点.txt"],
    ["第一回.txt", "第二回.txt", "第一百二十回.txt"],
    ["chapter.001.txt", "chapter.002.txt", "chapter.010.txt"],
    ["Act I.txt", "Act II.txt", "Act III.txt", "Act IV.txt", "Act V.txt"],
    ["序章.txt", "序章2.txt", "第一章.txt"],
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[0])
def test_the_order_of_reading(order: list[str]) -> None:
    for seed in range(3):
        mixed = random.Random(seed).sample(order, len(order))
        assert in_order(mixed) == order


def test_many_files_are_ordered_at_once() -> None:
    order = [f"Part {part}/Chapter {n}.txt" for part in range(1, 101) for n in range(1, 201)]
    assert in_order(sorted(order)) == order


@pytest.mark.parametrize(
    ("names", "are", "title"),
    [
        (["My Novel - Chapter 1.docx", "My Novel - Chapter 2.docx"], True, "My Novel"),
        (["Tide_01.txt", "Tide_02.txt"], True, "Tide"),
        (["潮汐之书 第一章.txt", "潮汐之书 第二章.txt"], True, "潮汐之书"),
        (["chapter1.txt", "chapter2.txt"], True, ""),
        (["第一章.txt", "楔子.txt"], True, ""),
        (["The Tide.docx", "The Storm.docx"], False, ""),
        (["letters.docx", "novel.docx"], False, ""),
        (["novel 1.docx"], False, ""),
    ],
)
def test_whether_files_are_of_one_book(names: list[str], are: bool, title: str) -> None:
    assert are_chapters(names) is are
    assert common_title(names) == title


@pytest.mark.parametrize("name", ["9" * 60_000, "一" * 20_000, " " * 60_000, "chapter " * 8000])
def test_a_hostile_name_is_a_name(name: str) -> None:
    assert len(in_order([f"{name}.txt", f"{name}2.txt", "a.txt"])) == 3
    assert common_title([f"{name}1.txt", f"{name}2.txt"]) is not None
