"""What Markdown means."""

from __future__ import annotations

import pytest

from studio.text.readers.markdown import plugin as markdown
from studio.text.reading import Reading


def read(text: str) -> Reading:
    return markdown.run("a.md", text.encode(), markdown.Spec())


def test_line_ends_within_a_markdown_paragraph_are_spaces() -> None:
    assert read("One\ntwo\n\nthree").text == "One two\n\nthree"
    assert read("水来了，\n船就高了。").text == "水来了，船就高了。"


def test_hard_breaks_lists_and_quotes_keep_their_lines() -> None:
    text = "The lamp  \ngoes round\\\nagain"
    assert read(text).text == "The lamp\ngoes round\nagain"
    assert read("- salt\n- rope\n> a quote").text == "- salt\n- rope\n> a quote"


def test_underlined_headings_become_marked_ones() -> None:
    lines = read("Title\n=====\n\nOne\n---\ntext").text.split("\n")
    assert [line for line in lines if line] == ["# Title", "## One", "text"]


def test_a_scene_break_is_no_underline() -> None:
    assert read("He went.\n\n---\n\nShe stayed.").text == "He went.\n\n---\n\nShe stayed."


def test_headings_stand_alone() -> None:
    assert read("end.\n# One\nbegin").text.split() == ["end.", "#", "One", "begin"]
    assert "\n\n# One\n\n" in read("end.\n# One\nbegin").text


def test_front_matter_and_comments_are_not_the_story() -> None:
    reading = read('---\ntitle: "The Tide"\ntags: [a]\n---\nOne. <!-- later -->Two.\n')
    assert reading.title == "The Tide"
    assert reading.text.strip() == "One. Two."


def paragraphs(text: str) -> list[str]:
    return [line for line in read(text).text.split("\n") if line]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"He said \*no\*, 1\. and \#2 \_so\_ \\ \a.", "He said *no*, 1. and #2 _so_ \\ \\a."),
        ("1\\. He went.", "1. He went."),
        ("Tea &amp; toast&#8212;caf&eacute; &#x6C34; &lt;b&gt;", "Tea & toast—café 水 <b>"),
        ("&amp;lt; AT&T; &nosuch; &", "&lt; AT&T; &nosuch; &"),
        ("a&nbsp;b &#0; &#xD800;", "a\u00a0b \ufffd \ufffd"),
        ("say `\\* &amp;` and ``a ` \\_ b`` \\_", "say `\\* &amp;` and ``a ` \\_ b`` _"),
        ("one ` tick \\_", "one ` tick _"),
        (
            "<a href='\\_'>x\\_</a> <http://a> <b>c</b> `<b>` 1<2>3 <x>",
            "x_ <http://a> c `<b>` 1<2>3 <x>",
        ),
        ("He<br>went.<p class='a'>She</p>", "He\nwent.\nShe"),
        ("a<b and c>d, <a skill>, <i hope so>!", "a<b and c>d, <a skill>, <i hope so>!"),
        ("[link\\_](a) ![alt &amp; text](b)", "[link_](a) ![alt & text](b)"),
        ("\\* \\* \\*", "* * *"),
        ("one\\\\\ntwo\\\nthree", "one\\ two\nthree"),
        ("\\<\\$Scr_Ps::0\\>He went.\\<!\\$Scr_Ps::0\\>", "He went."),
    ],
)
def test_escapes_and_entities_are_what_they_stand_for(written: str, meant: str) -> None:
    assert read(written).text == meant


def test_fenced_code_keeps_its_lines_and_signs() -> None:
    text = "Before.\n```text\na \\* &amp;\n---\n<!-- b -->\n```\nAfter \\*."
    assert paragraphs(text) == [
        "Before.", "```text", "a \\* &amp;", "---", "<!-- b -->", "```", "After *.",
    ]  # fmt: skip
    assert paragraphs("```\nnever\nclosed \\*") == ["``` never closed *"]
    assert paragraphs("a\n\n~~~\n\nb \\*\n\n~~~\n\nc") == ["a", "~~~", "b *", "~~~", "c"]


@pytest.mark.parametrize(
    "above",
    [
        "He went home.", "“Run!”", "他回家了。", "He went and went until\nthe water came",
        "the last of the long road that led him down to the old harbour where the boats were kept",
        "She waited,", "And then…", "“Who?” *she asked.*",
    ],
)  # fmt: skip
@pytest.mark.parametrize("line", ["---", "-----", "- - -", "***", "===", "--"])
def test_a_line_under_prose_is_a_break(above: str, line: str) -> None:
    found = paragraphs(f"{above}\n{line}\nShe stayed.")
    assert found == [above.replace("\n", " "), line, "She stayed."]
    assert f"\n\n{line}\n\nShe" in read(f"{above}\n{line}\nShe stayed.").text


@pytest.mark.parametrize(
    "above",
    ["Chapter One", "The Quay", "第一章 渡船", "Chapter 3: Who goes there?", "*The Quay*", "序"],
)
def test_a_line_under_a_title_makes_it_a_heading(above: str) -> None:
    for line, marks in (("---", "##"), ("-----------", "##"), ("====", "#")):
        assert paragraphs(f"She.\n\n{above}\n{line}\nHe.") == ["She.", f"{marks} {above}", "He."]


