"""From files to a dataset that its writer has looked through and changed, by clicking."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import docx
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from studio.settings import ROOT
from tests.e2e.accessibility import violations
from tests.e2e.walking import heading, open_the_form, picture, press, settled, unfold
from tests.manuscripts import zipped

pytestmark = pytest.mark.browser
START = "*** START OF THE PROJECT GUTENBERG EBOOK ***"
END = "*** END OF THE PROJECT GUTENBERG EBOOK ***"
CHINESE = re.compile(r"\(Chinese\)")
"""The sample in that language."""


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    """The English sample as a publisher's file."""
    text = (ROOT / "data" / "samples" / "tide-clerk.txt").read_text(encoding="utf-8")
    path = tmp_path / "tide.txt"
    path.write_text(
        f"The Project Gutenberg eBook of The Tide Clerk\n\n{START}\n\n{text}\n\n{END}\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    document = docx.Document()
    document.add_heading("A Letter", 1)
    document.add_paragraph("The boat has not come, and I have nobody to ask about it.")
    document.save(str(tmp_path / "letter.docx"))
    return tmp_path / "letter.docx"


def show(page: Page, view: str) -> None:
    page.get_by_text(view, exact=True).first.click()
    settled(page)


def both(page: Page, name: str) -> list[str]:
    """What axe finds in the light and in the dark."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        found += [f"{name}, {scheme}: {fault}" for fault in violations(page)]
    return found


def bring_in(page: Page, *files: Path) -> None:
    page.locator("input[type=file]").set_input_files([str(file) for file in files])


def grid(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title^='st_aggrid']")


def test_files_are_read_and_their_cleaning_decided(
    page: Page, studio: Any, novel: Path, letter: Path
) -> None:
    page.goto(f"{studio.url}/manuscripts")
    heading(page, "Manuscripts")
    bring_in(page, novel, letter)
    press(page, "Read them")
    expect(page.get_by_text(re.compile(r"words of English in 6 chapters"))).to_be_visible()
    page.get_by_role("button", name=re.compile("SLACK WATER")).click()
    region = page.get_by_role("region", name="The cleaned text")
    expect(region.filter(has_text="SLACK WATER")).to_be_visible()
    expect(region.filter(has_text="START OF THE PROJECT")).to_have_count(0)
    faults = both(page, "chapters")

    page.get_by_role("tab", name="Cleaning", exact=True).click()
    again = page.get_by_role("button", name="Read it again with these choices")
    expect(again).to_be_disabled()
    page.get_by_test_id("stCheckbox").filter(has_text="header").click()
    expect(again).to_be_enabled()
    faults += both(page, "cleaning")
    again.click()
    expect(again).to_be_disabled()  # the new reading is there, and decided so
    expect(page.get_by_role("tab", name="Cleaning", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )  # what came and went above has not led away from it
    settled(page)
    page.get_by_role("tab", name="Versions").click()
    expect(page.get_by_text("Every reading is kept.", exact=False)).to_be_visible()
    page.get_by_role("tab", name="Chapters").click()
    expect(region.filter(has_text="START OF THE PROJECT")).to_be_visible()
    assert faults == []


def test_what_is_no_manuscript_is_refused_beside_the_others(
    page: Page, studio: Any, tmp_path: Path, letter: Path
) -> None:
    broken = tmp_path / "broken.docx"
    broken.write_bytes(b"PK\x03\x04 nothing")
    page.goto(f"{studio.url}/manuscripts")
    open_the_form(page.get_by_text("Bring in more"), page.get_by_role("button", name=CHINESE))
    bring_in(page, broken, letter)
    press(page, "Read them")
    expect(page.get_by_text(re.compile("broken.docx")).first).to_be_visible()
    expect(page.get_by_text("A Letter").first).to_be_visible()


def test_the_order_of_a_zip_is_shown_and_changed(page: Page, studio: Any, tmp_path: Path) -> None:
    told = "The {} came over the quay, and nobody in the harbour spoke of it."
    chapters = ("Chapter 1.txt", "Chapter 2.txt", "Chapter 10.txt", "Prologue.txt", "Letters.txt")
    zip_ = tmp_path / "The Harbour.zip"
    zip_.write_bytes(zipped({name: told.format(name) for name in chapters}))
    page.goto(f"{studio.url}/manuscripts")
    heading(page, "Manuscripts")
    open_the_form(page.get_by_text("Bring in more"), page.get_by_role("button", name=CHINESE))
    bring_in(page, zip_)
    files = page.get_by_role("radiogroup", name=re.compile("read in this order"))
    expect(files.locator("label")).to_have_text(
        ["1. Prologue.txt", "2. Chapter 1.txt", "3. Chapter 2.txt", "4. Chapter 10.txt",
         "5. Letters.txt"]
    )  # fmt: skip
    files.get_by_text("5. Letters.txt").click()
    press(page, "Earlier")
    expect(files.get_by_text("4. Letters.txt")).to_be_visible()
    press(page, "First")
    expect(files.locator("label").first).to_have_text("1. Letters.txt")
    settled(page)
    page.get_by_test_id("stCheckbox").filter(has_text="Keep footnotes").click()  # runs the page
    settled(page)
    expect(files.locator("label").first).to_have_text("1. Letters.txt")
    faults = both(page, "order")
    picture(page, "order")
    press(page, "Read them")
    expect(page.get_by_role("heading", name="The Harbour")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Letters")).first).to_be_visible()
    region = page.get_by_role("region", name="The cleaned text")
    expect(
        region.filter(has_text=re.compile("Letters.*Prologue.*Chapter 1.*Chapter 10", re.S))
    ).to_be_visible()
    assert faults == []


def test_a_dataset_is_looked_through_and_changed(page: Page, studio: Any, tmp_path: Path) -> None:
    page.goto(f"{studio.url}/manuscripts")
    heading(page, "Manuscripts")
    open_the_form(page.get_by_text("Bring in more"), page.get_by_role("button", name=CHINESE))
    press(page, CHINESE)
    expect(page.get_by_text(re.compile("characters of Chinese in 6 chapters"))).to_be_visible()
    press(page, "Prepare a dataset of it")
    heading(page, "Datasets")
    unfold(page.get_by_text("Look at it first"))
    page.get_by_text("Show the first examples").click()
    expect(page.get_by_text(re.compile(r"Example 10, \d+ tokens"))).to_be_visible()
    expect(page.locator(".prose .learned").first).to_be_visible()
    faults = both(page, "wizard")
    press(page, "Prepare the dataset")
    expect(page.get_by_text(re.compile(r"passages to learn from and \d+ kept"))).to_be_visible()
    expect(page.get_by_text(re.compile("minutes of reading aloud make"))).to_be_visible()
    faults += both(page, "figures")

    show(page, "Examples")
    grid(page).locator(".ag-row[row-index='1']").first.click()
    press(page, "Leave it out")
    expect(page.get_by_text("1 example is changed or left out.")).to_be_visible()
    press(page, "Undo")
    expect(page.get_by_text("0 examples are changed or left out.")).to_be_visible()
    press(page, "Redo")
    expect(page.get_by_text("1 example is changed or left out.")).to_be_visible()
    faults += both(page, "examples")
    press(page, "Make a version of it")
    expect(page.get_by_text("1 example is changed or left out.")).to_have_count(0)
    show(page, "Versions")
    expect(page.get_by_text("examples are in both as they are", exact=False)).to_be_visible()
    expect(page.get_by_text("Only in the other (1)")).to_be_visible()
    faults += both(page, "versions")

    show(page, "Take it along")
    with page.expect_download() as waiting:
        press(page, "Download")
    lines = Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()
    assert {"messages"} == set(json.loads(lines[0]))
    assert faults == []
