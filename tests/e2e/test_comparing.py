"""Two lessons beside each other, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.domain.jobs import Job, JobState
from studio.domain.specs import TrainSpec
from studio.store import events, jobs
from studio.store.database import open_database, write
from tests.e2e.walking import heading
from tests.jobrows import a_job

pytestmark = pytest.mark.browser


def a_lesson(name: str, rate: float) -> Job:
    spec = TrainSpec(name=name, dataset="d" * 64, learning_rate=rate).model_dump(mode="json")
    return a_job(
        f"run-{name}", kind="train", queue="train", title=f"Teach {name}", spec=spec,
        state=JobState.FINISHED,
    )  # fmt: skip


def test_two_lessons_are_laid_beside_each_other(page: Page, studio: Any) -> None:
    db = open_database(studio.database)
    with write(db):
        for name, rate, after in (("晨", 1e-3, 1.5), ("暮", 2e-3, 1.2)):
            job = a_lesson(name, rate)
            jobs.insert(db, job)
            for step in range(200):
                values = {"loss": 4.0 - step / 100, "tokens": 50.0 * step}
                events.add_metrics(db, job.id, step, values, 100.0 + step)
            for step, nll in ((0, 2.0), (199, after)):
                events.add_metrics(db, job.id, step, {"nll_per_character": nll}, 100.0 + step)
                events.add_sample(db, job.id, step, "第六章", f"{name}{step}", 100.0 + step)
    page.goto(f"{studio.url}/compare?runs=run-晨,run-暮")
    heading(page, "Compare")
    expect(
        page.get_by_role("heading", name="“暮” foretells the unread chapters best")
    ).to_be_visible()
    expect(page.locator(".js-plotly-plot .legendtext")).to_have_text(["晨", "暮"])
    expect(page.get_by_role("region", name="Passage").filter(has_text="暮199")).to_be_visible()
    page.get_by_text("While learning, nats a token").click()
    told = page.locator(".js-plotly-plot .ytitle").filter(has_text="While learning")
    expect(told.first).to_be_visible()
    assert re.search(r"runs=run-", page.url)
