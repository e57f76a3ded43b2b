"""Datasets of other things than manuscripts: odd tables, rows of the Hub, topics, kept pages."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.domain.records import Generation
from studio.services import context, stories
from studio.settings import settings
from studio.store import database
from studio.store import stories as rows
from tests.datasets.server import Reply, Server, said
from tests.datasets.tables import written
from tests.e2e.walking import (
    heading,
    looked_for,
    open_the_form,
    picture,
    press,
    settled,
    unfold,
)
from tests.models.hub_server import Hub, serve
from tests.prose import invented

pytestmark = pytest.mark.browser


def letters(count: int) -> list[dict[str, Any]]:
    """Questions with answers of which none is like another."""
    asked = "What came in letter {}?"
    return [{"input": asked.format(n), "output": invented(str(n))} for n in range(count)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "data").mkdir()
    (folder / "data" / "train-00000-of-00001.jsonl").write_bytes(written(letters(40), ".jsonl"))
    with serve(folder) as found:
        yield found


@pytest.fixture(scope="module")
def studio(hub: Hub, start_studio: Callable[..., Any]) -> Any:
    return start_studio(HF_ENDPOINT=hub.url)


def storyteller(body: dict[str, Any], _before: int) -> Reply:
    """Five examples, or a grade; the second question is answered with nothing of use."""
    asked = body["messages"][-1]["content"]
    seed = hashlib.sha256(f"{asked}{body['seed']}".encode()).hexdigest()
    if asked.startswith("Grade"):
        return said("5")
    if body["seed"] == 21:
        return said("I would rather not.")
    told = [
        {"instruction": f"Tell of {seed[:6]}, {n}.", "response": invented(f"{seed}{n}")}
        for n in range(5)
    ]
    return said(json.dumps(told))


def begin(page: Page, studio: Any, source: str) -> None:
    page.goto(f"{studio.url}/datasets")
    heading(page, "Datasets")
    wanted = page.get_by_text(source, exact=True).first
    open_the_form(page.get_by_text("Prepare another", exact=True), wanted)
    wanted.click()
    settled(page)


def choose(page: Page, label: str, option: str) -> None:
    box = page.get_by_role("combobox", name=re.compile(f"{label}$"))
    box.click()
    box.press_sequentially(option)
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)


def fill(page: Page, label: str, text: str) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(text)
    box.press("Tab")
    settled(page)


def made(page: Page, name: str, count: int) -> None:
    """The dataset of this name is shown, with so many examples."""
    press(page, "Prepare the dataset")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    told = page.get_by_text(re.compile(r"passages to learn from and \d+ kept")).first

    def counted() -> bool:
        return sum(map(int, re.findall(r"\d+", told.inner_text())[:2])) == count

    looked_for(page, counted, f"{count} examples to be told")


def test_columns_of_an_odd_table_are_told_in_a_form(
    page: Page, studio: Any, tmp_path: Path
) -> None:
    rows = [
        {"no": str(n), "what she asked": row["input"], "what I wrote": row["output"]}
        for n, row in enumerate(letters(24))
    ]
    (tmp_path / "letters.csv").write_bytes(written(rows, ".csv"))
    begin(page, studio, "Tables I have")
    page.locator("input[type=file]").set_input_files([str(tmp_path / "letters.csv")])
    expect(page.get_by_text("What the columns mean")).to_be_visible()
    choose(page, "A row is", "What is given, and the answer")
    choose(page, "What is given", "what she asked")
    choose(page, "The answer", "what I wrote")
    region = page.locator(".prose")
    expect(region.filter(has_text="What came in letter 0?")).to_be_visible()
    expect(region.filter(has_text=invented("0")[:40])).to_be_visible()
    expect(page.get_by_text("Not used: no.")).to_be_visible()
    picture(page, "columns")
    made(page, "Uploaded rows", 24)


def test_rows_come_from_the_hub(page: Page, studio: Any) -> None:
    begin(page, studio, "A dataset on the Hub")
    fill(page, "Name on the Hub", "owner/nothing")
    press(page, "Prepare the dataset")
    expect(page.get_by_text(re.compile("owner/nothing")).first).to_be_visible()
    picture(page, "hub-nothing")
    fill(page, "Name on the Hub", "owner/tiny")
    made(page, "owner/tiny", 40)


def test_topics_are_written_about_by_a_model_behind_an_address(page: Page, studio: Any) -> None:
    with Server(storyteller).running() as server:
        begin(page, studio, "Topics, for a model to write about")
        fill(page, "Topics, one a line", "the harbour\nletters that arrive too late")
        page.get_by_text("A model behind an address", exact=True).click()
        settled(page)
        fill(page, "Address", "https://example.org/v1")
        fill(page, "Model's name there", "m")
        expect(page.get_by_text("Your text would leave this machine.")).to_be_visible()
        picture(page, "topics-leave")
        fill(page, "Address", server.address)
        expect(page.get_by_text(re.compile("About 60 requests"))).to_be_visible()
        picture(page, "topics")
        made(page, "the harbour + letters that arrive too late", 50)
    assert {request["model"] for request in server.requests} == {"m"}


@pytest.fixture
def ferry(studio: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The title of a story of which seven pages were kept, beside one with a single such page."""
    monkeypatch.setenv("LOREWRIGHT_DATA", str(studio.data))
    settings.cache_clear()
    for title, count in (("The ferry", 7), ("Salt", 1)):
        story = stories.create(title, "en")
        for number in range(count):
            job = f"{title}-{number}"
            page = Generation(
                job_id=job, story_id=story.id, voice="v", prompt=f"Go on. Mara waited ({number}).",
                text=f" {invented(job)}", state="pending", created_at=float(number),
            )  # fmt: skip
            with database.write(context.db()) as connection:
                rows.insert_generation(connection, page)
                rows.settle_generation(connection, job, "accepted")
    yield "The ferry"
    context.close()
    settings.cache_clear()


def test_kept_pages_become_a_dataset_when_there_are_enough(
    page: Page, studio: Any, ferry: str
) -> None:
    begin(page, studio, "Pages I kept at the desk")
    expect(page.get_by_text("Five are the least.")).to_be_visible()
    press(page, "Prepare the dataset")
    expect(page.get_by_text("“Salt” is too short to learn from.")).to_be_visible()
    picture(page, "desk-too-few")
    choose(page, "Stories", ferry)
    page.keyboard.press("Escape")
    unfold(page.get_by_text("Look at it first"))
    page.get_by_text("Show the first examples").click()
    region = page.locator(".prose")
    expect(region.filter(has_text=invented(f"{ferry}-0")[:40]).first).to_be_visible()
    picture(page, "desk-pages")
    made(page, f"Salt + {ferry}", 8)
