"""Chapters, on small texts and on the novels."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.domain.manuscripts import Chapter
from studio.text.cleaning import clean
from studio.text.importing import read_manuscript
from studio.text.segmentation import chapters_of, paragraphs

SENTENCE = "The water came up to the mark, leaned there a moment, and began to think of going. "
PROSE = SENTENCE * 6
HAN = "水真的到了那条红线，一点也没有多，一点也没有少。" * 20


def found(raw: str) -> list[Chapter]:
    cleaned = clean(raw)
    return list(chapters_of(cleaned.text, cleaned.centred, "Untitled"))


def titles(raw: str) -> list[str]:
    return [c.title for c in found(raw)]


def story(*heads: str, prose: str = PROSE) -> str:
    return "\n\n".join(f"{head}\n\n{prose}" for head in heads)


@pytest.mark.parametrize(
    "heads",
    [
        ("CHAPTER I", "CHAPTER II", "CHAPTER III"),
        ("Chapter 1. The Sea", "Chapter 2. The Rock", "Chapter 3. The Bell"),
        ("I. THE LEDGER", "II. PELL", "III. THE WRONG HOUR"),
        ("1", "2", "3"),
        ("I.", "II.", "III."),
        ("THE LEDGER", "THE LIGHT", "THE BELL"),
        ("PROLOGUE", "CHAPTER ONE", "CHAPTER TWO", "EPILOGUE"),
        ("Letter 1", "Letter 2", "Chapter 1", "Chapter 2"),
        ("PART ONE", "PART TWO"),
        ("Letter 1", "Letter 2", *("Chapter 1", "Chapter 2", "Chapter 3") * 2),
        (*("Chapter 1", "Chapter 2", "Chapter 3") * 2, "Letter 1", "Letter 2", "Letter 3"),
        (
            "ADVENTURE I. THE SEA",
            "ADVENTURE II. THE ROCK",
            "III. THE BELL",
            "Chapter 1",
            "Chapter 2",
        ),
        ("ADVENTURE I. THE SEA", "ADVENTURE II. THE ROCK", "III. THE BELL"),
    ],
)
def test_english_chapters(heads: tuple[str, ...]) -> None:
    assert titles(story(*heads)) == list(heads)


@pytest.mark.parametrize(
    "heads",
    [
        ("第一章　红漆", "第二章　老魏", "第三章　退信"),
        ("第一回 水来了", "第二回 船高了"),
        ("第1节", "第2节", "第3节"),
        ("一", "二", "三"),
        ("一、红漆", "二、老魏"),
        ("楔子", "第一章", "第二章", "尾声"),
    ],
)
def test_chinese_chapters(heads: tuple[str, ...]) -> None:
    assert titles(story(*heads, prose=HAN)) == list(heads)


def test_a_text_without_headings_is_one_chapter() -> None:
    (only,) = found(PROSE + "\n\n" + PROSE)
    assert only.title == "Untitled"
    assert only.prose_start == 0


def test_parts_go_with_their_chapters() -> None:
    raw = story("BOOK ONE\n\nTHE COMING\n\nI.\n\nTHE EVE", "II.\n\nTHE FALL")
    raw += "\n\n" + story("BOOK TWO\n\nTHE GOING\n\nI.\n\nUNDER FOOT", "II.\n\nTHE END")
    assert [(c.part, c.title) for c in found(raw)] == [
        ("BOOK ONE. THE COMING", "I. THE EVE"),
        ("BOOK ONE. THE COMING", "II. THE FALL"),
        ("BOOK TWO. THE GOING", "I. UNDER FOOT"),
        ("BOOK TWO. THE GOING", "II. THE END"),
    ]
    assert [
        c.part for c in found(story("第一卷\n\n第一章", "第二章", "第二卷\n\n第三章", prose=HAN))
    ] == [
        "第一卷",
        "第一卷",
        "第二卷",
    ]


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_table_of_contents_is_no_chapter(gap: str) -> None:
    heads = [f"Chapter {i}. Of Water" for i in range(1, 9)]
    raw = f"THE TIDE\n\nCONTENTS\n\n{gap.join(heads)}\n\n\n{story(*heads)}"
    chapters = found(raw)
    assert [c.title for c in chapters] == heads
    assert chapters[0].start == 0
    assert clean(raw).text[chapters[0].prose_start :].startswith("The water came up")


def test_a_table_of_contents_before_a_preface() -> None:
    heads = [f"CHAPTER {i}" for i in range(1, 6)]
    raw = "\n\n".join(["CONTENTS", *heads, story("PREFACE", *heads)])
    assert titles(raw) == ["PREFACE", *heads]


def test_an_outline_of_chapters_not_yet_written_is_kept() -> None:
    heads = ["Chapter 1", "Chapter 2", "Chapter 3", "Chapter 4", "Chapter 5"]
    raw = story(*heads[:2]) + "\n\n" + "\n\n".join(heads[2:])
    assert titles(raw) == heads


def test_short_titles_below_the_numbers() -> None:
    raw = story("Chapter One\n\nThe Sea", "Chapter Two\n\nThe Rock")
    assert titles(raw) == ["Chapter One. The Sea", "Chapter Two. The Rock"]


def test_numbers_within_a_story_are_no_chapters() -> None:
    raw = story(
        "ADVENTURE I. THE SEA", "I.", "II.", "ADVENTURE II. THE ROCK", "ADVENTURE III. THE END"
    )
    assert titles(raw) == [
        "ADVENTURE I. THE SEA",
        "ADVENTURE II. THE ROCK",
        "ADVENTURE III. THE END",
    ]


@pytest.mark.parametrize(
    ("chapters", "sections", "prose"),
    [(("一", "二", "三", "四"), ("1", "2"), HAN), (("I", "II", "III", "IV"), ("1", "2"), PROSE)],
)
def test_bare_numbers_of_two_kinds_are_chapters_and_what_is_within(
    chapters: tuple[str, ...], sections: tuple[str, ...], prose: str
) -> None:
    raw = story(*(head for each in chapters for head in (each, *sections)), prose=prose)
    assert titles(raw) == list(chapters)


@pytest.mark.parametrize(
    "says", ["“Part {} is done,” she said.", "“Chapter {}” is what he called it."]
)
def test_what_is_said_is_no_heading(says: str) -> None:
    raw = "\n\n".join((PROSE, says.format("one"), PROSE, says.format("two"), PROSE))
    assert titles(raw) == ["Untitled"]


def test_a_numbered_list_in_a_story_is_no_list_of_chapters() -> None:
    raw = f"{PROSE}\n\n1. Bread\n\n2. Salt\n\n3. Rope\n\n{PROSE}"
    assert titles(raw) == ["Untitled"]


def test_prose_before_the_first_heading_is_a_chapter() -> None:
    assert titles(f"{PROSE}\n\n{story('Chapter 1', 'Chapter 2')}") == [
        "Opening",
        "Chapter 1",
        "Chapter 2",
    ]


def test_centred_titles_of_stories() -> None:
    prose = "\n\n".join(["\u3000\u3000" + HAN] * 2)
    raw = "\n\n\n".join(
        f"{' ' * 18}\u3000\u3000{name}\n\n{prose}" for name in ("故乡", "白光", "社戏")
    )
    assert titles(raw) == ["故乡", "白光", "社戏"]


def test_markdown_levels() -> None:
    raw = f"# The Tide Clerk\n\n{story('## The Ledger', '## Pell', '### Stairs', '## The Hour')}"
    chapters = found(raw)
    assert [c.title for c in chapters] == ["The Ledger", "Pell", "The Hour"]
    assert {c.part for c in chapters} == {"The Tide Clerk"}
    raw = story("# 第一卷 风起 第一章 归来", "# 第一卷 风起 第二章 灰猫", prose=HAN)
    assert [(c.part, c.title) for c in found(raw)] == [
        ("第一卷 风起", "第一章 归来"),
        ("第一卷 风起", "第二章 灰猫"),
    ]


@given(
    st.lists(
        st.sampled_from(
            ["CHAPTER I", "Chapter 2. Rain", "II.", "3", "PART ONE", "Epilogue", "# One", "## Two",
             "第一章　水", "第二卷", "三、", "THE ROOM", "* * *", "CONTENTS", "", PROSE, HAN]
        ),
        max_size=24,
    )
)  # fmt: skip
def test_chapters_tile_the_text(blocks: list[str]) -> None:
    cleaned = clean("\n\n".join(blocks))
    chapters = chapters_of(cleaned.text, cleaned.centred, "Untitled")
    assert chapters[0].start == 0
    assert chapters[-1].end == len(cleaned.text)
    assert all(a.end == b.start for a, b in itertools.pairwise(chapters))
    assert all(c.start <= c.prose_start <= c.end for c in chapters)
    assert all(c.title for c in chapters)


@given(st.lists(st.sampled_from(["a", "b\nc", "第一章", "x" * 90])))
def test_paragraphs_are_all_there(pieces: list[str]) -> None:
    text = "\n\n".join(pieces)
    assert [text[a:b] for a, b in paragraphs(text)] == pieces


HOLMES = [
    "ADVENTURE I. A SCANDAL IN BOHEMIA",
    "ADVENTURE II. THE RED-HEADED LEAGUE",
    "ADVENTURE III. A CASE OF IDENTITY",
    "ADVENTURE IV. THE BOSCOMBE VALLEY MYSTERY",
    "ADVENTURE V. THE FIVE ORANGE PIPS",
    "ADVENTURE VI. THE MAN WITH THE TWISTED LIP",
    "VII. THE ADVENTURE OF THE BLUE CARBUNCLE",
    "VIII. THE ADVENTURE OF THE SPECKLED BAND",
    "IX. THE ADVENTURE OF THE ENGINEER'S THUMB",
    "X. THE ADVENTURE OF THE NOBLE BACHELOR",
    "XI. THE ADVENTURE OF THE BERYL CORONET",
    "XII. THE ADVENTURE OF THE COPPER BEECHES",
]
LETTERS = [f"Letter {i}" for i in range(1, 5)]
WHOLE_LISTS = {
    "en/sherlock-holmes.txt": HOLMES,
    "en/pride-and-prejudice.txt": [f"Chapter {i}" for i in range(1, 62)],
    "en/frankenstein.txt": [*LETTERS, *(f"Chapter {i}" for i in range(1, 25))],
    "zh/nahan.txt": ["鸭的喜剧", "头发的故事", "白光", "端午节", "故乡", "风波", "社戏"],
}
COUNTS = {
    "en/war-of-the-worlds.txt": (27, "I. THE EVE OF THE WAR.", "X. THE EPILOGUE."),
    "zh/hongloumeng.txt": (
        120,
        "第一回  甄士隐梦幻识通灵　贾雨村风尘怀闺秀",
        "第一百二十回甄士隐详说太虚情　贾雨村归结红楼梦",
    ),
    "base/anne-of-green-gables.txt": (38, "CHAPTER I. Mrs. Rachel Lynde is Surprised", None),
    "base/call-of-the-wild.txt": (7, "Chapter I. Into the Primitive", None),
    "base/dorian-gray.txt": (21, "THE PREFACE", "CHAPTER 20"),
    "base/great-expectations.txt": (59, "Chapter I", "Chapter LIX"),
    "base/little-women.txt": (47, "CHAPTER ONE. PLAYING PILGRIMS", None),
    "base/moby-dick.txt": (137, "Opening", "Epilogue"),
    "base/secret-garden.txt": (27, "CHAPTER I. THERE IS NO ONE LEFT", None),
    "base/tale-of-two-cities.txt": (45, "I. The Period", "XV. The Footsteps Die Out For Ever"),
    "base/tom-sawyer.txt": (37, "PREFACE", "CONCLUSION"),
    "base/treasure-island.txt": (34, "1. The Old Sea-dog at the Admiral Benbow", "34. And Last"),
    "base/wind-in-the-willows.txt": (12, "I. THE RIVER BANK", "XII. THE RETURN OF ULYSSES"),
    "base/wizard-of-oz.txt": (25, "Introduction", "24.  Home Again"),
    "base/wuthering-heights.txt": (34, "CHAPTER I", "CHAPTER XXXIV"),
    "base/xiyouji.txt": (100, "第一回　灵根育孕源流出　心性修持大道生", None),
}


@pytest.mark.parametrize("name", WHOLE_LISTS)
def test_chapter_lists_of_novels(corpus: Path, name: str) -> None:
    manuscript = read_manuscript(Path(name).name, (corpus / name).read_bytes())
    assert [c.title for c in manuscript.chapters] == WHOLE_LISTS[name]


@pytest.mark.parametrize("name", COUNTS)
def test_chapter_counts_of_novels(corpus: Path, name: str) -> None:
    manuscript = read_manuscript(Path(name).name, (corpus / name).read_bytes())
    count, first, last = COUNTS[name]
    assert len(manuscript.chapters) == count
    assert manuscript.chapters[0].title == first
    assert last is None or manuscript.chapters[-1].title == last


def test_the_two_books_of_the_war_of_the_worlds(corpus: Path) -> None:
    path = corpus / "en" / "war-of-the-worlds.txt"
    parts = [c.part for c in read_manuscript(path.name, path.read_bytes()).chapters]
    assert (
        parts
        == ["BOOK ONE. THE COMING OF THE MARTIANS"] * 17
        + ["BOOK TWO. THE EARTH UNDER THE MARTIANS."] * 10
    )


def test_several_novels_in_one_file_keep_their_chapters(corpus: Path) -> None:
    names = ("frankenstein", "pride-and-prejudice", "sherlock-holmes")
    books = [(corpus / "en" / f"{name}.txt").read_text("utf-8") for name in names]
    for order in itertools.permutations(range(3)):
        assert len(found("\n\n".join(books[i] for i in order))) in (101, 102)
    assert len(found("\n\n".join(books[i] for i in (2, 0, 1) * 2))) in (202, 204)
