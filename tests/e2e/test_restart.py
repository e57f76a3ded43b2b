"""What is typed, chosen and unfolded on a page is there after its server started again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.walking import connected, go_to, heading, picture, press, settled, unfold

pytestmark = pytest.mark.browser


def test_words_about_a_story_and_topics_outlive_a_server_and_a_change_of_pages(
    page: Page, prepared: Any
) -> None:
    page.goto(f"{prepared.url}/datasets")
    heading(page, "Datasets")
    unfold(page.get_by_text("Prepare another"))
    about = page.get_by_role("textbox", name="About the story, if you like")
    about.fill("Mara keeps the light.")
    about.blur()
    settled(page)
    about.press_sequentially(" And more.")
    prepared.again()
    connected(page)
    expect(about).to_have_value("Mara keeps the light. And more.")
    about.blur()
    settled(page)
    page.get_by_role("radiogroup").get_by_text("Topics, for a model to write about").click()
    topics = page.get_by_role("textbox", name="Topics, one a line")
    topics.fill("boats\nlights")
    topics.blur()
    settled(page)
    go_to(page, "Lore")
    settled(page)
    prepared.again()
    connected(page)
    go_to(page, "Datasets")
    unfold(page.get_by_text("Prepare another"))
    expect(about).to_have_value("Mara keeps the light. And more.")
    page.get_by_role("radiogroup").get_by_text("Topics, for a model to write about").click()
    expect(topics).to_have_value("boats\nlights")
    picture(page, "restart-topics")


def test_the_numbers_and_the_name_of_a_lesson_outlive_a_server(page: Page, prepared: Any) -> None:
    page.goto(f"{prepared.url}/training")
    heading(page, "Training")
    settled(page)
    unfold(page.get_by_text("Details", exact=True))
    epochs = page.get_by_label("Readings of the text (epochs)", exact=True)
    epochs.fill("7")
    press(page, "Use these numbers")
    settled(page)
    name = page.get_by_role("textbox", name="Name of the voice")
    name.fill("Harbour")
    prepared.again()
    connected(page)
    expect(name).to_have_value("Harbour")
    expect(epochs).to_have_value("7")
    picture(page, "restart-lesson")
    press(page, "Keep as a plan")
    expect(page.get_by_role("textbox", name="Name of the plan")).to_have_value("Harbour")


def test_files_that_were_given_are_asked_for_once_more_and_their_title_is_known(
    page: Page, prepared: Any, tmp_path: Path
) -> None:
    files = [tmp_path / f"Chapter {number}.txt" for number in (1, 2)]
    for file in files:
        file.write_text("It was late. " * 200)
    page.goto(f"{prepared.url}/manuscripts")
    heading(page, "Manuscripts")
    unfold(page.get_by_text("Bring in more"))
    page.locator("input[type=file]").set_input_files(files)
    title = page.get_by_role("textbox", name="Title")
    title.fill("The long book")
    title.blur()
    settled(page)
    prepared.again()
    connected(page)
    expect(page.get_by_text("no longer has these files: Chapter 1")).to_be_visible()
    picture(page, "restart-files")
    page.locator("input[type=file]").set_input_files(files)
    expect(title).to_have_value("The long book")
