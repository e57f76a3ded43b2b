"""The examples of a dataset: look through them, change them, leave some out, take it back."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.datasets.quality.advice import flag_names
from studio.domain.records import DatasetRecord
from studio.language import _, n_
from studio.services import examples, revisions
from studio.services.examples import Found, Page, Wanted
from studio.ui import problems, words
from studio.ui.grid import Column, grid
from studio.ui.opened import forget, opened, saved
from studio.ui.prose import prose
from studio.ui.words import plain

MOST = 2_000
"""Rows that the table holds at a time."""
OPENING = 160


def browse(record: DatasetRecord) -> None:
    """The table of examples, and below it the chosen one to read and to change."""
    pending(record)
    page = wanted(record)
    if not page.rows:
        st.info(_("No example is like that. Loosen what you look for."))
        return
    if page.total > len(page.rows):
        st.caption(
            _(
                "The first {shown} of {total} are in the table; look for words to see others."
            ).format(shown=words.count(len(page.rows)), total=words.count(page.total))
        )
    by_id = {row.example.id: row for row in page.rows}
    key = f"examples_grid_{record.id}"
    chosen = [i for i in grid([_row(r) for r in page.rows], _columns(), key=key) if i in by_id]
    if not chosen:
        st.caption(_("Click on a row to read it; tick several to leave them out together."))
        return
    acts(record, [by_id[i] for i in chosen])
    one(record, by_id[chosen[0]])


def wanted(record: DatasetRecord) -> Page:
    """What the writer looks for, found."""
    splits = {None: _("All"), "train": _("To learn from"), "validation": _("Kept aside")}
    states = {
        "any": _("Whatever their state"),
        "kept": _("Kept"),
        "excluded": _("Left out"),
        "edited": _("Changed"),
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(_("Look for"), key=f"examples_text_{record.id}")
        split = st.selectbox(
            _("Part"),
            list(splits),
            format_func=splits.__getitem__,
            key=f"examples_split_{record.id}",
        )
        state = st.selectbox(
            _("State"),
            list(states),
            format_func=states.__getitem__,
            key=f"examples_state_{record.id}",
        )
    asked = Wanted.model_validate({"text": text, "split": split, "state": state})
    return examples.search(record.id, asked, limit=MOST)


def _columns() -> list[Column]:
    return [
        Column("text", _("The model learns to write"), wide=True),
        Column("chapter", _("From")),
        Column("tokens", _("Tokens"), "number"),
        Column("state", _("State")),
        Column("flags", _("Worth a look")),
    ]


def _row(row: Found) -> dict[str, Any]:
    example = row.example
    opening = example.completion[:OPENING].replace("\n", " ")
    return {
        "id": example.id,
        "text": opening,
        "chapter": example.chapter,
        "tokens": example.tokens,
        "state": _state(row),
        "flags": ", ".join(flag_names().get(flag, flag) for flag in example.flags),
    }


def _state(row: Found) -> str:
    if row.excluded:
        return _("left out")
    if row.edited:
        return _("changed")
    return _("to learn from") if row.split == "train" else _("kept aside")


def acts(record: DatasetRecord, chosen: list[Found]) -> None:
    """Leave out, or take back in."""
    kept = [row.example.id for row in chosen if not row.excluded]
    out = [row.example.id for row in chosen if row.excluded]
    with st.container(horizontal=True):
        if kept:
            label = n_("Leave it out", "Leave {n} out", len(kept)).format(n=len(kept))
            if st.button(label, icon=":material/block:", key=f"examples_out_{record.id}"):
                revisions.exclude(record.id, kept)
                st.rerun()
        if out:
            label = n_("Take it back in", "Take {n} back in", len(out)).format(n=len(out))
            if st.button(label, icon=":material/undo:", key=f"examples_in_{record.id}"):
                revisions.include(record.id, out)
                st.rerun()


def one(record: DatasetRecord, row: Found) -> None:
    """An example as it stands, its answer to be changed."""
    example = row.example
    name = f"{record.id}_{example.id}"
    for number, turn in enumerate(example.messages[:-1]):
        mine = turn.role == "assistant"
        st.markdown(_("**The model learns to write**") if mine else _("**The model is shown**"))
        key = f"examples_{name}_{number}"
        prose(turn.content, record.language, key=key, framed=mine, height=220)
    key = f"examples_edit_{name}"
    asked = opened(key, (example.completion, example.rejected))
    with st.form(key, border=False):
        learned = st.text_area(_("The model learns to write"), asked.shown[0], height=240)
        rejected = None
        if asked.shown[1] is not None:
            rejected = st.text_area(_("And rather not"), asked.shown[1], height=180)
        if st.form_submit_button(_("Change it"), icon=":material/edit:") and saved(
            asked,
            lambda base: revisions.edit(record.id, example.id, learned, rejected, base),
            lambda: revisions.now(record.id, example.id),
        ):
            st.rerun()


def pending(record: DatasetRecord) -> None:
    """What was changed and is not yet a version; kept, even when the browser closes."""
    waiting = revisions.pending(record.id)
    if not waiting.steps and not waiting.undone:
        return
    count = len(waiting.excluded) + len(waiting.edits)
    said = n_("{n} example is changed or left out.", "{n} examples are changed or left out.", count)
    with st.container(border=True, key=f"examples_pending_{record.id}"):
        st.markdown(said.format(n=count))
        with st.container(horizontal=True):
            if st.button(
                _("Make a version of it"), icon=":material/new_label:", disabled=not count
            ):
                with problems.told():
                    job = revisions.make_version(record.id)
                    st.session_state["datasets_job"] = job.id
                    st.rerun()
            if st.button(_("Undo"), icon=":material/undo:", disabled=not waiting.steps):
                revisions.undo(record.id)
                forget(f"examples_edit_{record.id}")
                st.rerun()
            if st.button(_("Redo"), icon=":material/redo:", disabled=not waiting.undone):
                revisions.redo(record.id)
                forget(f"examples_edit_{record.id}")
                st.rerun()
        st.caption(plain(_("The dataset as it is stays; voices taught with it can always say so.")))
