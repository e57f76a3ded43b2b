"""The page to write on at the desk: a large serif text field that saves itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from studio.domain.records import StoryRecord
from studio.language import _
from studio.ui import again

FILES = Path(__file__).parent / "components"


def editor(
    story: StoryRecord,
    *,
    key: str,
    version: int,
    seen: int,
    on_text: Callable[[], None],
    on_stray: Callable[[], None],
    on_go: Callable[[], None],
    on_halt: Callable[[], None],
) -> None:
    """Mount the editor.

    ``version`` changes whenever the studio, not the writer, changed the text; ``seen`` is the
    number of the last text that was saved. In the callbacks ``st.session_state[key]`` holds
    ``text`` (story, text, base revision, number) or ``stray`` (story, text: typed, never
    saved, and made on an older text).
    """
    component = st.components.v2.component(
        "lorewright_editor",
        html=_read("editor.html"),
        css=_read("editor.css"),
        js=_read("editor.js"),
    )
    component(
        key=key,
        data=_data(story, version, seen),
        on_text_change=on_text,
        on_stray_change=on_stray,
        on_go_change=on_go,
        on_halt_change=on_halt,
    )


def _data(story: StoryRecord, version: int, seen: int) -> dict[str, Any]:
    return {
        "story": story.id,
        "text": story.text,
        "language": story.language,
        "revision": story.revision,
        "version": version,
        "seen": seen,
        "session": again.session(),
        "label": _("The text of {title}").format(title=story.title),
        "placeholder": _("Write the first lines here. They are saved while you type."),
        "words": {"saved": _("Saved"), "saving": _("Saving…")},
        "keys": _("Ctrl + Enter continues, Esc stops"),
    }


def _read(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")
