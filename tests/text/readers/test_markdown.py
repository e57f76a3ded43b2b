"""What Markdown means."""

from __future__ import annotations

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
