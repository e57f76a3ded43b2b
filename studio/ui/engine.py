"""Says how far the building of the writing engine is, and has it tried again."""

from __future__ import annotations

import streamlit as st

from studio.domain.runner import EngineBuild
from studio.language import _
from studio.services import engine
from studio.ui import live
from studio.ui.words import plain

EVERY = 1.0


def notice() -> None:
    """Live while the engine is not there; the page runs again once it is."""
    if engine.build():
        live.live(_standing, every=EVERY, over=lambda: engine.build() is None, alive=True)


def _standing() -> None:
    build = engine.build()
    if build is None:
        return
    if build.phase == "failed":
        _failed(build)
    else:
        _building(build)


def _building(build: EngineBuild) -> None:
    said = engine.standing(build)
    with st.container(border=True, key="engine_building"):
        share = build.done / build.total if build.total else 0.0
        st.progress(share, text=f"**{said[:1].upper()}{said[1:]}**")
        st.caption(
            _(
                "This happens once on this machine. Bring in your manuscript, prepare it and teach "
                "a voice meanwhile: whatever needs the engine begins by itself when it is there."
            )
        )


def _failed(build: EngineBuild) -> None:
    st.error(
        f"**{_('The writing engine could not be built.')}**\n\n{plain(build.said)}\n\n"
        + _("Until it is built you can teach voices, but not convert them or write with them."),
        icon=":material/error:",
    )
    if st.button(_("Try again"), icon=":material/refresh:", key="engine_again"):
        engine.build_again()
        st.rerun(scope="fragment")
