"""The Preflight page in a real browser: a lesson that fits, one that does not, and a probe."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_whole_way import asked_for, looked_at
from tests.e2e.walking import heading, press, settled, unfold

pytestmark = pytest.mark.browser


def test_what_stands_in_the_way_is_put_right_and_measured(page: Page, prepared: Any) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(f"{prepared.url}/preflight")
    heading(page, "Preflight")
    expect(page.get_by_role("heading", name=re.compile("can begin"))).to_be_visible()
    faults = looked_at(page, "preflight-fits")

    unfold(page.get_by_text("Details", exact=True))
    rate = page.get_by_role("spinbutton", name="Learning rate")
    rate.fill("0.9")
    rate.press("Tab")  # the hint beside it goes, and what is below moves up
    press(page, "Use these numbers")
    expect(page.get_by_text("The learning rate is high")).to_be_visible()
    faults += looked_at(page, "preflight-warned")
    press(page, "Use the usual learning rate")
    expect(page.get_by_text("The learning rate is high")).to_have_count(0)
    press(page, "Take it back")
    expect(page.get_by_text(re.compile("^Changed: "))).to_have_count(0)

    press(page, "Measure it instead")
    settled(page)
    expect(page.get_by_text(re.compile(r"Measured: [\d.,]+ [MG]B"))).to_be_visible()
    expect(page.get_by_text("it was tried")).to_be_visible()
    assert asked_for(prepared.database)["probe"] == 1
    assert "train" not in asked_for(prepared.database)
    faults += looked_at(page, "preflight-measured")

    batch = page.get_by_role("spinbutton", name="Passages at once (batch)")
    batch.fill("4096")
    batch.press("Tab")
    press(page, "Use these numbers")
    expect(page.get_by_text("does not fit into memory")).to_be_visible()
    page.get_by_text("How long may it take?").scroll_into_view_if_needed()
    faults += looked_at(page, "preflight-blocked")
    assert not faults
