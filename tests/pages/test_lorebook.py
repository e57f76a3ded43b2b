"""The lorebook's windows: what two of them do to one entry, and what a new server makes of one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from studio.domain.lorebook import LoreEntry
from studio.services import lore
from studio.settings import settings
from studio.store import database

pytestmark = pytest.mark.usefixtures("studio")
Visit = Callable[[str], AppTest]
PAGE = "pages/write/lore.py"


@pytest.fixture
def entry(studio: object) -> Iterator[LoreEntry]:
    made = lore.add("character", "Mara", "Keeps the light.")
    yield made
    for each in lore.list_all():
        lore.delete(each.id)


def press(page: AppTest, label: str) -> AppTest:
    return next(b for b in page.button if b.label == label).click().run()


def fill(page: AppTest, text: str) -> AppTest:
    page.text_area[0].set_value(text)
    return press(page, "Save the entry")


def shown(page: AppTest) -> str:
    return " ".join(m.value for m in page.markdown)


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_an_entry_is_written_and_the_window_closes(entry: LoreEntry, visit: Visit) -> None:
    page = press(visit(PAGE), "Add an entry")
    page.text_input(key="lore_new_name").set_value("Harbour")
    page = fill(page, "Four boats.")
    assert not page.exception
    assert [e.text for e in lore.search("Harbour")] == ["Four boats."]
    assert "entry" not in page.query_params
    assert "Save the entry" not in labels(page)


def test_an_entry_without_a_name_is_not_saved_and_it_is_said(
    entry: LoreEntry, visit: Visit
) -> None:
    page = fill(press(visit(PAGE), "Add an entry"), "Four boats.")
    assert any("no name" in error.value for error in page.error)
    assert page.text_area[0].value == "Four boats."


def test_of_two_windows_on_an_entry_neither_is_lost(entry: LoreEntry, visit: Visit) -> None:
    one, two = press(visit(PAGE), "Change"), press(visit(PAGE), "Change")
    fill(one, "Keeps the log.")
    two = fill(two, "Keeps the boat.")
    assert lore.get(entry.id).text == "Keeps the log."
    assert any("changed in another window" in warning.value for warning in two.warning)
    assert "Keeps the log\\." in shown(two)
    assert two.text_area[0].value == "Keeps the boat."
    two = press(two, "Save the entry")
    assert not two.warning
    assert lore.get(entry.id).text == "Keeps the boat."
    assert [r.text for r in lore.revisions(entry.id)] == ["Keeps the log.", "Keeps the light."]


def test_what_another_window_deleted_is_told_before_it_comes_back(
    entry: LoreEntry, visit: Visit
) -> None:
    here = press(visit(PAGE), "Change")
    lore.delete(entry.id)
    here = fill(here, "Keeps the boat.")
    assert any("deleted in another window" in warning.value for warning in here.warning)
    assert lore.list_all() == []
    assert here.text_area[0].value == "Keeps the boat."
    press(here, "Save the entry")
    assert [e.text for e in lore.list_all()] == ["Keeps the boat."]


def test_what_cannot_be_written_now_is_said_and_stays_in_the_window(
    entry: LoreEntry, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = press(visit(PAGE), "Change")
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    other = sqlite3.connect(settings().database)
    other.execute("BEGIN IMMEDIATE")
    here = fill(here, "Keeps the boat.")
    assert any("could not write this down" in error.value for error in here.error)
    assert here.text_area[0].value == "Keeps the boat."
    other.close()
    press(here, "Save the entry")
    assert lore.get(entry.id).text == "Keeps the boat."


def test_a_third_text_is_told_too(entry: LoreEntry, visit: Visit) -> None:
    here = press(visit(PAGE), "Change")
    lore.edit(entry.id, text="Keeps the log.")
    here = fill(here, "Keeps the boat.")
    lore.edit(entry.id, text="Keeps the cat.")
    here = press(here, "Save the entry")
    assert "Keeps the cat\\." in shown(here)
    here = press(here, "Leave it as it is there")
    assert lore.get(entry.id).text == "Keeps the cat."
    assert "Keeps the boat." in [r.text for r in lore.revisions(entry.id)]
    assert "Save the entry" not in labels(here)


def test_a_new_server_builds_the_window_again_and_saves(entry: LoreEntry, visit: Visit) -> None:
    before = press(visit(PAGE), "Change")
    lore.edit(entry.id, text="Keeps the log.")
    after = visit(PAGE)
    for name, values in before.query_params.items():
        after.query_params[name] = values
    after.run()
    assert after.text_area[0].value == "Keeps the light."
    after = fill(after, "Keeps the boat.")
    assert any("changed in another window" in warning.value for warning in after.warning)
    press(after, "Save the entry")
    assert lore.get(entry.id).text == "Keeps the boat."


def test_an_earlier_text_is_shown_and_comes_back(entry: LoreEntry, visit: Visit) -> None:
    lore.edit(entry.id, text="Keeps the log.")
    page = press(visit(PAGE), "Earlier texts")
    assert "Keeps the light\\." in shown(page)
    page = press(page, "Bring this text back")
    assert lore.get(entry.id).text == "Keeps the light."
    assert not page.exception


@pytest.mark.parametrize("name", ["entry", "earlier"])
def test_an_address_of_no_entry_is_said(name: str, visit: Visit) -> None:
    page = visit(PAGE)
    page.query_params[name] = "nobody"
    page.run()
    assert any("not in the lorebook" in error.value for error in page.error)
