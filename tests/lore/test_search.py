from studio.domain.records import LoreEntry
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
