"""Base models come from the Hub or from a folder, and can be chosen for a lesson."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.walking import go_to, heading, prepare_the_dataset, settled, take_the_sample
from tests.models.folders import copied
from tests.models.hub_server import Hub, serve
from tests.running import with_engine

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with serve(copied(tmp_path_factory.mktemp("hub") / "remote")) as found:
        yield found


@pytest.fixture(scope="module")
def studio(
    hub: Hub, start_studio: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """A studio of its own, for which ``hub`` is the Hub."""
    cache = with_engine(tmp_path_factory.mktemp("cache"))
    return start_studio(HF_ENDPOINT=hub.url, LOREWRIGHT_CACHE=str(cache))


def bases(page: Page) -> Any:
    """The choices of a base model on the page of a lesson."""
    page.get_by_role("combobox", name=re.compile("Base model")).click()
    return page.get_by_role("option")


def name_of_a_base(page: Page, name: str) -> Any:
    """Its line in the list on the Settings page."""
    return page.locator("strong", has_text=re.compile(f"^{name}$"))


def add_folder(page: Page, folder: Path) -> None:
    page.get_by_label("A model folder on this machine").fill(str(folder))
    page.get_by_role("button", name="Add the folder").click()


def test_what_was_added_can_be_chosen_for_a_lesson(
    page: Page, studio: Any, hub: Hub, tmp_path: Path
) -> None:
    page.goto(f"{studio.url}/manuscripts")
    take_the_sample(page)
    prepare_the_dataset(page)
    go_to(page, "Settings")
    add_folder(page, copied(tmp_path / "my-own-model"))
    expect(page.get_by_text("my-own-model can be chosen now.")).to_be_visible()
    expect(name_of_a_base(page, "my-own-model")).to_be_visible()
    hub.hold_at = 1 << 16  # it cannot be over before it was seen
    page.get_by_label("A model on the Hugging Face Hub").fill("owner/tiny")
    page.get_by_role("button", name="Download it").click()
    expect(page.get_by_text(re.compile(r"Download owner/tiny.* of .* bytes"))).to_be_visible()
    hub.hold_at = None
    expect(name_of_a_base(page, "owner/tiny")).to_be_visible()
    go_to(page, "Preflight")
    expect(bases(page)).to_have_text([re.compile("Starter model"), "my-own-model", "owner/tiny"])
    page.get_by_role("option", name="owner/tiny").click()
    settled(page)
    expect(page.get_by_role("button", name="Go on to training")).to_be_visible()


def test_a_model_the_hub_does_not_have_is_told_in_plain_words(page: Page, studio: Any) -> None:
    page.goto(f"{studio.url}/settings")
    heading(page, "Settings")
    page.get_by_label("A model on the Hugging Face Hub").fill("owner/nothing")
    page.get_by_role("button", name="Download it").click()
    expect(page.get_by_text(re.compile("no model owner/nothing"))).to_be_visible()


def test_a_folder_that_is_not_there_is_refused_in_plain_words(
    page: Page, studio: Any, tmp_path: Path
) -> None:
    page.goto(f"{studio.url}/settings")
    heading(page, "Settings")
    add_folder(page, tmp_path / "nowhere")
    told = page.get_by_role("alert").filter(has_text="There is no model folder")
    expect(told).to_contain_text("may have been moved or renamed")
    expect(told).to_contain_text("Choose the folder again")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_folder_without_weights_is_refused_in_plain_words(
    page: Page, studio: Any, tmp_path: Path
) -> None:
    folder = copied(tmp_path / "without-weights")
    (folder / "model.safetensors").unlink()
    page.goto(f"{studio.url}/settings")
    heading(page, "Settings")
    add_folder(page, folder)
    expect(page.get_by_role("alert").filter(has_text="without-weights")).to_be_visible()
    expect(name_of_a_base(page, "without-weights")).to_have_count(0)
