"""A lesson is stopped and goes on where it was, by two clicks."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.walking import heading, prepare_the_dataset, press, settled, take_the_sample
from tests.processes import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("browser"),
]
KEPT = 2
"""Checkpoints that a lesson keeps."""


def ask(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def choose_a_short_lesson(page: Page) -> None:
    page.get_by_text("Details", exact=True).click()
    page.get_by_label("Readings of the text (epochs)", exact=True).fill("1")
    page.get_by_label("Passages at once (batch)", exact=True).fill("2")
    page.get_by_role("tab", name="Watching").click()
    page.get_by_label("Save every … steps", exact=True).fill("3")
    press(page, "Use these numbers")
    settled(page)


def test_a_lesson_is_stopped_and_goes_on_where_it_was(
    page: Page, start_studio: Callable[[], Any]
) -> None:
    studio = start_studio()
    page.goto(f"{studio.url}/manuscripts")
    take_the_sample(page)
    prepare_the_dataset(page)
    press(page, "Teach a voice with it")
    heading(page, "Preflight")
    press(page, "Go on to training")
    heading(page, "Training")
    choose_a_short_lesson(page)
    press(page, "Start the lesson")
    expect(page.get_by_text(re.compile(r"([2-9]|\d\d) of \d+ steps"))).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    again = page.get_by_role("button", name="Go on where it stopped")
    expect(again).to_be_visible()
    expect(page.get_by_text(re.compile("stopped$")).first).to_be_visible()
    ((state, attempt, reached, steps),) = ask(
        studio.database, "SELECT state, attempt, step, steps FROM jobs WHERE kind = 'train'"
    )
    assert (state, attempt) == ("cancelled", 1)
    assert 2 <= reached < steps

    again.click()
    expect(page.get_by_text(re.compile("It learned for"))).to_be_visible()
    ((state, attempt),) = ask(
        studio.database, "SELECT state, attempt FROM jobs WHERE kind = 'train'"
    )
    assert (state, attempt) == ("finished", 2)
    ((first,),) = ask(
        studio.database,
        "SELECT min(json_extract(body, '$.step')) FROM events"
        " WHERE type = 'metric' AND attempt = 2 AND json_extract(body, '$.values.loss') > 0",
    )
    assert first == reached + 1
    until(lambda: ask(studio.database, "SELECT count(*) FROM checkpoints") == [(KEPT,)])
