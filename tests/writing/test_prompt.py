import pytest

from studio.writing.prompt import tail, turns


def test_a_short_story_is_shown_whole() -> None:
    assert tail("It rained.\n", 100) == "It rained."


def test_the_tail_begins_with_a_sentence() -> None:
    assert tail("It rained all day. The door was open. She went in.", 36) == (
        "The door was open. She went in."
    )


def test_the_tail_of_chinese_begins_with_a_sentence() -> None:
    assert tail("雨下了一天。门开着。她走了进去。", 13) == "门开着。她走了进去。"


@pytest.mark.parametrize("text", ["a" * 500, "字" * 500])
def test_one_endless_sentence_is_cut_at_the_budget(text: str) -> None:
    assert tail(text, 100) == text[:100]


def test_a_new_story_begins_from_its_title() -> None:
    (turn,) = turns("", "The Lamp", "en", 100)
    assert turn["role"] == "user"
    assert turn["content"].endswith("\n\nThe Lamp")


def test_lines_about_the_story_stand_where_they_stood_in_training() -> None:
    (asked,) = turns("The tide came in.", "Harbour", "en", 400, "Oona keeps the books.")
    assert asked["content"].endswith("\n\nOona keeps the books.\n\nThe tide came in.")
