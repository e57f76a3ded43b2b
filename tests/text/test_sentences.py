"""Sentences of both languages, and that none of the text is lost between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.text.sentences import sentences


def split(text: str) -> list[str]:
    return [text[a:b].strip() for a, b in sentences(text)]


@pytest.mark.parametrize(
    "expected",
    [
        ["He went.", "She stayed!", "Did they?", "They did."],
        ["Mr. Dray met Mrs. Orrin at St. Ives.", "It rained."],
        ["H. G. Wells wrote it.", "I read it."],
        ["It was I.", "Nobody else was there."],
        ["“Is it business?” he said.", "“No,” I said."],
        ["“Sit down.”", "He found the chair."],
        ["“You said ‘never.’”", "He laughed."],
        ['"Cow."', "That was all."],
        ["He waited . . . and then he went.", "It was late."],
        ["He waited… and then he went.", "It was late…", "She slept."],
        ["See No. 5 on the list.", "He said no.", "Then he left."],
        ["He paid 3.50 for it.", "It was dear."],
        ["At 5 a.m. the tide turned.", "We rose."],
        ["(He had known it.)", "Then he went."],
        ["“What!—are you mad?” said Pell.", "He was not."],
        ["Early, i.e. wrong, e.g. by eleven minutes.", "So be it."],
    ],
)
def test_english(expected: list[str]) -> None:
    assert split(" ".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["水来了。", "船高了！", "有什么不好？", "没有。"],
        ["“到这儿。”领头的人说。", "我没有笑。"],
        ["“什么到这儿？”我问他。", "“水。”他说。"],
        ["“水来了，船就高了。”", "外公坐在船尾。"],
        ["他问：“你来不来？！”", "我不来。"],
        ["「好。」他說。", "天黑了。"],
        ["他想了想……没有说话。", "走了。"],
        ["“哦……”", "过了几天。"],
        ["（他没有来。）", "天黑了。"],
    ],
)
def test_chinese(expected: list[str]) -> None:
    assert split("".join(expected)) == expected


def test_a_blank_line_ends_a_sentence_in_any_case() -> None:
    assert split("No stop here\n\nAnother") == ["No stop here", "Another"]
    assert split("没有句号\n\n另一段") == ["没有句号", "另一段"]


def test_both_languages_in_one_line() -> None:
    assert split("He said 好。Then he left. 天黑了。") == [
        "He said 好。",
        "Then he left.",
        "天黑了。",
    ]


@given(st.text(alphabet="aB. !?…“”\"'’。！？」』—\n他说 Mr", max_size=200))
def test_sentences_tile_the_text(text: str) -> None:
    spans = sentences(text)
    assert "".join(text[a:b] for a, b in spans) == text
    assert all(a < b for a, b in spans)


@pytest.mark.parametrize(
    "unit", ["a", ".", "。”", "…", "“", "Mr. ", "a.", "\n\n", " ", "他说。", "!?", "a-", "“‘", "他"]
)
def test_time_is_linear_whatever_the_text(unit: str) -> None:
    """A megabyte would take hours if anything went over it again and again."""
    text = unit * (1_000_000 // len(unit))
    assert sentences(text)
