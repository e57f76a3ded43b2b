"""Nothing that is typed at the desk is ever lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.walking import connected, listen, picture, settled
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.browser
FIRST = "It was the year of the two winters. "


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile that outlives its tabs."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()


def begin(context: BrowserContext, studio: Any, title: str) -> tuple[Page, Locator]:
    page = listen(context.new_page())
    page.goto(f"{studio.url}/desk")
    settled(page)
    new = page.get_by_role("button", name="New", exact=True)
    field = page.get_by_label("Title", exact=True)
    expect(new.or_(field).first).to_be_visible()
    if new.count():
        new.click()
    field.last.fill(title)
    page.get_by_role("button", name="Begin the story").click()
    area = page.get_by_role("textbox", name=f"The text of {title}")
    expect(area).to_be_visible()
    return page, area


def kept(database: Path, title: str) -> str:
    with closing(sqlite3.connect(database)) as connection:
        row = connection.execute("SELECT text FROM stories WHERE title = ?", [title]).fetchone()
    return str(row[0])


def versions(database: Path, title: str) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT text FROM revisions WHERE story_id = "
            "(SELECT id FROM stories WHERE title = ?) ORDER BY revision",
            [title],
        )
        return [str(row[0]) for row in rows]


def saved(page: Page, database: Path, title: str, text: str) -> None:
    """Wait for the studio to have it, and for the page to know."""
    until(lambda: kept(database, title) == text, f"{text!r} to be saved")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def test_text_is_saved_though_the_tab_is_killed(context: BrowserContext, studio: Any) -> None:
    page, area = begin(context, studio, "Killed")
    area.press_sequentially(FIRST, delay=15)
    saved(page, studio.database, "Killed", FIRST)
    page.close(run_before_unload=False)
    assert kept(studio.database, "Killed") == FIRST


def test_text_is_saved_while_the_writer_never_pauses(context: BrowserContext, studio: Any) -> None:
    page, area = begin(context, studio, "Unbroken")
    area.click()

    def typed_on() -> bool:
        page.keyboard.type("on and on ", delay=20)
        return len(versions(studio.database, "Unbroken")) > 2

    until(typed_on, "three versions to be saved while the keys are struck")
    saved(page, studio.database, "Unbroken", area.input_value())


def test_a_key_struck_just_before_the_tab_dies_is_there_on_return(
    context: BrowserContext, studio: Any
) -> None:
    page, area = begin(context, studio, "Late key")
    area.press_sequentially(FIRST)
    area.press("End")
    area.press("X")
    page.close(run_before_unload=False)
    again = context.new_page()
    again.goto(f"{studio.url}/desk")
    expect(again.get_by_role("textbox", name="The text of Late key")).to_have_value(f"{FIRST}X")
    saved(again, studio.database, "Late key", f"{FIRST}X")


def test_two_windows_on_one_story_lose_neither_text(context: BrowserContext, studio: Any) -> None:
    one, here = begin(context, studio, "Twice")
    here.press_sequentially("One.")
    saved(one, studio.database, "Twice", "One.")
    two = context.new_page()
    two.goto(f"{studio.url}/desk")
    there = two.get_by_role("textbox", name="The text of Twice")
    expect(there).to_have_value("One.")
    there.press("End")
    there.press_sequentially(" Two.")
    saved(two, studio.database, "Twice", "One. Two.")
    here.press("End")
    here.press_sequentially(" Three.")
    saved(one, studio.database, "Twice", "One. Three.")
    told = one.get_by_text("also changed in another window")
    expect(told).to_be_visible()
    here.press_sequentially(" Four.")
    saved(one, studio.database, "Twice", "One. Three. Four.")
    expect(told).to_be_visible()  # until it has been read
    one.get_by_role("button", name="Understood").click()
    expect(told).to_have_count(0)
    assert "One. Two." in versions(studio.database, "Twice")


def test_a_story_that_another_window_deleted_is_told_of_and_brought_back(
    context: BrowserContext, studio: Any
) -> None:
    one, here = begin(context, studio, "Gone")
    here.press_sequentially("One.")
    saved(one, studio.database, "Gone", "One.")
    two = context.new_page()
    two.goto(f"{studio.url}/desk")
    expect(two.get_by_role("textbox", name="The text of Gone")).to_have_value("One.")
    two.get_by_text("This story", exact=True).click()
    two.get_by_role("button", name="Delete the story").click()
    expect(two.get_by_text("Gone is deleted.")).to_be_visible()
    here.press("End")
    here.press_sequentially(" Two.")
    expect(one.get_by_text("was deleted in another window")).to_be_visible()
    picture(one, "desk-deleted")
    one.get_by_role("button", name="Bring it back").click()
    expect(one.get_by_text("was deleted in another window")).to_have_count(0)
    saved(one, studio.database, "Gone", "One. Two.")
    expect(here).to_have_value("One. Two.")


def test_what_is_typed_while_the_studio_is_away_is_saved_when_it_is_back(
    context: BrowserContext, studio: Any
) -> None:
    page, area = begin(context, studio, "Away")
    area.press_sequentially("One.")
    saved(page, studio.database, "Away", "One.")
    studio.dies()
    area.press("End")
    area.press_sequentially(" Two.")
    studio.again()
    connected(page)
    saved(page, studio.database, "Away", "One. Two.")


def test_chinese_is_typed_and_kept(context: BrowserContext, studio: Any) -> None:
    page, area = begin(context, studio, "夜航")
    area.fill("月光落在甲板上，像一层薄雪。")
    saved(page, studio.database, "夜航", "月光落在甲板上，像一层薄雪。")
