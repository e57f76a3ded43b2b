"""What is being written into the lorebook is there after the page's server started again, behind
a password too."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.walking import connected, heading, listen, picture, press, settled
from tests.waiting import until

pytestmark = pytest.mark.browser
PASSWORD = "Mondlicht 月光"


def texts(studio: Any) -> list[str]:
    with closing(sqlite3.connect(studio.database)) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM lore ORDER BY name")]


def open_lore(page: Page, studio: Any) -> None:
    page.goto(f"{studio.url}/lore")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Open the studio")
    heading(page, "Lore")
    settled(page)


def test_a_new_server_takes_up_what_was_being_written(
    page: Page, start_studio: Callable[..., Any]
) -> None:
    studio = start_studio(LOREWRIGHT_PASSWORD=PASSWORD)
    open_lore(page, studio)
    press(page, "Add an entry")
    window = page.get_by_role("dialog")
    window.get_by_label("Name", exact=True).fill("Mara")
    window.get_by_label("What is true of it").fill("Keeps the light.")
    settled(page)
    studio.again()
    connected(page)
    expect(window.get_by_label("What is true of it")).to_have_value("Keeps the light.")
    press(page, "Save the entry")
    expect(window).to_have_count(0)
    until(lambda: texts(studio) == ["Keeps the light."], "the new entry")

    press(page, "Change")
    window.get_by_label("What is true of it").fill("Keeps the boat.")
    studio.again()
    other = listen(page.context.new_page())
    open_lore(other, studio)
    press(other, "Change")
    there = other.get_by_role("dialog")
    there.get_by_label("What is true of it").fill("Keeps the log.")
    press(other, "Save the entry")
    expect(there).to_have_count(0)
    until(lambda: texts(studio) == ["Keeps the log."], "the other window's text")
    connected(page)
    press(page, "Save the entry")
    expect(window.get_by_text("changed in another window")).to_be_visible()
    expect(window.get_by_text("Keeps the log.")).to_be_visible()
    expect(window.get_by_label("What is true of it")).to_have_value("Keeps the boat.")
    picture(page, "lore-two-windows")
    press(page, "Save the entry")
    expect(window).to_have_count(0)
    until(lambda: texts(studio) == ["Keeps the boat."], "the text that was chosen")
    press(page, "Earlier texts")
    expect(window.get_by_text("Keeps the log.").last).to_be_visible()
    picture(page, "lore-earlier")
    studio.environment["LOREWRIGHT_PASSWORD"] = "sunlight"
    studio.again()  # and nobody else is shown anything
    connected(page)
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    assert "Keeps the" not in page.content()
