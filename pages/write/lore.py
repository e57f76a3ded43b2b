"""Lore: people, places, plot and the rules of the world."""

import streamlit as st

from studio.domain.lorebook import LoreEntry
from studio.language import _
from studio.services import lore
from studio.ui import lorebook, undo
from studio.ui.guard import guard
from studio.ui.words import plain

ICONS = {
    "character": "person",
    "place": "place",
    "plot": "timeline",
    "rule": "gavel",
    "thing": "category",
}


def show(entry: LoreEntry, *, earlier: bool) -> None:
    with st.container(border=True, key=f"lore_{entry.id}"):
        text, tools = st.columns([5, 2], vertical_alignment="top")
        called = f" :gray[· {plain(', '.join(entry.aliases))}]" if entry.aliases else ""
        text.markdown(f":material/{ICONS[entry.type]}: **{plain(entry.name)}**{called}")
        said = plain(entry.text).replace("\n", "  \n")
        text.markdown(said or _(":gray[Nothing said yet.]"))
        with tools.container(horizontal=True, horizontal_alignment="right"):
            st.button(
                _("Change"), key=f"lore_edit_{entry.id}", icon=":material/edit:",
                on_click=lorebook.write, args=[entry.id],
            )  # fmt: skip
            if earlier:
                st.button(
                    _("Earlier texts"), key=f"lore_earlier_{entry.id}", icon=":material/history:",
                    on_click=lorebook.look_back, args=[entry.id],
                )  # fmt: skip
            if st.button(_("Delete"), key=f"lore_delete_{entry.id}", icon=":material/delete:"):
                lore.delete(entry.id)
                undo.remember("lore", entry.id, entry.name)
                st.rerun()


guard()
st.title(_("Lore"))
st.write(_("What is true in your world: who people are, where things lie, what must not happen."))
undo.offer("lore", lore.restore)
st.button(_("Add an entry"), type="primary", icon=":material/add:", on_click=lorebook.write)
lorebook.window()
entries = lore.list_all()
if not entries:
    st.info(
        _("The lorebook is empty. Begin with the person your story cannot do without."),
        icon=":material/auto_stories:",
    )
else:
    query = st.text_input(_("Search"), placeholder=_("A name, a word"), icon=":material/search:")
    known = lorebook.kinds()
    kind = st.radio(
        _("Kind"),
        ["all", *known],
        format_func=lambda name: known[name] if name in known else _("All"),
        horizontal=True,
    )
    found = [e for e in lore.search(query) if kind in ("all", e.type)]
    if not found:
        st.caption(_("No entry has all of these words. Try fewer."))
    revised = lore.revised()
    for entry in found:
        show(entry, earlier=entry.id in revised)