def test_a_question_drawn_under_as_a_title_is_one() -> None:
    assert paragraphs("Who goes there?\n---------------\nHe.") == ["## Who goes there?", "He."]
    assert paragraphs("“I know,” he said\n---\nShe.") == ["“I know,” he said", "---", "She."]
    assert paragraphs("他走了\n---\n天黑。") == ["他走了", "---", "天黑。"]
    assert paragraphs("# 一\n\n好的\n---\n天黑。") == ["# 一", "好的", "---", "天黑。"]
    assert paragraphs("他走了\n------\n天黑。") == ["## 他走了", "天黑。"]
    assert paragraphs("红漆\n---\n天黑。\n\n他走了\n---\n他。\n\n灯\n---\n她。") == [
        "## 红漆", "天黑。", "## 他走了", "他。", "## 灯", "她。",
    ]  # fmt: skip
    assert paragraphs("Chapter One\nThe Quay\n---\nHe.") == ["## Chapter One The Quay", "He."]


def test_lines_of_tags_are_none_and_a_rule_is_a_break() -> None:
    text = '[TOC]\n\\newpage\n<div align="center">\nOne.\n</div>\nTwo.\n\n<hr/>\n\n<i>Three.</i>'
    assert paragraphs(text) == ["One.", "Two.", "* * *", "Three."]


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("# One #", "# One"),
        ("## One ## {#one .unnumbered}", "## One"),
        ("# One {-}", "# One"),
        ("# Number #1 {or so}", "# Number #1 {or so}"),
    ],
)
def test_what_closes_a_heading_is_no_part_of_it(heading: str, title: str) -> None:
    assert paragraphs(f"{heading}\nHe.") == [title, "He."]


@pytest.mark.parametrize(
    ("above", "title", "names"),
    [
        ("---\ntitle: Tom's \"tale\"\n---\n", "Tom's \"tale\"", "title"),
        ("+++\ntitle = 'A tale'\ntags = [\n  'a',\n]\n+++\n", "A tale", "title, tags"),
        ("% A long\n  tale\n% Ann\n", "A long tale", "title, author"),
        ("Title: A tale\nAuthor: Ann\n  and Bob\nBase Header Level: 2\n", "A tale",
         "Title, Author, Base Header Level"),
    ],
)  # fmt: skip
def test_fields_above_the_text_of_every_make(above: str, title: str, names: str) -> None:
    reading = read(f"{above}\nHe went.")
    assert (reading.text.strip(), reading.title) == ("He went.", title)
    assert reading.notes == (f"Left out: the fields above the text, {names}.",)


@pytest.mark.parametrize(
    "text",
    ["% of them went.", "Title: none.", "Author: I went.\nHe: Why?\n", "+++\nHe.\n+++\nShe."],
)
def test_what_looks_like_fields_is_kept(text: str) -> None:
    assert paragraphs(text + "\n") == [text.strip().replace("\n", " ")]


def test_comments_of_other_programs() -> None:
    reading = read("One %%a\nb%% two.\n\n%%\nc\n%%\n\n[//]: # (d)\n\nA 50%% cut, 20%% more.")
    assert reading.text == "One  two.\n\nA 50%% cut, 20%% more."
    scene = "\n\n".join(["He went out to the boats, and she went home."] * 60)
    assert scene in read(f"One.\n\n%%\n\n{scene}\n\n%%\n\nTwo.").text
    assert reading.notes == ("3 comments were left out.",)


def test_comments_are_counted_and_leave_no_gap() -> None:
    reading = read("One.\n\n<!-- a\n\nb -->\n\nTwo. <!-- c -->\n\nThree. <!-- d")
    assert reading.text == "One.\n\nTwo. \n\nThree. <!-- d".replace(" \n", "\n")
    assert reading.notes == ("2 comments were left out.",)


def test_a_break_at_the_beginning_is_no_front_matter() -> None:
    assert paragraphs("---\nHe went.\n---\nShe.")[1:] == ["He went.", "---", "She."]
    assert any("title, tags" in n for n in read("---\ntitle: A\ntags: [a]\n---\nOne.").notes)


def test_tables_notes_and_references_keep_their_lines() -> None:
    text = "| a | b |\n|---|---|\n| c\\| | d |\n\nText[^1].\n[^1]: A note.\n[r]: http://a"
    assert paragraphs(text) == [
        "| a | b |", "|---|---|", "| c| | d |", "Text[^1].", "[^1]: A note.", "[r]: http://a",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sign",
    [
        "<!-- ",
        "%%%",
        "<b",
        "<b ",
        "[//]: # (",
        "`",
        "``x` ",
        "\\",
        "&",
        "<a ",
        "~~~\nx\n",
        "```x\n",
        "a\n---\n",
        "[",
        "---\n",
    ],
)
def test_signs_without_an_end_are_looked_at_once(sign: str) -> None:
    text = sign * (300_000 // len(sign))
    assert len(read(text + "\\*").text) > 1000
