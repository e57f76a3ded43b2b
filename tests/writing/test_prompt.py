import pytest

from studio.datasets.builders.continuation import plugin
from studio.datasets.splits import Section
from studio.datasets.tools import Tools
from studio.domain.recipes import ContinuationSpec
from studio.writing.prompt import tail, turns


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It rained.", "It rained."),
        (" It rained. ", "It rained."),
        ("It rained.\n", "It rained.\n"),
        ("It rained.\n\n", "It rained.\n\n"),
        ("It rained. \n \n\n ", "It rained.\n\n"),
        ("It rained, and", "It rained, and"),
        ("It rained.\n\nShe said, “", "It rained.\n\nShe said, “"),
        (" \n\n", ""),
    ],
)
def test_a_story_is_shown_as_it_stands(text: str, shown: str) -> None:
    assert tail(text, 100) == shown


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_long_story_is_shown_from_a_sentence_on_to_its_very_end(end: str) -> None:
    assert tail(f"It rained all day. The door was open.{end}", 25) == f"The door was open.{end}"


PARAGRAPHS = "It rained. She ran to the ferry.\n\nNobody came. The lamp was out.\n\nHe slept."


def test_the_desk_shows_what_training_showed_before_a_passage() -> None:
    """To the character, whether the passage begins a paragraph or goes on in one."""
    section = Section(0, 0, "Chapter 1", PARAGRAPHS, "en")
    tools = Tools(lambda text, spans: [len(text[a:b].split()) for a, b in spans])
    made = 0
    for size in (2, 5, 6, 8, 11):
        spec = ContinuationSpec.model_construct(passage_tokens=size, context_tokens=999, about="")
        for draft in plugin.run(section, tools, spec):
            asked, answer = draft.messages
            before = PARAGRAPHS[: PARAGRAPHS.index(answer["content"])]
            assert turns(before, "Chapter 1", "en", 4000) == [asked]
            made += before.endswith("\n\n")
    assert made > 3


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
