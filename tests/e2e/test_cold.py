"""Every page opens by its address in a server process that nobody has visited yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.ui.navigation import Room, rooms
from tests.e2e.accessibility import violations

pytestmark = pytest.mark.browser
ROOMS = [room for group in rooms().values() for room in group]


def opened(page: Page, url: str, room: Room) -> None:
    page.goto(f"{url}/{room.address}")
    title = room.title if room.address else "Teach a model your voice, and write with it"
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def no_false_greeting(page: Page) -> None:
    page.wait_for_timeout(1500)
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("command", ["studio.ui.serve", "streamlit"])
def test_the_first_visitor_of_a_process_may_come_by_a_deep_link(
    command: str, page: Page, start_studio: Callable[..., Any]
) -> None:
    words = [command, "run", "Home.py"] if command == "streamlit" else [command]
    studio = start_studio(*words)
    opened(page, studio.url, next(room for room in ROOMS if room.address == "lore"))
    no_false_greeting(page)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.address or "home")
def test_every_page_opens_by_its_address_and_axe_finds_nothing(
    room: Room, page: Page, studio: Any
) -> None:
    """Contrast, names and structure, judged by axe-core in light and dark."""
    opened(page, studio.url, room)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert violations(page) == [], scheme
    no_false_greeting(page)


def test_an_address_that_is_none_is_told(page: Page, studio: Any) -> None:
    page.goto(f"{studio.url}/nowhere")
    expect(page.get_by_role("dialog")).to_contain_text("Page not found")


def test_nothing_is_fetched_from_elsewhere(page: Page, studio: Any) -> None:
    elsewhere: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((studio.url, "data:", "blob:"))
            else elsewhere.append(request.url)
        ),
    )
    for room in ROOMS[:3]:
        opened(page, studio.url, room)
    assert elsewhere == []


def test_a_locked_studio_shows_only_the_password(
    page: Page, start_studio: Callable[..., Any]
) -> None:
    studio = start_studio(LOREWRIGHT_PASSWORD="sesame")
    page.goto(f"{studio.url}/lore")
    field = page.get_by_label("Password", exact=True)
    field.fill("sesame")
    expect(page.get_by_role("heading", name="Lore", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Open the studio").click()
    expect(page.get_by_role("heading", name="Lore", exact=True, level=1)).to_be_visible()
