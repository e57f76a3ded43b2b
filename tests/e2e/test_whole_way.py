"""From the sample manuscript to a streamed page, by clicking, with real jobs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.walking import (
    choose_a_lesson,
    heading,
    picture,
    prepare_the_dataset,
    press,
    settled,
    take_the_sample,
)

pytestmark = [pytest.mark.browser, pytest.mark.whole_way]


def looked_at(page: Page, name: str) -> list[str]:
    """A page with everything on it, pictured; what axe finds wrong with it in the light."""
    settled(page)
    found = violations(page)
    picture(page, name)
    return [f"{name}: {fault}" for fault in found]


def asked_for(database: Path) -> dict[str, int]:
    """How many jobs of each kind there are: a double click on Start makes one lesson."""
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute("SELECT kind, count(*) FROM jobs GROUP BY kind"))


def test_a_manuscript_becomes_a_page(page: Page, start_studio: Callable[[], Any]) -> None:
    studio = start_studio()
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(studio.url)
    heading(page, "Teach a model your voice, and write with it")
    faults = looked_at(page, "home")

    press(page, "Bring in a manuscript")
    heading(page, "Manuscripts")
    take_the_sample(page)
    faults += looked_at(page, "manuscripts")

    prepare_the_dataset(page)
    page.get_by_text("As the model sees it", exact=True).click()
    expect(page.locator(".prose .learned").first).to_be_visible()
    faults += looked_at(page, "datasets")

    press(page, "Teach a voice with it")
    heading(page, "Preflight")
    expect(page.get_by_role("button", name="Go on to training")).to_be_visible()
    faults += looked_at(page, "preflight")
    press(page, "Go on to training")
    heading(page, "Training")
    choose_a_lesson(page, readings=1)
    start = page.get_by_role("button", name="Start the lesson")
    start.dblclick()
    expect(page.get_by_text(re.compile(r"steps|next in line|running")).first).to_be_visible()
    expect(page.get_by_text("The voice, as it grows")).to_be_visible()
    picture(page, "training")
    expect(page.get_by_text(re.compile("It learned for"))).to_be_visible()
    faults += looked_at(page, "training-done")

    page.get_by_role("link", name="Convert").click()
    heading(page, "Convert")
    expect(page.get_by_text(re.compile("would choose the same next piece"))).to_be_visible()
    faults += looked_at(page, "convert")
    page.get_by_role("link", name="Voices", exact=True).click()
    heading(page, "Voices")
    faults += looked_at(page, "voices")

    press(page, "Write with it")
    heading(page, "Desk")
    page.get_by_label("Title").fill("The ferry, again")
    press(page, "Begin the story")
    area = page.locator("textarea[spellcheck]")
    area.click()
    page.keyboard.type("The last ferry left at dusk, and Mara was not on it.")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.keyboard.press("Control+Enter")
    keep = page.get_by_role("button", name="Keep", exact=True)
    expect(keep).to_be_visible()
    assert asked_for(studio.database) == {
        "import": 1,
        "prepare": 1,
        "train": 1,
        "convert": 2,
        "register": 1,
        "write": 1,
    }
    faults += looked_at(page, "desk")
    keep.click()
    expect(keep).to_have_count(0)
    expect(area).to_have_value(re.compile(r"^The last ferry .*Mara was not on it\..{8,}", re.S))

    page.get_by_role("link", name="Jobs").click()
    heading(page, "Jobs")
    faults += looked_at(page, "jobs")
    assert faults == []
