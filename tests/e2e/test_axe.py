"""Contrast, names and structure of every page, judged by axe-core, in light and dark."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.ui.navigation import Room, rooms
from tests.e2e.accessibility import violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("browser"),
]
ROOMS = [room for group in rooms().values() for room in group]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.address or "home")
def test_axe_finds_nothing(room: Room, scheme: Any, page: Page, studio: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{studio.url}/{room.address}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []
