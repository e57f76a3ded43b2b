"""Lines become paragraphs; verse and scene breaks stay; cleaning twice is cleaning once."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studio.text.cleaning import clean

PROSE = (
    "The clock at Saltreach does not belong to the church, which would be usual, nor to the "
    "Board, which would be sensible. It belongs to the light. It sits in the shoulder of the "
    "lighthouse, facing the town, with a white dial six feet across and a minute hand as long "
    "as a man.",
    "“You are the lady with the early tides,” he said.",
    "I told him that there were a hundred and nine steps, and that they were bad for a chest. "
    "He sat on the steps from slack to slack with his collar up and his nose streaming.",
)
CHINESE = (
    "那年春天，县里来了四个人，提着一桶红漆，在我们镇上画线。他们从码头画起。码头的石阶一共四十一级，"
    "他们站在第四十一级上，往上看了看，又摇摇头，继续往坡上走。",
    "“到这儿。”领头的人说。",
    "我回头看了看。从皂角树望下去，整个镇子都在下面：一层一层的黑瓦，晾着的衣裳，谁家烟囱里的烟，"
    "最底下是河，河上是外公的渡船，小得像一片指甲。我想了很久，也想不出水怎么能到这儿。",
)
VERSE = "The lamp goes round, the sea goes by,\n  And no one\nCounts but you and I,\n  Alone."


def wrapped(paragraphs: tuple[str, ...], width: int = 66) -> str:
    return "\n\n".join(textwrap.fill(p, width) for p in paragraphs)


def wrapped_chinese(paragraphs: tuple[str, ...], width: int, indent: str) -> list[str]:
    """As old bulletin boards had it: broken after ``width`` characters, wherever that is."""
    lines = [indent + p for p in paragraphs]
    return ["\n".join(p[i : i + width] for i in range(0, len(p), width)) for p in lines]


@pytest.mark.parametrize("width", [58, 66, 72, 79])
def test_wrapped_english_lines_are_joined(width: int) -> None:
    cleaned = clean(wrapped(PROSE, width))
    assert cleaned.text.split("\n\n") == list(PROSE)
    assert "wrapped lines were joined" in cleaned.notes[0]


@pytest.mark.parametrize("width", [28, 34, 36, 40])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_chinese_wrapped_at_a_fixed_width_is_joined(width: int, gap: str) -> None:
    raw = gap.join(wrapped_chinese(CHINESE * 3, width, "\u3000\u3000"))
    assert clean(raw).text.split("\n\n") == list(CHINESE * 3)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2028"])
def test_all_line_ends_are_one(ending: str) -> None:
    assert clean(ending.join(["One.", "", "Two."])).text == "One.\n\nTwo."


def test_a_line_for_each_paragraph_set_in_by_full_width_spaces() -> None:
    raw = "\n".join("\u3000\u3000" + p for p in CHINESE * 3)
    assert clean(raw).text.split("\n\n") == list(CHINESE * 3)


def test_a_line_for_each_paragraph_with_nothing_between() -> None:
    assert clean("\n".join(PROSE * 2)).text.split("\n\n") == list(PROSE * 2)


def test_paragraphs_by_indentation_alone() -> None:
    raw = "\n".join(textwrap.fill(p, 60, initial_indent="    ") for p in PROSE * 4)
    assert clean(raw).text.split("\n\n") == list(PROSE * 4)


def test_verse_among_wrapped_prose_keeps_its_lines() -> None:
    raw = "\n\n".join([wrapped(PROSE), textwrap.indent(VERSE, " " * 8), wrapped(PROSE)])
    assert clean(raw).text.split("\n\n")[3] == VERSE


def test_a_poem_alone_keeps_its_lines() -> None:
    raw = "\n\n".join([VERSE] * 3)
    assert clean(raw).text == raw


@pytest.mark.parametrize("mark", ["* * *", "***", "———", "◇", "⁂", "- - -", "※", "＊　＊　＊", "#"])
def test_scene_breaks_stand_alone(mark: str) -> None:
    paragraphs = clean(f"{wrapped(PROSE)}\n{' ' * 30}{mark}\n{wrapped(PROSE)}").text.split("\n\n")
    assert paragraphs == [*PROSE, mark, *PROSE]


def test_a_heading_without_blank_lines_stands_alone() -> None:
    raw = "\n".join(["\u3000\u3000" + CHINESE[0], "第二章　老魏", "\u3000\u3000" + CHINESE[2]])
    assert clean(raw).text.split("\n\n") == [CHINESE[0], "第二章　老魏", CHINESE[2]]


def test_a_sentence_that_was_wrapped_before_the_word_chapter_is_no_heading() -> None:
    text = "As the reader will have gathered, all of this was told before and at great length in\n"
    text += "Chapter 7, The Whale. And so it went on, until nobody on the quay was left to listen\n"
    text += "to the rest of what he had to tell."
    assert "\n" not in clean("\n\n".join([text] * 3)).text.split("\n\n")[0]


def test_hyphens_and_dashes_at_line_ends_take_no_space() -> None:
    broken = "She was a well-\nknown person in the town, and in the villages--\nor so it was said."
    assert clean(f"{wrapped(PROSE)}\n\n{broken}").text.endswith(
        "She was a well-known person in the town, and in the villages--or so it was said."
    )


def test_centred_lines_are_remembered() -> None:
    raw = f"{wrapped(PROSE)}\n\n{' ' * 20}The Packet\n\n{wrapped(PROSE)}"
    cleaned = clean(raw)
    (offset,) = cleaned.centred
    assert cleaned.text[offset:].startswith("The Packet\n\n")


LINES = st.lists(
    st.text(alphabet="ab Cd.“”—-\u3000他说。，第一章12#* \t", max_size=60) | st.sampled_from(PROSE)
)


@given(LINES, st.sampled_from(["\n", "\n\n"]))
def test_cleaning_twice_changes_nothing(lines: list[str], gap: str) -> None:
    once = clean(gap.join(lines)).text
    assert clean(once).text == once


@given(LINES)
@example([" ", "111", "1"])
def test_cleaning_keeps_every_letter(lines: list[str]) -> None:
    raw = "\n".join(lines)
    assert "".join(clean(raw).text.split()) == "".join(raw.split())


def test_the_novels_are_clean_after_one_pass(corpus: Path) -> None:
    for path in sorted(corpus.glob("*/*.txt")):
        cleaned = clean(path.read_bytes().decode())
        assert clean(cleaned.text).text == cleaned.text, path.name
        assert "\n\n\n\n" not in cleaned.text
        assert "\r" not in cleaned.text


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_cleaned_the_same_once_and_twice(raw: str) -> None:
    cleaned = clean(raw)
    assert cleaned == clean(raw)
    assert clean(cleaned.text).text == cleaned.text
    assert cleaned.text.encode().decode() == cleaned.text


@pytest.mark.parametrize("unit", ["word ", "\n", "“", "a\n\n", "12\n", "-\n", "[x]\n\n", "。"])
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    """Half a megabyte would take hours if a rule went over it again and again."""
    assert clean(unit * (500_000 // len(unit))).text is not None
