"""Headings that are believed because they count upwards, and lines that only look like them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.text import lookalikes
from studio.text.cleaning import clean
from studio.text.numbering import written
from studio.text.segmentation import chapters_of

ENGLISH_PROSE = "The water came up to the mark, leaned there a moment, and began to go. " * 8
CHINESE_PROSE = "水真的到了那条红线，一点也没有多，一点也没有少。" * 20
GOLD = Path(__file__).parent / "gold"


def _gold(name: str) -> dict[str, list[str]]:
    files = {language: GOLD / f"{name}.{language}.txt" for language in ("en", "zh")}
    return {k: path.read_text(encoding="utf-8").splitlines() for k, path in files.items()}


FORMS = _gold("forms")
PROSE = {"zh": CHINESE_PROSE, "en": ENGLISH_PROSE}
NO_HEADINGS = {
    language: [line.replace(" | ", "\n\n") for line in lines]
    for language, lines in _gold("no-headings").items()
}


def found(raw: str) -> list[tuple[str, str]]:
    cleaned = clean(raw)
    chapters = chapters_of(cleaned.text, cleaned.centred, "Untitled")
    return [(c.part, c.title) for c in chapters]


def titles(raw: str) -> list[str]:
    return [title for _part, title in found(raw)]


def head(form: str, number: int) -> str:
    spelled, roman = written(number, "cardinalText"), written(number, "upperRoman")
    return form.format(
        n=number,
        zeros=f"{number:03}",
        wide="".join(chr(0xFF10 + int(digit)) for digit in str(number)),
        han=written(number, "chineseCounting"),
        word=spelled.lower(),
        WORD=spelled.upper(),
        roman=roman.lower(),
        ROMAN=roman,
    )


def story(heads: list[str], prose: str, gap: str = "\n\n") -> str:
    return gap.join(f"{each}{gap}{prose}" for each in heads)


@pytest.mark.parametrize("count", [2, 23])
@pytest.mark.parametrize("language", FORMS)
def test_headings_of_each_form_are_found(language: str, count: int) -> None:
    for form in FORMS[language]:
        heads = [head(form, n) for n in range(1, count + 1)]
        assert len(found(story(heads, PROSE[language]))) == count, heads[:2]


@given(st.sampled_from([(k, form) for k in FORMS for form in FORMS[k]]), st.data())
@settings(max_examples=60, deadline=None)
def test_what_looks_like_a_heading_makes_no_more_of_them(
    form: tuple[str, str], data: st.DataObject
) -> None:
    language, pattern = form
    lines = data.draw(st.lists(st.sampled_from(NO_HEADINGS[language][:6]), max_size=3))
    first = data.draw(st.integers(1, 40))
    heads = [head(pattern, n) for n in range(first, first + data.draw(st.integers(3, 8)))]
    prose = "\n\n".join([PROSE[language], *(f"{line}\n\n{PROSE[language]}" for line in lines)])
    assert len(found(story(heads, prose))) == len(heads)


@pytest.mark.parametrize(
    ("language", "line"), [(k, line) for k in NO_HEADINGS for line in NO_HEADINGS[k]]
)
def test_prose_between_two_chapters_is_no_heading(language: str, line: str) -> None:
    heads = {
        "zh": ["第一章 归来", "第二章 灰猫"],
        "en": ["Chapter 1 The Sea", "Chapter 2 The Rock"],
    }
    prose = f"{PROSE[language]}\n\n{line}\n\n{PROSE[language]}"
    assert found(story(heads[language][:1], prose) + "\n\n" + story(
        heads[language][1:], PROSE[language]
    )) == [("", title) for title in heads[language]]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    ["第三集团军司令部", "第二天，他走了。", "盐路 第一章", "30章 归来", "Part of me", "Day one",
     "Chapter 12 verse 3 says", "Chapter after chapter", "I\n\nI",
     "January 1\n\nJanuary 2\n\nJanuary 3"],
)  # fmt: skip
def test_a_line_alone_makes_no_chapter_of_a_story(line: str) -> None:
    prose = CHINESE_PROSE if line[0] > "z" or "章" in line else ENGLISH_PROSE
    assert titles(f"{prose}\n\n{line}\n\n{prose}") == ["Untitled"]


TOLD_OF = _gold("told-of")
HEADS = {
    "zh": ["第一章 归来 | 第二章 灰猫", "第一章归来 | 第二章灰猫", "正文 第一章 | 正文 第二章"],
    "en": [
        "Chapter 1 The Sea | Chapter 2 The Rock",
        "chapter 1 the sea | chapter 2 the rock",
        "CHAPTER ONE | CHAPTER TWO",
    ],
}


@pytest.mark.parametrize(("language", "line"), [(k, line) for k in TOLD_OF for line in TOLD_OF[k]])
def test_two_chapters_stay_two_whatever_counts_within_them(language: str, line: str) -> None:
    told = [f"{PROSE[language]}\n\n{head(line, n)}" for n in range(1, 9)]
    for heads in (line.split(" | ") for line in HEADS[language]):
        raw = f"{heads[0]}\n\n" + "\n\n".join(told[:4]) + f"\n\n{PROSE[language]}\n\n{heads[1]}\n\n"
        raw += "\n\n".join(told[4:]) + f"\n\n{PROSE[language]}"
        assert found(raw) == [("", title) for title in heads]


@pytest.mark.parametrize(
    "line",
    ["Strength: {n}", "{word}, the rope", "Unit {n}, report", "In Chapter {n}",
     "He said, Chapter {n}", "等级：{n}", "其{han}，不得外出", "LV{n}", "Player {n}", "{n} eggs",
     "等级{n}", "{n}级", "1.{n} cups"],
)  # fmt: skip
def test_values_and_sentences_with_numbers_make_no_chapters(line: str) -> None:
    prose = ENGLISH_PROSE if line[0].isascii() else CHINESE_PROSE
    found_as = (head(line, n) for n in range(1, 5))
    lines = [each[0].upper() + each[1:] for each in found_as]
    assert titles(f"{prose}\n\n{story(lines, prose)}") == ["Untitled"]


@pytest.mark.parametrize(
    ("heads", "told"),
    [
        ("第一章 归来 | 第二章 灰猫 | 第三章 灯", "第{han}幕演完了"),
        ("一 | 二 | 三", "《山海》第{han}章"),
        ("1、归来 | 2、灰猫 | 3、灯", "《山海》第{han}章"),
        ("I | II | III", "Chapter {n} was the best of the book"),
        ("1. Dawn | 2. Dusk | 3. Night", "Chapter {n} was the best of the book"),
        ("1 | 2 | 3", "{n}. Bread"),
        ("I | II | III", "({n}) Bread"),
        ("One | Two | Three", "#{n}"),
        ("Day 1 | Day 2 | Day 3", "{n}. Bread"),
        ("一 | 二 | 三", "{n}、面包"),
        ("1 | 2 | 3", "1. Bread"),
    ],
)
def test_what_is_told_of_once_in_each_chapter_is_none(heads: str, told: str) -> None:
    prose = CHINESE_PROSE if "{han}" in told else ENGLISH_PROSE
    chapters = [
        f"{title}\n\n{prose}\n\n{head(told, n)}\n\n{prose}"
        for n, title in enumerate(heads.split(" | "), 1)
    ]
    assert titles("\n\n".join(chapters)) == heads.split(" | ")


def test_a_list_spread_over_some_of_the_chapters_is_none_of_chapters() -> None:
    items = {3: "1. Bread", 7: "2. Salt", 8: "3. Rope"}
    chapters = [
        f"{n}\n\n{ENGLISH_PROSE}\n\n{items.get(n, '')}\n\n{ENGLISH_PROSE}" for n in range(1, 11)
    ]
    assert titles("\n\n".join(chapters)) == [str(n) for n in range(1, 11)]


def test_numbers_that_begin_anew_under_each_title_are_sections() -> None:
    chapters = [story(["1", "2", "3"], ENGLISH_PROSE)]
    chapters += [f"{n}. Dawn\n\n{story(['1', '2', '3'], ENGLISH_PROSE)}" for n in range(1, 4)]
    heads = ["Prologue", "1. Dawn", "2. Dawn", "3. Dawn"]
    assert titles("Prologue\n\n" + "\n\n".join(chapters)) == heads


VOLUMES = (GOLD / "volumes.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", VOLUMES)
def test_a_volume_on_the_line_of_a_chapter(line: str) -> None:
    *heads, first, second = line.replace("//", "\n\n").split(" | ")
    prose = ENGLISH_PROSE if heads[0].isascii() else CHINESE_PROSE
    chapters = found(story(heads, prose))
    assert [part for part, _title in chapters] == [first, first, second]
    assert all(title and first not in title for _part, title in chapters)
    assert chapters[1][1] in heads[1]


@pytest.mark.parametrize(
    "heads",
    [
        ["正文 第一章 归来", "第二章 灰猫", "VIP章节 第三章 夜", "VIP章节 第四章 桥", "第五章归来"],
        ["30章 归来", "31章 灰猫", "第32章 夜", "33章 桥"],
        ["☆、楔子", "☆、第一章", "☆、第二章", "☆、番外一", "☆、番外二 灰猫"],
        ["正文 楔子", "正文 第一章 归来", "正文 第二章 灰猫", "正文 尾声"],
        ["楔　子", "第一章", "第二章", "尾　声", "后记"],
        ["正文 第一章", "正文 第二章", "正文 第二章", "正文 第四章", "正文 第六章", "正文 第七章"],
        ["Prologue", "Chapter 1 the sea", "Chapter 2 the rock", "Interlude", "Chapter 3 the bell"],
        [f"Chapter {each}" for each in ("Ninety-Nine", "One Hundred", "One Hundred and One")],
        ["chapter.001", "chapter.002", "Chapter 3"],
        ["Letter 1", "Letter 2", "Chapter 1", "Chapter 2"],
        ["The First Day", "The Second Day", "The Third Day"],
        ["30章 归来（上）", "30章 归来（下）", "31章 灰猫", "31章 夜", "32章 桥"],
        ["第一章：", "第二章", "第三章：夜"],
        ["第一章 归来", "第二章灰猫", "第三章中秋夜", "第四章 夜", "第五章桥"],
        ["1.1 Dawn", "1.2 Dusk", "2.1 Rain", "2.2 Sun", "2.3 Night"],
        ["1st Chapter", "2nd Chapter: Dusk", "3rd Chapter Night", "4th Chapter"],
        ["The 1st Day", "The 2nd Day", "The 3rd Day"],
        ["Chapter 1a", "Chapter 1b: Dusk", "Chapter 2a Night", "Chapter 2 (b)", "Chapter 3"],
        ["第一章 归来", "第1.5章 灰猫", "第二章 夜"],
    ],
)
def test_forms_that_are_mixed(heads: list[str]) -> None:
    assert titles(story(heads, ENGLISH_PROSE if heads[-1].isascii() else CHINESE_PROSE)) == heads


def test_a_table_of_contents_in_a_form_in_doubt_is_no_chapter() -> None:
    heads = [f"正文 第{n}章 桥" for n in "一二三四五"]
    raw = "目录\n\n" + "\n".join(heads) + "\n\n" + story(heads, CHINESE_PROSE)
    assert titles(raw) == heads


@pytest.mark.parametrize(
    "form", ["正文 第{han}章 归来", "{n}章 归来", "☆、第{han}章", "{han}、归来"]
)
def test_headings_among_lines_without_blank_ones(form: str) -> None:
    heads = [head(form, n) for n in range(1, 5)]
    prose = "\n".join(["　　水到了那条红线，一点也没有多。", "　　“好。”他说。"] * 15)
    assert titles(story(heads, prose, "\n")) == heads


@pytest.mark.parametrize(
    "line",
    ["{n}日第一章", "第{n}章归来", "Letter {n}\n\nChapter {n}", "第{n}集\n\n第{n}章", "x{n} 1"],
)
def test_time_is_linear_whatever_the_lines(line: str) -> None:
    """Minutes, if each of the lines were held against all others."""
    assert found("\n\n".join(line.format(n=n) for n in range(1, 9_000)))


def test_a_last_chapter_called_the_end_is_one() -> None:
    heads = ["Chapter 1: Boat", "Chapter 2: Tide", "Chapter 3: End"]
    assert titles(story(heads, ENGLISH_PROSE)) == heads
    closed = f"{story(heads[:2], ENGLISH_PROSE)}\n\nChapter 2 ends\n\n{ENGLISH_PROSE}"
    assert titles(closed) == heads[:2]


PIECES = (
    "the", "The", "second", "Chapter", "chapter", "part", "vol", "Day", "twenty-one", "IV", "ⅳ",
    "12", "001", ".", ":", "#", "-", "—", "☆", "、", "【", "】", "(", "（", "第", "卷", "章",
    "三十", "回", "番外", "正文", "’", "“", "_", "night", "归来", "°", "%", "'", "$",
)  # fmt: skip


@settings(max_examples=600)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=8), st.sampled_from(["", " ", "\u3000"])
)
def test_every_line_can_be_looked_at(pieces: list[str], gap: str) -> None:
    line = gap.join(pieces).strip()
    if line:
        found = lookalikes.unsure(line)
        assert found is None or found.number is None or found.number > 0
