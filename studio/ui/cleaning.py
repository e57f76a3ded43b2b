"""What cleaning found in a manuscript, as choices with the text around each."""

from __future__ import annotations

import streamlit as st

from studio.domain.manuscripts import Decisions, Manuscript, Removal
from studio.language import _, n_
from studio.ui import again
from studio.ui.prose import Run, runs
from studio.ui.words import plain

AROUND = 220
"""Characters of the text shown on both sides of what was found."""
MOST = 1500
"""Characters of what was found that are shown."""
A_PAGE = 12


def decide(manuscript_id: str, manuscript: Manuscript) -> Decisions:
    """Show each finding with a box to tick; what the writer wants left out, and put back."""
    removals = manuscript.removals
    key = f"cleaning_{manuscript_id}"
    again.keep(key)
    ticked: dict[str, bool] = st.session_state.setdefault(key, {})
    pages = -(-len(removals) // A_PAGE)
    page = st.pagination(pages, key=f"{key}_page") if pages > 1 else 1
    for removal in removals[(page - 1) * A_PAGE : page * A_PAGE]:
        _choice(removal, manuscript, ticked, f"{key}_{removal.id}")
    out = frozenset(r.id for r in removals if ticked.get(r.id, r.removed))
    return Decisions(keep=frozenset(r.id for r in removals) - out, drop=out)


def _choice(removal: Removal, manuscript: Manuscript, ticked: dict[str, bool], key: str) -> None:
    times = n_("{n} place", "{n} places", removal.count).format(n=removal.count)
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        ticked[removal.id] = st.checkbox(
            f"{plain(removal.note)} · {times}",
            value=ticked.get(removal.id, removal.removed),
            key=key,
        )
    with right, st.popover(_("Look at it"), icon=":material/visibility:", key=f"{key}_look"):
        runs(_in_place(removal, manuscript.text), manuscript.language, key=f"{key}_text")


def _in_place(removal: Removal, text: str) -> list[Run]:
    """What was found, marked, between what stands before and after it."""
    after = removal.at if removal.removed else removal.at + len(removal.text)
    found = removal.text
    if len(found) > MOST:
        found = f"{found[: MOST // 2]}\n…\n{found[-MOST // 2 :]}"
    return [
        Run(text[max(0, removal.at - AROUND) : removal.at], "given"),
        Run(f"{found}\n\n" if removal.removed else found, "removed"),
        Run(text[after : after + AROUND], "given"),
    ]
