"""What axe-core finds wrong with a page as it is now."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tests.e2e.walking import settled

AXE = Path(__file__).parent / "axe" / "axe.min.js"
# The rules on lists are off: Streamlit puts its navigation's group names into one.
RUN = """async () => (await axe.run(document, {
    rules: {list: {enabled: false}, listitem: {enabled: false}},
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
})).violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 200)} ${
    n.any.concat(n.all).map((c) => c.message).join(" ").slice(0, 200)}`))"""
LOOKS = 60


def violations(page: Page) -> list[str]:
    """Contrast, names and structure; looked at again where it may only be on its way."""
    settled(page)
    page.add_script_tag(path=str(AXE))
    found: list[str] = []
    for _look in range(LOOKS):
        page.wait_for_timeout(500)
        found = page.evaluate(RUN)
        if not found:
            break
    return found
