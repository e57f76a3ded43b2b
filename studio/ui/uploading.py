"""Several files, or a zip of them, before they are read: as what, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import streamlit as st

from studio.domain import naming
from studio.domain.jobs import Job
from studio.language import _, n_
from studio.services import manuscripts
from studio.text.filesets import FileSet
from studio.ui import again
from studio.ui.drafts import drafted
from studio.ui.words import plain

HEIGHT = 320
MOST = 300
"""Files that are shown one below the other; more are chosen from a box that opens."""


def arrange(given: Sequence[FileSet], footnotes: bool, key: str) -> Job | None:
    """Show what the files are and let their order be changed; the job that reads them, once it
    is asked for."""
    files = manuscripts.joined(given[0].name if len(given) == 1 else "", given)
    said = n_("{n} file to read.", "{n} files to read.", len(files.files))
    st.write(said.format(n=len(files.files)))
    for note in files.notes:
        st.caption(plain(note))
    way = _way(given, files, key)
    if way == "one":
        begin = _title(given, files)
        title = drafted(_("Title"), f"{key}_title", begin, field=st.text_input, max_chars=120)
        order = _order(files, key)
    else:
        with st.container(height=HEIGHT if len(files.files) > 8 else "content", border=True):
            st.text("\n".join(files.names[:MOST]) + ("\n…" if len(files.files) > MOST else ""))
    if not st.button(_("Read them"), type="primary", icon=":material/menu_book:", key=f"{key}_go"):
        return None
    if way != "one":
        return manuscripts.bring_in(given, together=way == "zips", footnotes=footnotes)
    name = naming.tidy(title.replace("/", "-")) or _("Manuscript")
    book = manuscripts.reordered(files, order)._replace(name=f"{name}.zip")
    return manuscripts.bring_in([book], together=True, footnotes=footnotes)


def _way(given: Sequence[FileSet], files: FileSet, key: str) -> str:
    ways = {
        "one": _("One manuscript, read in the order below"),
        "each": _("Each file is a manuscript of its own"),
        "zips": _("Each zip is a manuscript of its own"),
    }
    first = "one" if manuscripts.are_chapters(files.names) else "each"
    if len(given) == 1 or all(len(each.files) == 1 for each in given):
        del ways["zips"]
    else:
        first = "zips"
    chosen: str = st.radio(
        _("What are they?"),
        list(ways),
        index=list(ways).index(first),
        format_func=ways.__getitem__,
        key=f"{key}_way",
    )
    return chosen


def _title(given: Sequence[FileSet], files: FileSet) -> str:
    if len(given) == 1:
        return PurePosixPath(given[0].name).stem
    return manuscripts.common_title(files.names)


def _order(files: FileSet, key: str) -> list[str]:
    """The files one below the other, and what moves the chosen one."""
    again.keep(f"{key}_order")
    kept: list[str] = st.session_state.get(f"{key}_order", [])
    order = [name for name in kept if name in files.names]
    order += [name for name in files.names if name not in order]
    at = _chosen(order, key)
    last = len(order) - 1

    def move(target: int) -> None:
        moved = [*order]
        moved.insert(target, moved.pop(at))
        st.session_state[f"{key}_order"] = moved

    moves = (
        (_("Earlier"), ":material/arrow_upward:", at - 1, at == 0),
        (_("Later"), ":material/arrow_downward:", at + 1, at == last),
        (_("First"), ":material/vertical_align_top:", 0, at == 0),
        (_("Last"), ":material/vertical_align_bottom:", last, at == last),
    )
    with st.container(horizontal=True):
        for number, (label, icon, target, off) in enumerate(moves):
            st.button(
                label,
                icon=icon,
                key=f"{key}_move_{number}",
                on_click=move,
                args=(target,),
                disabled=off,
            )
        if order != files.names:
            st.button(
                _("As their names say"),
                icon=":material/undo:",
                key=f"{key}_back",
                on_click=st.session_state.pop,
                args=(f"{key}_order", None),
            )
    return order


def _chosen(order: list[str], key: str) -> int:
    """The place of the file that is marked; it stays marked where it is moved."""
    places = {name: n for n, name in enumerate(order)}
    box, marked = f"{key}_box", f"{key}_marked"

    def keep() -> None:
        st.session_state[marked] = st.session_state[box]

    kept = st.session_state.get(marked)
    st.session_state[box] = kept if kept in places else order[0]
    label = _("They are read in this order. Mark a file to move it.")

    def shown(name: str) -> str:
        return plain(f"{places[name] + 1}. {name}")

    if len(order) > MOST:
        chosen = st.selectbox(label, order, format_func=shown, key=box, on_change=keep)
    else:
        with st.container(height=HEIGHT if len(order) > 8 else "content", border=True):
            chosen = st.radio(label, order, format_func=shown, key=box, on_change=keep)
    return places[chosen]
