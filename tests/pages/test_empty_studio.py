"""Every page of a studio in which nothing has been done yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from studio.settings import ROOT, settings

pytestmark = pytest.mark.usefixtures("studio")
PATHS = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "pages").glob("*/*.py"))
Visit = Callable[[str], AppTest]


def primary(page: AppTest) -> list[Any]:
    return [b for b in page.button if b.proto.type == "primary"]


def test_no_page_lies_where_streamlit_would_find_it_by_itself() -> None:
    assert not list((ROOT / "pages").glob("*.py"))
    assert len(PATHS) == 13


@pytest.mark.parametrize("path", PATHS)
def test_every_page_opens_and_has_at_most_one_primary_button(path: str, visit: Visit) -> None:
    page = visit(path)
    assert not page.exception
    assert not page.error
    assert len(page.title) == 1
    assert len(primary(page)) <= 1


def test_home_says_what_comes_first(visit: Visit) -> None:
    (first,) = primary(visit("pages/home/journey.py"))
    assert first.label == "Bring in a manuscript"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("pages/prepare/datasets.py", "no manuscript yet"),
        ("pages/teach/preflight.py", "no dataset yet"),
        ("pages/teach/training.py", "no dataset yet"),
        ("pages/teach/compare.py", "no lessons yet"),
        ("pages/models/adapters.py", "shelf is empty"),
        ("pages/models/convert.py", "no voice to convert"),
        ("pages/models/merging.py", "no voice to mix"),
        ("pages/write/lore.py", "lorebook is empty"),
        ("pages/system/jobs.py", "Nothing has been asked for"),
    ],
)
def test_an_empty_page_says_what_to_do(path: str, said: str, visit: Visit) -> None:
    assert said in " ".join(info.value for info in visit(path).info)


def test_the_settings_in_force_have_the_names_that_set_them(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    settings.cache_clear()
    table = visit("pages/system/settings.py").dataframe[-1].value.set_index("Setting")["Value"]
    assert (table["HF_TOKEN"], table["HF_ENDPOINT"]) == ("set", "(not set)")
    assert table["LOREWRIGHT_PORT"] == "8501"
    settings.cache_clear()


def test_the_desk_begins_with_a_title(visit: Visit) -> None:
    desk = visit("pages/write/desk.py")
    desk.text_input[0].input("夜航")
    desk.radio[0].set_value("zh")
    desk.button[0].click().run()
    assert not desk.exception
    assert desk.selectbox[0].options == ["夜航"]
