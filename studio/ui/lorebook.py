"""The windows in which an entry of the lorebook is written, and its earlier texts are shown.

Which one is open stands in the page's address, with the moment of the text it was opened on: when
the page's server starts again, the window is built again, with what was typed still in it, and
knows whether the entry was changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from studio.domain.lorebook import LoreEntry, LoreRevision, LoreType
from studio.errors import Overtaken, StudioError
from studio.language import _
from studio.services import lore
from studio.ui import problems, words
from studio.ui.guard import speak

ENTRY = "entry"
"""The id of the entry that is being written, or NEW."""
SINCE = "since"
"""The moment of the text that its window was opened on."""
SEEN = "seen"
"""When another window wrote or deleted it, once the writer was told of it."""
EARLIER = "earlier"
"""The id of the entry whose earlier texts are shown."""
NEW = "new"


def kinds() -> dict[LoreType, str]:
    """What the kinds of entries are called."""
    return {
        "character": _("People"),
        "place": _("Places"),
        "plot": _("Plot"),
        "rule": _("Rules"),
        "thing": _("Things"),
    }


def write(entry_id: str = NEW) -> None:
    """Open the window in which an entry is written, as it is now; or a new one."""
    close()
    st.query_params[ENTRY] = entry_id
    if entry_id != NEW:
        st.query_params[SINCE] = repr(lore.get(entry_id).updated_at)


def look_back(entry_id: str) -> None:
    """Open the window with an entry's earlier texts."""
    close()
    st.query_params[EARLIER] = entry_id


def close() -> None:
    """Open no window when the page runs again."""
    for name in (ENTRY, SINCE, SEEN, EARLIER):
        st.query_params.pop(name, None)


def window() -> None:
    """The window that the page's address names, if it names one."""
    asked = st.query_params.get(ENTRY) or st.query_params.get(EARLIER)
    if not asked:
        return
    try:
        entry = None if asked == NEW else lore.get(asked)
    except StudioError as problem:
        close()
        problems.show(problem)
        return
    if ENTRY in st.query_params:
        _opened(_("Change an entry") if entry else _("A new entry"), lambda: _form(entry))
    elif entry:
        _opened(_("Earlier texts"), lambda: _earlier(entry))


def _opened(title: str, inside: Callable[[], None]) -> None:
    @st.dialog(title, on_dismiss=close)
    def shown() -> None:
        speak()
        inside()

    shown()


def _moment(name: str) -> float | None:
    try:
        return float(st.query_params[name])
    except (KeyError, ValueError):
        return None


def _form(entry: LoreEntry | None) -> None:
    """The fields of an entry as it was when the window was opened."""
    since = _moment(SINCE)
    opened = lore.as_of(entry.id, since) if entry and since else entry
    name = f"lore_{entry.id}_{since}" if entry else f"lore_{NEW}"
    known = kinds()
    if entry and _moment(SEEN):
        _other(lore.get(entry.id))
    with st.form(f"{name}_form", border=False):
        title = st.text_input(_("Name"), opened.name if opened else "", key=f"{name}_name")
        type_ = st.selectbox(
            _("Kind"),
            list(known),
            index=list(known).index(opened.type) if opened else 0,
            format_func=known.__getitem__,
            key=f"{name}_type",
        )
        others = st.text_input(
            _("Also called"),
            ", ".join(opened.aliases) if opened else "",
            help=_("Other names, separated by commas."),
            key=f"{name}_aliases",
        )
        text = st.text_area(
            _("What is true of it"), opened.text if opened else "", height=200, key=f"{name}_text"
        )
        with st.container(horizontal=True):
            saved = st.form_submit_button(_("Save the entry"), type="primary")
            left = _moment(SEEN) and st.form_submit_button(_("Leave it as it is there"))
    aliases = tuple(others.replace("，", ",").replace("、", ",").split(","))
    with problems.told():
        if entry and left:
            lore.set_aside(entry.id, title, text, aliases)
            _done()
        elif saved:
            _save(entry, type_, title, text, aliases)


def _save(
    entry: LoreEntry | None, type_: LoreType, name: str, text: str, aliases: tuple[str, ...]
) -> None:
    if entry is None:
        lore.add(type_, name, text, aliases)
    else:
        base = _moment(SEEN) or _moment(SINCE)
        try:
            lore.edit(entry.id, type=type_, name=name, text=text, aliases=aliases, base=base)
        except Overtaken:
            st.query_params[SEEN] = repr(lore.get(entry.id).touched_at)
            st.rerun()
    _done()


def _done() -> None:
    close()
    st.rerun()


def _other(there: LoreEntry) -> None:
    """What another window made of the entry meanwhile, and what can be done now."""
    if there.deleted_at:
        st.warning(
            _("This entry was deleted in another window while you wrote. Nothing is saved yet."),
            icon=":material/delete:",
        )
        st.caption(
            _(
                "Save the entry, and it is in the lorebook again with the text below; or leave it "
                "as it is there, deleted."
            )
        )
        return
    st.warning(
        _(
            "This entry was changed in another window while you wrote. Nothing is saved yet. "
            "Your text is below; the other one is this:"
        ),
        icon=":material/history:",
    )
    with st.container(border=True):
        _told(there.name, there.aliases, there.text)
    st.caption(
        _(
            "Save the entry, and yours takes its place; or leave it as it is there. Whichever "
            "you choose, the other text is kept under Earlier texts."
        )
    )


def _told(name: str, aliases: tuple[str, ...], text: str) -> None:
    called = f" :gray[· {words.plain(', '.join(aliases))}]" if aliases else ""
    st.markdown(f"**{words.plain(name)}**{called}")
    said = words.plain(text).replace("\n", "  \n")
    st.markdown(said or _(":gray[Nothing said yet.]"))


def _earlier(entry: LoreEntry) -> None:
    """The earlier texts of an entry, one of which can be taken back."""
    found = lore.revisions(entry.id)
    if not found:
        st.caption(_("It has no earlier text."))
        return
    by_id = {kept.id: kept for kept in found}
    names = words.distinct({i: _named(kept) for i, kept in by_id.items()})
    chosen = st.selectbox(_("Written"), list(by_id), format_func=names.__getitem__)
    kept = by_id[chosen]
    with st.container(border=True):
        _told(kept.name, kept.aliases, kept.text)
    st.caption(_("What the entry says now stays here as an earlier text."))
    if st.button(_("Bring this text back"), icon=":material/history:", type="primary"):
        with problems.told():
            lore.take_back(entry.id, kept.id)
            _done()


def _named(kept: LoreRevision) -> str:
    opening = " ".join(kept.text.split())[:40] or kept.name
    return f"{words.when(kept.at)} · {opening}"
