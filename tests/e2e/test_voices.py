"""A voice is noted, taken along as a zip, and brought in again, in a real browser."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.domain.base import Model
from studio.domain.records import AdapterRecord
from studio.services import adapters, context
from studio.settings import settings
from studio.store import adapters as rows
from studio.store import database
from tests.e2e.accessibility import violations
from tests.e2e.walking import connected, heading, picture, press, settled, unfold
from tests.sharing.conftest import voice

__all__ = ["voice"]
pytestmark = pytest.mark.browser


@pytest.fixture
def shelved(studio: Any, voice: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One voice on the shelf of the studio."""
    monkeypatch.setenv("LOREWRIGHT_DATA", str(studio.data))
    settings.cache_clear()
    artifact = context.store().put(voice)
    record = AdapterRecord(
        id=artifact, name="Tide", artifact=artifact, job_id="j", model=Model(), dataset=None,
        language="en", nll_before=1.2, nll_after=0.9, facts={}, created_at=1.0,
    )  # fmt: skip
    with database.write(context.db()) as connection:
        rows.insert(connection, record)
    yield
    context.close()
    settings.cache_clear()


@pytest.mark.usefixtures("shelved")
def test_a_voice_is_noted_taken_along_and_brought_in(
    page: Page, studio: Any, tmp_path: Path
) -> None:
    page.goto(f"{studio.url}/adapters")
    heading(page, "Voices")
    press(page, "Tags and note")
    note = page.get_by_role("textbox", name="Note")
    note.fill("For harbours.")
    note.blur()
    expect(page.locator("em", has_text="For harbours")).to_be_visible()
    (shelved,) = adapters.list_all()
    assert shelved.note == "For harbours."
    adapters.note(shelved.id, "From another window.")
    studio.again()  # and the new server knows on which text the note was opened
    connected(page)
    note.fill("For harbours and piers.")
    note.blur()
    expect(page.get_by_text("Both are kept, one below the other.")).to_be_visible()
    both = "For harbours and piers.\n\nFrom another window."
    expect(note).to_have_value(both)
    assert adapters.get(shelved.id).note == both
    picture(page, "voices-note")
    press(page, "Take it along")
    with page.expect_download() as download:
        press(page, "Download as a zip")
    download.value.save_as(tmp_path / "Tide.zip")
    with zipfile.ZipFile(tmp_path / "Tide.zip") as archive:
        config = json.loads(archive.read("Tide/adapter_config.json"))
    assert config["base_model_name_or_path"] == "starter"
    assert violations(page) == []
    unfold(page.get_by_text("Bring in a voice from elsewhere"))
    page.locator("input[type=file]").set_input_files(tmp_path / "Tide.zip")
    expect(page.get_by_test_id("stFileChipName")).to_contain_text("Tide.zip")
    expect(page.get_by_test_id("stFileChipIconSpinner")).to_have_count(0)
    page.get_by_role("textbox", name="Call it").fill("回来的声音")
    settled(page)
    press(page, "Bring it in")
    expect(page.get_by_role("heading", name="回来的声音", level=3)).to_be_visible()
    expect(page.get_by_text(re.compile("from elsewhere ·"))).to_be_visible()
    assert len(adapters.list_all()) == 2
