"""A studio with a password shows nothing before it was given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from studio.settings import ROOT, Settings, settings
from studio.ui import signin
from tests.waiting import PATIENCE

PATHS = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "pages").glob("*/*.py"))
PASSWORD = "Mondlicht 月光"


@pytest.fixture
def locked(studio: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOREWRIGHT_PASSWORD", PASSWORD)
    monkeypatch.setattr(signin, "GATE", signin.Gate())
    settings.cache_clear()
    yield
    monkeypatch.delenv("LOREWRIGHT_PASSWORD")
    settings.cache_clear()


def asked(page: AppTest) -> bool:
    return [field.label for field in page.text_input] == ["Password"]


def answer(page: AppTest, password: str) -> AppTest:
    page.text_input[0].input(password)
    return page.button[0].click().run()


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("path", PATHS)
def test_a_page_script_run_on_its_own_asks_too(path: str) -> None:
    page = AppTest.from_file(str(ROOT / path), default_timeout=PATIENCE).run()
    assert asked(page)
    assert [title.value for title in page.title] == ["Lorewright"]


@pytest.mark.usefixtures("locked")
def test_the_password_opens_the_page_that_was_asked_for() -> None:
    page = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=PATIENCE).run()
    page.switch_page("pages/write/lore.py").run()
    assert asked(page)
    answer(page, PASSWORD)
    assert [title.value for title in page.title] == ["Lore"]


@pytest.mark.usefixtures("locked")
def test_a_wrong_guess_is_told_and_the_next_must_wait() -> None:
    page = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=PATIENCE).run()
    answer(page, "moonlight")
    assert asked(page)
    assert page.error
    answer(page, "moonlight")
    assert page.warning or page.error
    assert asked(page)
