"""An example that two windows change."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from studio.services import revisions
from tests.services import shelf
from tests.waiting import PATIENCE


def form() -> None:
    """The page of one example: what Streamlit runs knows nothing of what stands around it."""
    from studio.services import datasets, examples
    from studio.services.examples import Wanted
    from studio.ui import examples as shown

    (record,) = datasets.list_all()
    shown.pending(record)
    shown.one(record, examples.search(record.id, Wanted(), limit=1).rows[0])


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


@pytest.mark.usefixtures("home")
def test_what_another_window_made_of_it_is_told_before_it_is_overwritten() -> None:
    dataset = shelf.put(rejected="Bad.").id
    page = AppTest.from_function(form, default_timeout=PATIENCE).run()
    revisions.edit(dataset, "t0", "Theirs.")
    page.text_area[0].set_value("Mine.")
    page = press(page, "Change it")
    assert "Theirs" in page.error[0].value
    assert page.text_area[0].value == "Mine."
    assert revisions.now(dataset, "t0") == ("Theirs.", "Bad.")
    page = press(page, "Change it")
    assert not page.error
    assert revisions.now(dataset, "t0") == ("Mine.", "Bad.")
    page = press(page, "Undo")
    assert page.text_area[0].value == "Theirs."
    assert not page.exception
