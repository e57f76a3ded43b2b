import pytest

from studio.domain.lorebook import LoreEntry
from studio.lore.search import rank


def entry(name: str, text: str = "", *aliases: str) -> LoreEntry:
    return LoreEntry(
        id=name,
        type="character",
        name=name,
        aliases=aliases,
        text=text,
        created_at=0,
        updated_at=0,
    )


BOOK = [
    entry("Harbour", "Where Mara keeps the boat."),
    entry("Mara", "The keeper of the light.", "the keeper"),
    entry("林黛玉", "住在潇湘馆。", "颦儿"),
]


def names(query: str) -> list[str]:
    return [e.name for e in rank(query, BOOK)]


def test_a_name_comes_before_a_mention() -> None:
    assert names("mara") == ["Mara", "Harbour"]


def test_every_word_must_be_found() -> None:
    assert names("keeper light") == ["Mara"]
    assert names("keeper dragon") == []


def test_chinese_is_found_without_spaces_and_by_alias() -> None:
    assert names("黛玉") == ["林黛玉"]
    assert names("颦儿") == ["林黛玉"]


def test_full_width_letters_are_the_same_letters() -> None:
    assert names("ＭＡＲＡ") == ["Mara", "Harbour"]


def test_an_empty_query_finds_all() -> None:
    assert len(names("  ")) == 3


WORLD = [
    entry("Mairead", "She fell in the rain."),
    entry("AI", "The ship's mind; it is written in C++."),
    entry("Jean-Luc O'Brien", "Captain. He said: “Engage!” 🐱"),
    entry("阿九", "渡口的孩子，也叫“小九”。让·雅克的朋友。"),
    entry("The Rook’s Nest", "An inn * of no stars."),
]


@pytest.mark.parametrize(
    ("query", "first", "count"),
    [
        ('"AI"', "AI", 3), ("“AI”", "AI", 3), ("AI's", "AI", 3), ("AI’s", "AI", 3),
        ("ＡＩ＇ｓ", "AI", 3), ("(AI),", "AI", 3), ("ai", "AI", 3), ("C++", "AI", 1),
        ("Jean-Luc", "Jean-Luc O'Brien", 1), ("jean luc", "Jean-Luc O'Brien", 1),
        ("O’Brien", "Jean-Luc O'Brien", 1), ("OBrien's", "Jean-Luc O'Brien", 1),
        ("engage!", "Jean-Luc O'Brien", 1), ("🐱", "Jean-Luc O'Brien", 1),
        ("阿九，", "阿九", 1), ("「阿九」", "阿九", 1), ("《阿九》。", "阿九", 1),
        ("九", "阿九", 1),
        ("阿九，渡口", "阿九", 1), ("让雅克", "阿九", 1), ("让·雅克", "阿九", 1),
        ("让•雅克", "阿九", 1), ("让．雅克", "阿九", 1),
        ("Rook's", "The Rook’s Nest", 1), ("rooks nest", "The Rook’s Nest", 1),
        ("阿九～", "阿九", 1), ("`AI`", "AI", 3), ("<AI>", "AI", 3), ("=AI", "AI", 3),
        ("^AI", "AI", 3), ("A.I.", "AI", 3), ("A.I.’s", "AI", 3),
        ("*", "The Rook’s Nest", 1), ("the ship's, mind", "AI", 1),
    ],
)  # fmt: skip
def test_punctuation_is_no_part_of_a_word(query: str, first: str, count: int) -> None:
    found = [e.name for e in rank(query, WORLD)]
    assert (found[0], len(found)) == (first, count)


def test_initials_are_found_with_and_without_their_dots() -> None:
    ship = [entry("U.S.S. Hope", "It has 3.5 masts.")]
    assert rank("USS Hope", ship) == rank("U.S.S.", ship) == rank("3.5", ship) == ship
    assert rank("35", ship) == []


@pytest.mark.parametrize("query", ['"', "AND OR NOT", "NEAR(a b)", "a*b:c^", "%_", "\\", "？", "'"])
def test_no_query_is_an_error(query: str) -> None:
    assert all(found in WORLD for found in rank(query, WORLD))
