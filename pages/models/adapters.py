"""Voices: the shelf of adapters, with their figures, and where they come from."""

from typing import Literal

import streamlit as st

from studio.domain.records import AdapterRecord
from studio.language import _, n_
from studio.services import adapters, datasets, models, writing
from studio.ui import again, live, measuring, navigation, undo, words
from studio.ui.arriving import arriving
from studio.ui.guard import guard
from studio.ui.handing import hand_on_voice
from studio.ui.opened import opened, renamed
from studio.ui.origin import origin
from studio.ui.words import plain

Kind = Literal["primary", "secondary", "tertiary"]


def figures(voice: AdapterRecord) -> str:
    """What the held-out figures say."""
    before, after = voice.nll_before, voice.nll_after
    if not before or after is None:
        return _("It was not measured.")
    said = _("{surprise} ({before:.3f} → {after:.3f} nats a character).").format(
        surprise=words.surprise(before, after), before=before, after=after
    )
    if measured := voice.facts.get("measured_on"):
        name = plain(datasets.named(measured))
        return f"{said} {_('It was measured on “{name}”.').format(name=name)}"
    return said if not voice.facts.get("adopted") else f"{said} {_('So its own lineage says.')}"


def line(voice: AdapterRecord) -> str:
    """Language, base model, when, and how many others it was made of."""
    parts = [words.language_name(voice.language), plain(models.named(voice.model))]
    if voice.facts.get("adopted"):
        parts.append(_("from elsewhere"))
    if voice.merged:
        merged = n_("merged of {n} voice", "merged of {n} voices", len(voice.parents))
        parts.append(merged.format(n=len(voice.parents)))
    elif voice.parents:
        parts.append(_("learned on from another"))
    return " · ".join((*parts, words.when(voice.created_at)))


def star(voice: AdapterRecord) -> None:
    """The button that makes a voice a favourite, or no longer."""
    label = _("Favourite") if voice.favourite else _("Add to favourites")
    kind: Kind = "secondary" if voice.favourite else "tertiary"
    if st.button(label, type=kind, icon=":material/star:", key=f"adapters_star_{voice.id}"):
        adapters.favour(voice.id, not voice.favourite)
        st.rerun()


def more(voice: AdapterRecord) -> None:
    """Rename, put away, delete."""
    if renamed(
        f"adapters_name_{voice.id}",
        _("Name of the voice"),
        _("Save the name"),
        lambda: adapters.get(voice.id).name,
        lambda name, base: adapters.rename(voice.id, name, base),
    ):
        st.rerun()
    label = _("Take out of the archive") if voice.archived_at else _("Archive")
    icon = ":material/unarchive:" if voice.archived_at else ":material/archive:"
    told = _("The desk does not offer an archived voice. Nothing of it is lost.")
    if st.button(label, icon=icon, help=told, key=f"adapters_archive_{voice.id}"):
        (adapters.unarchive if voice.archived_at else adapters.archive)(voice.id)
        st.rerun()
    if st.button(_("Delete"), key=f"adapters_delete_{voice.id}", icon=":material/delete:"):
        adapters.delete(voice.id)
        undo.remember("adapters", voice.id, voice.name)
        st.rerun()


def remember(voice: AdapterRecord) -> None:
    """Tags and a note, saved when the field is left; what another window added stays."""
    key = f"adapters_tags_{voice.id}"
    tags = opened(key, voice.tags)
    picked = st.multiselect(
        _("Tags"), sorted({*adapters.tags(), *tags.shown}), list(tags.shown),
        key=f"{key}_{tags.turn}", accept_new_options=True,
        placeholder=_("Type a word and press Enter"),
    )  # fmt: skip
    key = f"adapters_note_{voice.id}"
    note = opened(key, voice.note)
    typed = st.text_area(
        _("Note"), note.shown, key=f"{key}_{note.turn}",
        placeholder=_("What it is good at, what it was for"),
        help=_("Saved as soon as you click anywhere else."),
    ).strip()  # fmt: skip
    again.keep(f"{key}_both")
    if st.session_state.get(f"{key}_both"):
        st.info(
            _("This note was also changed in another window. Both are kept, one below the other."),
            icon=":material/history:",
        )
    if set(picked) != set(tags.base):
        tags.show(adapters.set_tags(voice.id, picked, tags.base).tags)
        st.rerun()
    if typed != note.base:
        note.base = adapters.note(voice.id, typed, note.base).note
        if note.base != typed:
            note.show(note.base)
            st.session_state[f"{key}_both"] = True
        st.rerun()


