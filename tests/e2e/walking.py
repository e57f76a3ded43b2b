"""Steps that several browser tests take through the studio."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect


def settled(page: Page) -> None:
    """The script that the last click set off has run."""
    page.wait_for_timeout(400)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)


def unfold(fold: Locator) -> None:
    """What is in a fold moves until it is open, and a click on it might miss."""
    fold.click()
    fold.page.wait_for_timeout(1000)
    settled(fold.page)


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible()


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name).first.click()


def go_to(page: Page, name: str) -> None:
    """By the navigation, so that the session goes on."""
    page.get_by_role("link", name=name, exact=True).click()
    heading(page, name)


def take_the_sample(page: Page) -> None:
    """From the Manuscripts page on: the English sample."""
    press(page, re.compile(r"\(English\)"))
    expect(page.get_by_text(re.compile(r"words of English in \d+ chapters"))).to_be_visible()


def prepare_the_dataset(page: Page) -> None:
    """From the Manuscripts page on, to the end of a real job."""
    press(page, "Prepare a dataset of it")
    heading(page, "Datasets")
    press(page, "Prepare the dataset")
    expect(
        page.get_by_text(re.compile(r"passages to learn from and \d+ kept aside"))
    ).to_be_visible()


def picture(page: Page, name: str) -> None:
    """A screenshot where one is wanted, in the light and in the dark."""
    folder = os.environ.get("LOREWRIGHT_SCREENSHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(1500)
        page.screenshot(path=str(Path(folder) / f"{name}-{scheme}.png"), full_page=True)
    page.emulate_media(color_scheme="light")
