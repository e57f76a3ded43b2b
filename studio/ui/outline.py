"""The outline of a manuscript as a tree to click on: parts, chapters, scenes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from studio.domain.outlines import Part
from studio.language import _
from studio.ui import words

FILES = Path(__file__).parent / "components"
OPEN = 40
"""Chapters up to which a part is shown unfolded."""


def outline(parts: Sequence[Part], chosen: int, *, key: str, height: int = 460) -> int:
    """Show the tree; the offset in the text of the chapter or scene that was clicked last.

    ``height`` is in pixels, beyond which the tree scrolls.
    """
    component = st.components.v2.component(
        "lorewright_outline",
        html='<nav class="outline"></nav>',
        css=(FILES / "outline.css").read_text(encoding="utf-8"),
        js=(FILES / "outline.js").read_text(encoding="utf-8"),
    )
    found = component(
        key=key,
        data={
            "label": _("Chapters"),
            "parts": [_part(part) for part in parts],
            "chosen": chosen,
            "height": height,
            "open": OPEN,
        },
        on_chosen_change=lambda: None,
    )
    return chosen if found.chosen is None else int(found.chosen)


def _part(part: Part) -> dict[str, object]:
    chapters = [
        {
            "title": chapter.title or _("(no heading)"),
            "at": chapter.at,
            "length": words.count(chapter.length),
            "scenes": [
                {"title": scene.title, "at": scene.at, "length": words.count(scene.length)}
                for scene in chapter.scenes
            ],
        }
        for chapter in part.chapters
    ]
    return {"title": part.title, "chapters": chapters}
