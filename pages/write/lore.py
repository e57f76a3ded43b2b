"""Lore: people, places, plot and the rules of the world."""

import streamlit as st

from studio.domain.records import LoreEntry, LoreType
from studio.language import _
from studio.services import lore
from studio.ui import problems, undo
from studio.ui.guard import guard, speak
from studio.ui.words import plain

ICONS = {
    "character": "person",
    "place": "place",
    "plot": "timeline",
    "rule": "gavel",
    "thing": "category",
}


def names() -> dict[LoreType, str]:
    return {
        "character": _("People"),
        "place": _("Places"),
        "plot": _("Plot"),
        "rule": _("Rules"),
        "thing": _("Things"),
    }


def form(entry: LoreEntry | None) -> None:
    """The fields of an entry; saves, or says what is missing."""
    known = names()
    with st.form("lore_form", border=False):
        name = st.text_input(_("Name"), entry.name if entry else "")
        type_ = st.selectbox(
            _("Kind"),
            list(known),
            index=list(known).index(entry.type) if entry else 0,
            format_func=known.__getitem__,
        )
        aliases = st.text_input(
            _("Also called"),
            ", ".join(entry.aliases) if entry else "",
            help=_("Other names, separated by commas."),
        )
        text = st.text_area(_("What is true of it"), entry.text if entry else "", height=200)
        saved = st.form_submit_button(_("Save the entry"), type="primary")
    if saved:
        with problems.told():
            others = tuple(aliases.replace("，", ",").replace("、", ",").split(","))
            if entry:
                lore.edit(entry.id, type=type_, name=name, text=text, aliases=others)
            else:
                lore.add(type_, name, text, others)
            st.rerun()


def write_entry(entry: LoreEntry | None) -> None:
    title = _("Change an entry") if entry else _("A new entry")

    @st.dialog(title)
    def shown() -> None:
        speak()
        form(entry)

    shown()


def show(entry: LoreEntry) -> None:
    with st.container(border=True, key=f"lore_{entry.id}"):
        text, tools = st.columns([5, 2], vertical_alignment="top")
        called = f" :gray[· {plain(', '.join(entry.aliases))}]" if entry.aliases else ""
        text.markdown(f":material/{ICONS[entry.type]}: **{plain(entry.name)}**{called}")
        said = plain(entry.text).replace("\n", "  \n")
        text.markdown(said or _(":gray[Nothing said yet.]"))
        with tools.container(horizontal=True, horizontal_alignment="right"):
            if st.button(_("Change"), key=f"lore_edit_{entry.id}", icon=":material/edit:"):
                write_entry(entry)
            if st.button(_("Delete"), key=f"lore_delete_{entry.id}", icon=":material/delete:"):
                lore.delete(entry.id)
                undo.remember("lore", entry.id, entry.name)
                st.rerun()


guard()
st.title(_("Lore"))
st.write(_("What is true in your world: who people are, where things lie, what must not happen."))
undo.offer("lore", lore.restore)
if st.button(_("Add an entry"), type="primary", icon=":material/add:"):
    write_entry(None)
entries = lore.list_all()
if not entries:
    st.info(
        _("The lorebook is empty. Begin with the person your story cannot do without."),
        icon=":material/auto_stories:",
    )
else:
    query = st.text_input(_("Search"), placeholder=_("A name, a word"), icon=":material/search:")
    known = names()
    kind = st.radio(
        _("Kind"),
        ["all", *known],
        format_func=lambda name: known[name] if name in known else _("All"),
        horizontal=True,
    )
    found = [e for e in lore.search(query) if kind in ("all", e.type)]
    if not found:
        st.caption(_("No entry has all of these words. Try fewer."))
    for entry in found:
        show(entry)
