"""What the browser tests rely on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, Page, expect

pytestmark = pytest.mark.browser
TWICE = """<button>Go</button><button id=old>Go</button>
<script>setTimeout(() => document.getElementById("old").remove(), %d)</script>"""


def test_what_is_there_twice_for_a_moment_is_waited_for(page: Page) -> None:
    page.set_content(TWICE % 1000)
    expect(page.get_by_role("button", name="Go")).to_be_enabled()
    page.set_content(TWICE % 1000)
    page.get_by_role("button", name="Go").click()
    page.set_content("<p>Other</p>")
    with pytest.raises(Error, match="Timeout"):
        page.get_by_role("button", name="Go").click(timeout=100)
