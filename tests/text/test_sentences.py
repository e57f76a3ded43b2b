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
        ["“Go!”, he said.", "I went."],
        ["He shouted “Go!”, “Run!”, and fell.", "I ran."],
        ["Yahoo! said it would.", "Then it did."],
        ["He met K. in town.", "They spoke."],
        ["He came (at last!) and sat.", "She rose."],
        ["Of v. 12 he knew nothing.", "It was long."],
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
        ["他看了《摔跤吧！爸爸》。", "然后走了。"],
        ["《谁？》是一本书。", "他读过。"],
        ["他爱看《你好。再见》和《走！》两本书。", "我不爱。"],
        ["〈来吧！〉是歌名。", "好听。"],
        ["《论〈走吧！〉的结尾》很长。", "我读了。"],
        ["《论《走吧！》的结尾》很长。", "我读了。"],
        ["他说《水》。", "《山》呢？", "没有。"],
        ["他喜欢《山！》。", "“好。”"],
        ["他说：“我看了《山！》”", "我没有看。"],
        ["他打开《没有关上。", "他走了。", "她看《山》。", "好。"],
        ["“走吧！”，他说。", "我走了。"],
        ["“走吧。” ，他说。", "我走了。"],
        ["「走吧！」，他說。", "我走了。"],
        ["‘走吧！’，他说。", "我走了。"],
        ['"走吧！"，他说。', "我走了。"],
        ['"走吧！"他说。', "我走了。"],
        ["“走吧！”、“来吧！”，他们喊着。", "没有人动。"],
        ["“走吧！”；他又说“来！”。", "好。"],
        ["“走吧？”：这是他的话。", "好。"],
        ["“走吧！”的喊声还在。", "好。"],
        ["“走吧！”", "的确没有人。"],
        ["“走吧！”", "我知道，他不走。"],
        ["他喊了一声“走！”，门开了。", "好。"],
        ["他喊走！，门开了。", "好。"],
        ["“你……”，他说。", "“我……”他说。", "好。"],
        ["他问（你来不来？）然后走了。", "好。"],
        ["她想（不会吧！他来？），笑了。", "好。"],
        ["什么？！", "你说什么！！！", "好。"],
    ],
)
def test_chinese(expected: list[str]) -> None:
    assert split("".join(expected)) == expected


def test_a_blank_line_ends_a_sentence_in_any_case() -> None:
    assert split("No stop here\n\nAnother") == ["No stop here", "Another"]
    assert split("没有句号\n\n另一段") == ["没有句号", "另一段"]


def test_a_title_that_is_never_closed_swallows_no_sentences() -> None:
    count = 200
    text = "他打开《摔跤吧" + "！爸爸来了，他走到门口，看着外面的雨，站了很久。" * count + "》"
    assert len(sentences(text)) >= count


def test_a_title_ends_with_its_paragraph() -> None:
    assert split("他看《山！\n\n水》。") == ["他看《山！", "水》。"]
    assert split("《走！》\n\n他来了。") == ["《走！》", "他来了。"]


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
    "unit",
    [
        "a",
        ".",
        "。”",
        "…",
        "“",
        "Mr. ",
        "a.",
        "\n\n",
        " ",
        "他说。",
        "!?",
        "a-",
        "“‘",
        "他",
        "《",
        "《！",
        "（！）",
        "《！》，",
    ],
)
def test_time_is_linear_whatever_the_text(unit: str) -> None:
    """A megabyte would take hours if anything went over it again and again."""
    text = unit * (1_000_000 // len(unit))
    assert sentences(text)
