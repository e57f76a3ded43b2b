"""A lesson is stopped and goes on, is tried with other values, is mended, and learns on."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.walking import (
    choose_a_lesson,
    go_to,
    heading,
    picture,
    press,
    settled,
    unfold,
)
from tests.waiting import until

pytestmark = pytest.mark.browser
LONG = 50
"""Readings that nobody waits for: such a lesson is never over before it is stopped."""
KEPT = 2
"""Checkpoints that a lesson keeps."""


def ask(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def learn_on(page: Page, database: Path) -> None:
    """Two more steps, from where the finished lesson ended."""
    press(page, "Let it learn on")
    page.get_by_label("For how many more steps").fill("2")
    page.get_by_role("button", name="Learn on", exact=True).click()
    expect(page.get_by_text("It goes on from where another lesson ended.")).to_be_visible()
    until(lambda: ended(database)[-2:] == ["finished", "finished"])
    picture(page, "learned-on")
    go_to(page, "Voices")
    expect(page.get_by_text(re.compile("learned on from another"))).to_have_count(2)


def ended(database: Path) -> list[str]:
    """How the lessons stand, the newest last."""
    found = ask(database, "SELECT state FROM jobs WHERE kind = 'train' ORDER BY created_at")
    return [state for (state,) in found]


def steps_since(database: Path, attempt: int) -> list[int]:
    """What a lesson has learned in attempts after this one, the first step first."""
    found = ask(
        database,
        "SELECT json_extract(body, '$.step') AS step FROM events WHERE type = 'metric'"
        f" AND attempt > {attempt} AND json_extract(body, '$.values.loss') > 0 ORDER BY step",
    )
    return [step for (step,) in found]


def carry_a_plan_out_and_in(page: Page, folder: Path) -> None:
    """A plan is taken along as YAML, changed by hand, first wrongly, and brought in again."""
    press(page, "Plan another lesson")
    expect(page.get_by_role("button", name="Start the lesson")).to_be_visible()
    settled(page)
    unfold(page.get_by_text("Details", exact=True))
    with page.expect_download() as download:
        press(page, "Take it along (YAML)")
    sheet = Path(download.value.path()).read_text(encoding="utf-8")
    quick = {"max_steps": 2, "samples": 0, "held_out_passages": 2}
    for name, value in quick.items():
        sheet = re.sub(rf"^{name}: [^ ]+", f"{name}: {value}", sheet, flags=re.MULTILINE)
    (folder / "Wrong.yaml").write_text(sheet.replace("max_steps", "max_step"), encoding="utf-8")
    (folder / "Quick.yaml").write_text(sheet, encoding="utf-8")
    unfold(page.get_by_text("Bring in a plan", exact=True))
    given = page.locator("input[type=file]")
    given.set_input_files(folder / "Wrong.yaml")
    press(page, "Read it")
    expect(page.get_by_text("Did you mean “max_steps”?")).to_be_visible()
    picture(page, "plan-wrong")
    given.set_input_files(folder / "Quick.yaml")
    expect(page.get_by_text("Quick.yaml")).to_be_visible()
    expect(page.get_by_text("Did you mean “max_steps”?")).to_have_count(0)  # it has arrived
    settled(page)
    press(page, "Read it")
    expect(page.get_by_role("combobox", name="Begin with")).to_have_value("Plan: Quick")
    picture(page, "plan")


def try_two_values(page: Page, database: Path) -> None:
    press(page, "Try several values")
    press(page, "Try them")
    expect(page.get_by_text("It has to be a number.")).to_be_visible()
    page.get_by_label("Values, with spaces between").fill("0.001，0.002")
    press(page, "Try them")
    expect(page.get_by_text(re.compile("^One of 2 lessons"))).to_be_visible()
    picture(page, "sweep")
    until(lambda: ended(database)[-2:] == ["finished", "finished"])
    press(page, "Compare lessons")
    heading(page, "Compare")
    expect(page.get_by_text(re.compile("0.00[12]” foretells the unread chapters"))).to_be_visible()
    picture(page, "sweep-compared")


def be_mended(page: Page, database: Path) -> None:
    """The lesson that is shown stands as if it had gone astray two steps before its end."""
    failure = {"what": "It went astray.", "why": "-", "remedy": "-", "cause": "diverged"}
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE jobs SET state = 'failed', result = NULL, steps = steps + 2, failure = ?"
            " WHERE kind = 'train' AND title LIKE '%learning rate 0.001'",
            [json.dumps(failure)],
        )
    go_to(page, "Training")
    expect(page.get_by_text("It went astray.")).to_be_visible()
    expect(
        page.get_by_text(re.compile("^With this it should succeed: Learning rate: "))
    ).to_be_visible()
    picture(page, "astray")
    press(page, "Try it so")
    expect(page.get_by_text(re.compile("It learned for"))).to_be_visible()
    assert ended(database)[-3:] == ["failed", "finished", "finished"]


def stop(page: Page) -> None:
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Go on where it stopped")).to_be_visible()
    expect(page.get_by_text(re.compile("stopped$")).first).to_be_visible()


def test_a_lesson_is_stopped_goes_on_is_tried_with_other_values_and_learns_on(
    page: Page, prepared: Any, tmp_path: Path
) -> None:
    database = prepared.database
    page.goto(f"{prepared.url}/preflight")
    heading(page, "Preflight")
    press(page, "Go on to training")
    heading(page, "Training")
    choose_a_lesson(page, readings=LONG)
    press(page, "Start the lesson")
    expect(page.get_by_text(re.compile(r"([2-9]|\d\d) of \d+ steps"))).to_be_visible()
    stop(page)
    ((state, attempt, reached, steps),) = ask(
        database, "SELECT state, attempt, step, steps FROM jobs WHERE kind = 'train'"
    )
    assert state == "cancelled"
    assert 2 <= reached < steps

    press(page, "Go on where it stopped")
    learned = until(lambda: steps_since(database, attempt), "the lesson to go on")
    assert learned[0] == reached + 1
    stop(page)
    until(lambda: ask(database, "SELECT count(*) FROM checkpoints") == [(KEPT,)])

    carry_a_plan_out_and_in(page, tmp_path)
    try_two_values(page, database)
    be_mended(page, database)
    learn_on(page, database)
