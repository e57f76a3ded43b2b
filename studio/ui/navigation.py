"""The rooms of the studio: which pages there are, and links between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from studio.language import _
from studio.settings import ROOT

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage


ICON = ROOT / "static" / "brand" / "icon.svg"
WORDMARK = ROOT / "static" / "brand" / "wordmark.svg"


class Room(NamedTuple):
    """``address`` is the last part of the page's URL; empty for the home page."""

    script: str
    title: str
    icon: str
    address: str


def rooms() -> dict[str, list[Room]]:
    """The pages by group, as the writer's journey goes."""
    return {
        "": [Room("home/journey", _("Home"), "home", "")],
        _("Prepare"): [
            Room("prepare/manuscripts", _("Manuscripts"), "menu_book", "manuscripts"),
            Room("prepare/datasets", _("Datasets"), "view_agenda", "datasets"),
        ],
        _("Teach"): [
            Room("teach/preflight", _("Preflight"), "fact_check", "preflight"),
            Room("teach/training", _("Training"), "school", "training"),
            Room("teach/compare", _("Compare"), "compare_arrows", "compare"),
        ],
        _("Models"): [
            Room("models/adapters", _("Voices"), "record_voice_over", "adapters"),
            Room("models/merging", _("Merge voices"), "merge", "merging"),
            Room("models/convert", _("Convert"), "conversion_path", "convert"),
        ],
        _("Write"): [
            Room("write/desk", _("Desk"), "edit_note", "desk"),
            Room("write/lore", _("Lore"), "auto_stories", "lore"),
        ],
        _("System"): [
            Room("system/jobs", _("Jobs"), "pending_actions", "jobs"),
            Room("system/settings", _("Settings"), "tune", "settings"),
        ],
    }


def _page(room: Room) -> StreamlitPage:
    return st.Page(
        ROOT / "pages" / f"{room.script}.py",
        title=room.title,
        icon=f":material/{room.icon}:",
        url_path=room.address or None,
        default=not room.address,
    )


def pages() -> dict[str, list[StreamlitPage]]:
    """What ``st.navigation`` takes."""
    return {group: [_page(room) for room in found] for group, found in rooms().items()}


def addresses() -> set[str]:
    """The last part of every page's URL."""
    return {room.address for group in rooms().values() for room in group}


def page(address: str) -> StreamlitPage:
    """The page with this address, for ``st.switch_page``."""
    return _page(_room(address))


def link(address: str, label: str) -> None:
    """A link to the page with this address."""
    room = _room(address)
    st.page_link(_page(room), label=label, icon=f":material/{room.icon}:")


def _room(address: str) -> Room:
    found = (room for group in rooms().values() for room in group)
    return next(room for room in found if room.address == address)