def show(voice: AdapterRecord, *, ready: bool, first: bool) -> None:
    with st.container(border=True, key=f"adapters_{voice.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(voice.name))
            star(voice)
        st.caption(line(voice))
        if voice.tags:
            st.markdown(" ".join(f":gray-badge[{plain(tag)}]" for tag in voice.tags))
        st.markdown(figures(voice))
        if voice.note:
            st.markdown(f"*{plain(' '.join(voice.note.split()))}*")
        with st.container(horizontal=True, vertical_alignment="center"):
            if not voice.archived_at:
                go(voice, ready=ready, first=first)
            with st.popover(_("More"), icon=":material/more_horiz:"):
                more(voice)
        look(voice)


def go(voice: AdapterRecord, *, ready: bool, first: bool) -> None:
    """The next step with this voice."""
    kind = "primary" if first else "secondary"
    label = _("Write with it") if ready else _("Convert it for the desk")
    if st.button(label, type=kind, key=f"adapters_go_{voice.id}"):
        st.session_state["desk_voice" if ready else "convert_voice"] = voice.id
        st.switch_page(navigation.page("desk" if ready else "convert"))


def look(voice: AdapterRecord) -> None:
    """What else there is about a voice, one thing at a time."""
    views = {
        "origin": (_("Where it comes from"), ":material/family_history:", origin),
        "remember": (_("Tags and note"), ":material/sell:", remember),
        "hand": (_("Take it along"), ":material/ios_share:", hand_on_voice),
    }
    if measuring.wanted(voice):
        views["measure"] = (_("Measure it"), ":material/straighten:", measuring.measure)
    key = f"adapters_look_{voice.id}"
    again.keep(key)
    with st.container(horizontal=True):
        for view, (label, icon, _show) in views.items():
            kind: Kind = "secondary" if st.session_state.get(key) == view else "tertiary"
            if st.button(label, type=kind, icon=icon, key=f"{key}_{view}"):
                st.session_state[key] = None if st.session_state.get(key) == view else view
                st.rerun()
    if chosen := st.session_state.get(key):
        views[chosen][2](voice)


def found() -> list[AdapterRecord]:
    """The voices that are looked for, favourites first."""
    everything = adapters.list_all(archived=None)
    if len(everything) < 2 and not any(voice.archived_at for voice in everything):
        return everything
    left, middle, right = st.columns([3, 2, 4], vertical_alignment="bottom")
    text = left.text_input(_("Search"), placeholder=_("Name, tag or note"), key="adapters_search")
    tag = middle.selectbox(
        _("Tag"), [None, *adapters.tags()], format_func=lambda t: t or _("any"), key="adapters_tag"
    )
    kinds = {"all": _("All"), "favourites": _("Favourites"), "archived": _("Archive")}
    kind = right.radio(
        _("Which"), list(kinds), horizontal=True, format_func=kinds.__getitem__,
        label_visibility="collapsed", key="adapters_which",
    )  # fmt: skip
    chosen = adapters.list_all(
        text or "", tag=tag, favourites=kind == "favourites", archived=kind == "archived"
    )
    if not chosen:
        st.info(_("No voice is like that. Change the search, or look at all of them."))
    return sorted(chosen, key=lambda voice: not voice.favourite)


guard()
st.title(_("Voices"))
st.write(_("Each lesson leaves a voice here (an adapter). It changes how a base model writes."))
undo.offer("adapters", adapters.restore)
with live.passing():
    shelf = found()
    if not adapters.list_all(archived=None):
        st.info(_("The shelf is empty: no voice has been taught yet."), icon=":material/school:")
        navigation.link("preflight", _("Teach the first one"))
    ready = {voice.id for voice in writing.voices()}
    for order, voice in enumerate(shelf):
        show(voice, ready=voice.id in ready, first=order == 0)
with st.expander(_("Bring in a voice from elsewhere"), icon=":material/input:"):
    arriving()
